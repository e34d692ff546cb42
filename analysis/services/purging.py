"""Outcomes of outside requests that nobody can ask for again."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs.services import Step, purge_step, retention

from ..models import OutsideAnalysis


def _old() -> QuerySet[OutsideAnalysis]:
    return OutsideAnalysis.objects.filter(finished_at__lt=Now() - retention()).order_by("finished_at")


def _delete(ids: list[int]) -> int:
    return OutsideAnalysis.objects.filter(pk__in=ids).delete()[0]


purge_step(Step(what="outside_analyses", old=_old, delete=_delete))
