"""Reading clusters."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from heimdall_project.api.permissions import requires

from .. import selectors
from ..filters import ClusterFilter
from ..models import Cluster
from ..selectors.figures import Grain
from ..serializers import ClusterDetailSerializer, ClusterSerializer, cluster_body
from . import examples

SEES = requires("dlq_admin.view_cluster")


class ClusterListView(ListAPIView[Cluster]):
    """Causes, the latest failure first."""

    queryset = Cluster.objects.none()  # for the OpenAPI document
    permission_classes = (SEES,)
    serializer_class = ClusterSerializer
    filterset_class = ClusterFilter
    orderings = ("-last_seen", "last_seen", "-first_seen", "first_seen")

    def get_queryset(self) -> QuerySet[Cluster]:
        """All of them."""
        return selectors.clusters_listed()

    @extend_schema(
        operation_id="dlq_clusters_list",
        summary="Causes of dead letters, the latest failure first",
        description="Letters of one cause: the same group, topic, error, place and schema.",
        tags=["dead letters"],
        examples=[examples.CLUSTER],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of clusters."""
        return super().get(request, *args, **kwargs)


class ClusterDetailView(APIView):
    """One cause."""

    permission_classes = (SEES,)

    @extend_schema(
        operation_id="dlq_clusters_get",
        summary="One cause, with its trend",
        tags=["dead letters"],
        responses={200: ClusterDetailSerializer},
        examples=[examples.CLUSTER_DETAIL],
    )
    def get(self, request: Request, pk: int) -> Response:
        """It, by the minute and by the hour."""
        cluster, now = selectors.cluster_seen(cluster_id=pk), timezone.now()
        hour, week = now - timedelta(hours=1), now - timedelta(days=7)
        last_hour = selectors.cluster_trend(cluster=cluster, grain=Grain.MINUTE, since=hour, until=now)
        last_week = selectors.cluster_trend(cluster=cluster, grain=Grain.HOUR, since=week, until=now)
        return Response(cluster_body(cluster, last_hour=last_hour, last_week=last_week))
