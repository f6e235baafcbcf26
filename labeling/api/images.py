"""What candidates look like: stamps to measure on, and colour images."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from labeling.imaging import cutouts
from labeling.imaging.rgb import SOFTENING, SOFTENINGS, STRETCH, STRETCHES
from labeling.models import Candidate

FOR_EVER = "private, max-age=31536000, immutable"


def _with_stamps(pk: int) -> Candidate:
    """A candidate that has stamps."""
    known = Candidate.objects.in_play().select_related("field", "catalogue_import")
    known = known.prefetch_related("field__mosaics")
    candidate: Candidate = get_object_or_404(known, pk=pk)
    return candidate


class StampsNpyView(APIView):
    """The stamps as float32 (5, 100, 100): band, y, x; row 0 at the bottom, NaN for no data."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, _request: Request, pk: int) -> HttpResponse:
        """One NumPy file, which never changes."""
        data = cutouts.encode_npy(cutouts.stamps_of(_with_stamps(pk)))
        headers = {"Cache-Control": FOR_EVER}
        return HttpResponse(data, content_type="application/octet-stream", headers=headers)


class StampsFitsView(APIView):
    """The stamps as a FITS file, one HDU per filter, with WCS."""

    @extend_schema(responses={(200, "application/fits"): OpenApiTypes.BINARY})
    def get(self, _request: Request, pk: int) -> HttpResponse:
        """One multi-extension FITS file."""
        candidate = _with_stamps(pk)
        name = f"{candidate.field.name}_{candidate.pk}.fits"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        data = cutouts.encode_fits(candidate)
        return HttpResponse(data, content_type="application/fits", headers=headers)


@extend_schema_field(OpenApiTypes.NUMBER)
class StepField(serializers.FloatField):
    """A number that is one of a few steps."""

    def __init__(self, steps: Sequence[float], **options: Any) -> None:
        self.steps = steps
        super().__init__(help_text=f"One of {self._said}.", **options)

    @property
    def _said(self) -> str:
        return ", ".join(f"{step:g}" for step in self.steps)

    def to_internal_value(self, data: Any) -> float:
        """The step."""
        value = super().to_internal_value(data)
        if value not in self.steps:
            raise serializers.ValidationError(f"must be one of {self._said}, not {value:g}.")
        return value


class RgbIn(serializers.Serializer[Any]):
    """Which colour image, how its light is scaled, and which version the caller knows of."""

    size = serializers.ChoiceField(cutouts.RGB_SIZES, default=cutouts.RGB_SIZES[0])
    stretch = StepField(STRETCHES, default=STRETCH)
    q = StepField(SOFTENINGS, default=SOFTENING)
    v = serializers.CharField(required=False, max_length=64)


class RgbView(APIView):
    """The colour image: R = I, G = B + V, B = NUV + U; 299 px context or 50 px centre.

    `stretch` (in sigma of the sky) and `q` are Lupton's. With the version `v` of a candidate's
    own address browsers may keep the image; without it they ask each time whether it has changed.
    """

    @extend_schema(parameters=[RgbIn], responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """One PNG file."""
        body = RgbIn(data=request.query_params)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        candidate = _with_stamps(pk)
        version = cutouts.rgb_version(candidate)
        scale = (asked["size"], asked["stretch"], asked["q"])
        known = asked.get("v") == version
        etag = '"{}-{}-{:g}-{:g}"'.format(version, *scale)
        answer = get_conditional_response(request, etag) or HttpResponse(
            cutouts.rgb_png(candidate, *scale), content_type="image/png"
        )
        answer["ETag"] = etag
        answer["Cache-Control"] = FOR_EVER if known else "private, no-cache"
        return answer
