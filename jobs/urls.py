"""Addresses of the product, below the API's root."""

from django.urls import path

from . import views

urlpatterns = [
    path("analysis/request", views.RequestView.as_view(), name="analysis-request"),
    path("analysis/result/<int:analysis_id>", views.ResultView.as_view(), name="analysis-result"),
    path("jobs", views.JobListView.as_view(), name="jobs"),
    path("jobs/export", views.JobExportView.as_view(), name="jobs-export"),
    path("jobs/redrive", views.JobsRedriveView.as_view(), name="jobs-redrive"),
    path("jobs/stats", views.JobStatsView.as_view(), name="jobs-stats"),
    path("jobs/<int:pk>", views.JobDetailView.as_view(), name="job"),
    path("jobs/<int:pk>/timeline", views.JobTimelineView.as_view(), name="job-timeline"),
    path("jobs/<int:pk>/cancel", views.JobCancelView.as_view(), name="job-cancel"),
    path("jobs/<int:pk>/redrive", views.JobRedriveView.as_view(), name="job-redrive"),
    path("logs", views.LogEntryListView.as_view(), name="logs"),
    path("logs/export", views.LogEntryExportView.as_view(), name="logs-export"),
    path("logs/<int:pk>", views.LogEntryDetailView.as_view(), name="log"),
]
