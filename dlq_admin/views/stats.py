"""`GET dlq/stats`."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import selectors
from ..serializers import LetterStatsSerializer, TrendWindowSerializer, stats_body
from . import examples
from .letters import SEES


class LetterStatsView(APIView):
    """Counts and trend."""

    permission_classes = (SEES,)

    @extend_schema(
        operation_id="dlq_stats",
        summary="How many dead letters stand where, and how many come",
        description="The counts are of all letters; the window is that of the trend.",
        tags=["dead letters"],
        parameters=[TrendWindowSerializer],
        responses={200: LetterStatsSerializer},
        examples=[examples.STATS],
    )
    def get(self, request: Request) -> Response:
        """The figures."""
        window = TrendWindowSerializer(data=dict(request.query_params.items()))
        window.is_valid(raise_exception=True)
        trend = selectors.letter_trend(**window.validated_data)
        return Response(stats_body(selectors.letter_counts(), selectors.contested_waiting(), trend))
