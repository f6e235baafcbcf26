"""Images of candidates: stamps for measurements, and colour images."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from drf_spectacular.drainage import set_override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from labeling.api.views import APIView
from labeling.imaging import cutouts
from labeling.imaging.rgb import SOFTENING, SOFTENINGS, STRETCH, STRETCHES
from labeling.models import Candidate

IMMUTABLE = "private, max-age=31536000, immutable"


def _with_stamps(pk: int) -> Candidate:
    """Return a candidate that has stamps; 404 for any other."""
    candidates = Candidate.objects.in_play().select_related("field", "catalogue_import")
    candidates = candidates.prefetch_related("field__mosaics")
    candidate: Candidate = get_object_or_404(candidates, pk=pk)
    return candidate


class StampsNpyView(APIView):
    """The stamps as float32 (5, 100, 100): band, y, x; row 0 at the bottom, NaN for no data.

    Where they are quantised, the header X-Quantisation-Step has the step of each band, in the unit
    of the pixels, whose errors are at most half of it; 0 for a band that is exact.
    """

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, _request: Request, pk: int) -> HttpResponse:
        """Return one NumPy file, which never changes."""
        candidate = _with_stamps(pk)
        data, steps = cutouts.encode_npy(cutouts.stamps_of(candidate)), cutouts.steps_of(candidate)
        headers = {"Cache-Control": IMMUTABLE}
        if steps.any():
            headers["X-Quantisation-Step"] = ", ".join(f"{step:.6g}" for step in steps)
        return HttpResponse(data, content_type="application/octet-stream", headers=headers)


class StampsFitsView(APIView):
    """The stamps as a FITS file, one HDU per filter, with WCS."""

    @extend_schema(responses={(200, "application/fits"): OpenApiTypes.BINARY})
    def get(self, _request: Request, pk: int) -> HttpResponse:
        """Return one multi-extension FITS file."""
        candidate = _with_stamps(pk)
        name = f"{candidate.field.name}_{candidate.pk}.fits"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        data = cutouts.encode_fits(candidate)
        return HttpResponse(data, content_type="application/fits", headers=headers)


class AllowedNumberField(serializers.FloatField):
    """A number from a short list of allowed values."""

    def __init__(self, values: Sequence[float], **options: Any) -> None:
        self.values = values
        super().__init__(help_text=f"One of {self._allowed}.", **options)
        set_override(self, "field", {"type": "number", "enum": list(values)})

    @property
    def _allowed(self) -> str:
        return ", ".join(f"{value:g}" for value in self.values)

    def to_internal_value(self, data: Any) -> float:
        """Return the number if it is allowed."""
        value = super().to_internal_value(data)
        if value not in self.values:
            raise serializers.ValidationError(f"must be one of {self._allowed}, not {value:g}.")
        return value


class RgbIn(serializers.Serializer[Any]):
    """Size, scaling and version of a colour image."""

    size = serializers.ChoiceField(cutouts.RGB_SIZES, default=cutouts.RGB_SIZES[0])
    stretch = AllowedNumberField(STRETCHES, default=STRETCH)
    q = AllowedNumberField(SOFTENINGS, default=SOFTENING)
    v = serializers.CharField(required=False, max_length=64)


class RgbView(APIView):
    """The colour image: R = I, G = B + V, B = NUV + U; 299 px context or 50 px centre.

    `stretch` (in sigma of the sky) and `q` are those of Lupton et al. (2004). With the version `v`
    from the candidate's `rgb_url` browsers may cache the image for ever; without it they must
    revalidate it each time.
    """

    query_serializer = RgbIn

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Return one PNG file."""
        body = RgbIn(data=request.query_params)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        candidate = _with_stamps(pk)
        version = cutouts.rgb_version(candidate)
        scale = (values["size"], values["stretch"], values["q"])
        is_current = values.get("v") == version
        etag = '"{}-{}-{:g}-{:g}"'.format(version, *scale)
        response = get_conditional_response(request, etag) or HttpResponse(
            cutouts.rgb_png(candidate, *scale), content_type="image/png"
        )
        response["ETag"] = etag
        response["Cache-Control"] = IMMUTABLE if is_current else "private, no-cache"
        return response
