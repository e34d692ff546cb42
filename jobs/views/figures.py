"""`GET jobs/stats`."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import selectors
from ..serializers import StatsSerializer, WindowSerializer, stats_body
from . import examples
from .caller import caller


class JobStatsView(APIView):
    """Counts and throughput."""

    @extend_schema(
        operation_id="jobs_stats",
        summary="How many jobs stand where, and how fast they end",
        description=(
            "Over the jobs that you may see and that were accepted in the window; `open` counts those that "
            "have not ended, of any age. `throughput` has a point a step, silent ones too."
        ),
        tags=["jobs"],
        parameters=[WindowSerializer],
        responses={200: StatsSerializer},
        examples=[examples.STATS],
    )
    def get(self, request: Request) -> Response:
        """The figures."""
        window = WindowSerializer(data=dict(request.query_params.items()))
        window.is_valid(raise_exception=True)
        since, until, step = (window.validated_data[name] for name in ("since", "until", "step"))
        user = caller(request)
        counts = selectors.job_counts(user=user, since=since, until=until)
        points = selectors.job_throughput(user=user, since=since, until=until, step=step)
        return Response(stats_body(counts, points, step))
