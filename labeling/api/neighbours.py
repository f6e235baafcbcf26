"""GET candidates/{id}/neighbours/: the other sources of the catalogue around a candidate."""

from typing import Any

from django.db.models import F
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.views import APIView
from labeling.imaging.cutouts import RGB_SIZES
from labeling.models import Candidate

ONE_HOUR = "private, max-age=3600"


class WindowIn(serializers.Serializer[Any]):
    """Side of the window in px, at most that of the colour image."""

    size = serializers.IntegerField(min_value=1, max_value=RGB_SIZES[0], default=RGB_SIZES[0])


class NeighbourOut(serializers.Serializer[Any]):
    """Another source, and its offset from the candidate in px."""

    candidate = serializers.IntegerField(source="pk")
    catalogue_id = serializers.CharField()
    dx_px = serializers.FloatField()
    dy_px = serializers.FloatField()


class NeighboursView(APIView):
    """The other sources in a window around a candidate, set aside or not."""

    query_serializer = WindowIn

    @extend_schema(responses=NeighbourOut(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """Return all of them, in the order of the import."""
        query = WindowIn(data=request.query_params)
        query.is_valid(raise_exception=True)
        candidate = get_object_or_404(Candidate, pk=pk)
        offsets = {"dx_px": F("x") - candidate.x, "dy_px": F("y") - candidate.y}
        near = candidate.neighbours(query.validated_data["size"]).order_by("pk")
        rows = near.values("pk", "catalogue_id", **offsets)
        return Response(NeighbourOut(rows, many=True).data, headers={"Cache-Control": ONE_HOUR})
