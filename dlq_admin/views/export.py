"""Lists of dead letters and reports of batches, as files."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from heimdall_project.api import export
from heimdall_project.api.permissions import requires
from heimdall_project.api.problems import CONTENT_TYPE, PROBLEM_REFERENCE

from .. import selectors
from ..filters import LetterFilter
from ..models import BatchItem, DeadLetter
from ..selectors import LETTER_COLUMNS, REPORT_COLUMNS
from ..services import BATCH_MOST, batch_seen
from . import examples
from .batches import SEES as SEES_BATCHES
from .letters import SEES

MOST = 100_000


def _documented[View: Callable[..., Any]](
    operation_id: str, summary: str, description: str, samples: list[Any]
) -> Callable[[View], View]:
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=(
            f"{description} CSV by default (UTF-8, cells that a spreadsheet would take for a formula begin "
            f"with an apostrophe), or `format=json`: an object a line. `{export.ROWS_HEADER}` tells how many "
            "rows the whole file has."
        ),
        tags=["dead letters"],
        parameters=[
            OpenApiParameter("format", OpenApiTypes.STR, enum=["csv", "json"], description="csv by default.")
        ],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "The file."),
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, "The file."),
            (422, CONTENT_TYPE): OpenApiResponse(PROBLEM_REFERENCE, "More rows fit than a file may have."),
        },
        examples=samples,
    )


class LetterExportView(GenericAPIView[DeadLetter]):
    """The list of dead letters as a file."""

    queryset = DeadLetter.objects.none()  # for the OpenAPI document
    permission_classes = (SEES,)
    filterset_class = LetterFilter
    pagination_class = None
    renderer_classes = export.FORMATS
    content_negotiation_class = export.ByParameter

    def get_queryset(self) -> QuerySet[DeadLetter]:
        """All of them."""
        return selectors.letters_listed()

    @_documented(
        "dlq_export",
        "Dead letters as a file",
        f"The same filters and rows as the list, the latest failure first, without bytes. {MOST:,} at most.",
        examples.LETTERS_FILE,
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """The file."""
        letters = self.filter_queryset(self.get_queryset()).order_by("-failed_at", "-id")
        rows = letters.select_related(None).defer(None).values_list(*LETTER_COLUMNS.values())
        kind = request.accepted_renderer.format or ""
        return export.export(rows, columns=list(LETTER_COLUMNS), name="dead-letters", kind=kind, most=MOST)


class BatchReportView(GenericAPIView[BatchItem]):
    """What became of each letter of a batch, as a file."""

    queryset = BatchItem.objects.none()  # for the OpenAPI document
    permission_classes = (requires(SEES_BATCHES),)
    filterset_class = None
    pagination_class = None
    renderer_classes = export.FORMATS
    content_negotiation_class = export.ByParameter

    @_documented(
        "dlq_batches_report",
        "The report of a batch as a file",
        "An outcome for each letter, in the order of the set; of letters that the cleanup took, the number.",
        examples.REPORT_FILE,
    )
    def get(self, request: Request, pk: int) -> StreamingHttpResponse:
        """The file."""
        batch = batch_seen(batch_id=pk)
        self.filter_queryset(self.get_queryset())  # refuses parameters that nobody reads
        rows = selectors.report_of(batch)
        kind = request.accepted_renderer.format or ""
        return export.export(
            rows, columns=list(REPORT_COLUMNS), name=f"batch-{batch.pk}", kind=kind, most=BATCH_MOST
        )
