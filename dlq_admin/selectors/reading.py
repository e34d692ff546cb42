"""Lists and single rows."""

from django.db.models import QuerySet

from heimdall_project.errors import NotFound

from ..models import Cluster, DeadLetter, LetterLine


def letters_listed() -> QuerySet[DeadLetter]:
    """All dead letters with their causes, without what only a single one shows."""
    return DeadLetter.objects.select_related("cluster").defer("digest", "flaws")


def letters_in_detail() -> QuerySet[DeadLetter]:
    """The same with all there is to know."""
    return DeadLetter.objects.select_related("cluster")


def letter_seen(*, letter_id: int) -> DeadLetter:
    """One dead letter with its cause. Raises NotFound."""
    if (letter := letters_in_detail().filter(pk=letter_id).first()) is None:
        raise NotFound("There is no such dead letter.")
    return letter


def history_of(letter: DeadLetter) -> QuerySet[LetterLine]:
    """The lines of its history, in order."""
    return LetterLine.objects.filter(letter=letter).order_by("id")


def clusters_listed() -> QuerySet[Cluster]:
    """All clusters."""
    return Cluster.objects.all()


def cluster_seen(*, cluster_id: int) -> Cluster:
    """One cluster. Raises NotFound."""
    if (cluster := Cluster.objects.filter(pk=cluster_id).first()) is None:
        raise NotFound("There is no such cluster.")
    return cluster
