"""Addresses of the product, below the API's root."""

from django.urls import path

from . import views

urlpatterns = [
    path("ingest/ledger", views.LedgerView.as_view(), name="ingest-ledger"),
    path("ingest/ledger/export", views.LedgerExportView.as_view(), name="ingest-ledger-export"),
]
