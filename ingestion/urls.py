"""Addresses of the product, below the API's root."""

from django.urls import path

from . import views

urlpatterns = [
    path("ingest/events", views.EventsView.as_view(), name="ingest-send"),
    path("ingest/events/batch", views.EventsBatchView.as_view(), name="ingest-send-batch"),
    path("ingest/receipts/<str:receipt>", views.ReceiptView.as_view(), name="ingest-receipt"),
    path("ingest/events/<path:event_id>", views.EventView.as_view(), name="ingest-event"),
    path("ingest/export", views.ExportView.as_view(), name="ingest-export"),
    path("ingest/stats", views.StatsView.as_view(), name="ingest-stats"),
    path("ingest/ledger", views.LedgerView.as_view(), name="ingest-ledger"),
    path("ingest/ledger/export", views.LedgerExportView.as_view(), name="ingest-ledger-export"),
]
