"""Migrations are complete; rows that several processes change have their invariants in the database."""

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from heimdall_project.accounts.models import AuditEvent


def test_no_model_differs_from_its_migrations() -> None:
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    changes = detector.changes(graph=loader.graph)
    told = {app: [op.describe() for m in found for op in m.operations] for app, found in changes.items()}
    assert told == {}


def test_the_audit_trail_offers_no_right_to_change_it() -> None:
    assert AuditEvent._meta.default_permissions == ("view",)
