"""Addresses of the product, below the API's root."""

from django.urls import path

from . import views

urlpatterns = [
    path("dlq", views.LetterListView.as_view(), name="dlq"),
    path("dlq/approve", views.LettersApproveView.as_view(), name="dlq-approve-many"),
    path("dlq/reprocess", views.LettersReprocessView.as_view(), name="dlq-reprocess-many"),
    path("dlq/dry-run", views.LettersDryRunView.as_view(), name="dlq-dry-run"),
    path("dlq/preview", views.LettersPreviewView.as_view(), name="dlq-preview"),
    path("dlq/transforms", views.TransformListView.as_view(), name="dlq-transforms"),
    path("dlq/cleanup", views.LettersCleanUpView.as_view(), name="dlq-cleanup"),
    path("dlq/export", views.LetterExportView.as_view(), name="dlq-export"),
    path("dlq/batches", views.BatchListView.as_view(), name="dlq-batches"),
    path("dlq/batches/<int:pk>", views.BatchDetailView.as_view(), name="dlq-batch"),
    path("dlq/batches/<int:pk>/items", views.BatchItemsView.as_view(), name="dlq-batch-items"),
    path("dlq/batches/<int:pk>/dry-run", views.BatchDryRunView.as_view(), name="dlq-batch-dry-run"),
    path("dlq/batches/<int:pk>/preview", views.BatchPreviewView.as_view(), name="dlq-batch-preview"),
    path("dlq/batches/<int:pk>/report", views.BatchReportView.as_view(), name="dlq-batch-report"),
    path("dlq/batches/<int:pk>/approve", views.BatchApproveView.as_view(), name="dlq-batch-approve"),
    path("dlq/batches/<int:pk>/reject", views.BatchRejectView.as_view(), name="dlq-batch-reject"),
    path("dlq/batches/<int:pk>/pause", views.BatchPauseView.as_view(), name="dlq-batch-pause"),
    path("dlq/batches/<int:pk>/resume", views.BatchResumeView.as_view(), name="dlq-batch-resume"),
    path("dlq/batches/<int:pk>/cancel", views.BatchCancelView.as_view(), name="dlq-batch-cancel"),
    path("dlq/batches/<int:pk>/give-up", views.BatchGiveUpView.as_view(), name="dlq-batch-give-up"),
    path("dlq/clusters", views.ClusterListView.as_view(), name="dlq-clusters"),
    path("dlq/clusters/<int:pk>", views.ClusterDetailView.as_view(), name="dlq-cluster"),
    path("dlq/stats", views.LetterStatsView.as_view(), name="dlq-stats"),
    path("dlq/<int:pk>", views.LetterDetailView.as_view(), name="dlq-letter"),
    path("dlq/<int:pk>/payload", views.LetterPayloadView.as_view(), name="dlq-payload"),
    path("dlq/<int:pk>/history", views.LetterHistoryView.as_view(), name="dlq-history"),
    path("dlq/<int:pk>/approve", views.LetterApproveView.as_view(), name="dlq-approve"),
    path("dlq/<int:pk>/discard", views.LetterDiscardView.as_view(), name="dlq-discard"),
    path("dlq/<int:pk>/edit", views.LetterEditView.as_view(), name="dlq-edit"),
    path("dlq/<int:pk>/reprocess", views.LetterReprocessView.as_view(), name="dlq-reprocess"),
]
