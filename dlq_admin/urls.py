"""Addresses of the product, below the API's root."""

from django.urls import path

from . import views

urlpatterns = [
    path("dlq", views.LetterListView.as_view(), name="dlq"),
    path("dlq/clusters", views.ClusterListView.as_view(), name="dlq-clusters"),
    path("dlq/clusters/<int:pk>", views.ClusterDetailView.as_view(), name="dlq-cluster"),
    path("dlq/stats", views.LetterStatsView.as_view(), name="dlq-stats"),
    path("dlq/<int:pk>", views.LetterDetailView.as_view(), name="dlq-letter"),
    path("dlq/<int:pk>/payload", views.LetterPayloadView.as_view(), name="dlq-payload"),
    path("dlq/<int:pk>/history", views.LetterHistoryView.as_view(), name="dlq-history"),
]
