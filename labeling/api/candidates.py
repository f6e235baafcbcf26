"""Candidates: what is catalogued of them, and what they look like; no opinion before the vote."""

from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from labeling import pictures
from labeling.api.filters import FieldIn, asked_for
from labeling.bands import BANDS
from labeling.export.rows import in_catalogue_order
from labeling.models import Candidate

FOR_EVER = "private, max-age=31536000, immutable"


class BandOut(serializers.Serializer[Any]):
    """One band: whether it covers the candidate, and its magnitude."""

    band = serializers.ChoiceField(BANDS)
    filter = serializers.CharField()
    observed = serializers.BooleanField()
    mag = serializers.FloatField(allow_null=True)
    mag_err = serializers.FloatField(allow_null=True)


class CandidateOut(serializers.ModelSerializer[Candidate]):
    """What the catalogue says of a candidate, and where its images are."""

    candidate = serializers.IntegerField(source="pk")
    field = serializers.CharField(source="field.name")
    galaxy = serializers.CharField(source="field.galaxy")
    simulated = serializers.BooleanField(source="field.simulated")
    pixel_scale_arcsec = serializers.FloatField(source="field.pixel_scale_arcsec")
    distance_mpc = serializers.FloatField(source="field.distance_mpc", allow_null=True)
    north_deg = serializers.FloatField(source="field.north_deg", allow_null=True)
    east_left = serializers.BooleanField(source="field.east_left")
    ra_deg = serializers.FloatField(source="ra", allow_null=True)
    dec_deg = serializers.FloatField(source="dec", allow_null=True)
    x_pix = serializers.SerializerMethodField()
    y_pix = serializers.SerializerMethodField()
    stamp_x = serializers.SerializerMethodField()
    stamp_y = serializers.SerializerMethodField()
    edge = serializers.BooleanField(source="at_edge")
    bands = serializers.SerializerMethodField()
    stamps_url = serializers.SerializerMethodField()
    rgb_url = serializers.SerializerMethodField()
    rgb_centre_url = serializers.SerializerMethodField()

    class Meta:
        model = Candidate
        fields: tuple[str, ...] = (
            "candidate",
            "catalogue_id",
            "field",
            "galaxy",
            "simulated",
            "stamps_url",
            "rgb_url",
            "rgb_centre_url",
            "bands",
            "ra_deg",
            "dec_deg",
            "x_pix",
            "y_pix",
            "stamp_x",
            "stamp_y",
            "pixel_scale_arcsec",
            "distance_mpc",
            "north_deg",
            "east_left",
            "ci",
            "edge",
        )

    def get_x_pix(self, candidate: Candidate) -> float:
        """FITS pixel: the first is 1."""
        return candidate.x + 1

    def get_y_pix(self, candidate: Candidate) -> float:
        """FITS pixel: the first is 1."""
        return candidate.y + 1

    def get_stamp_x(self, candidate: Candidate) -> float:
        """Position in the 100 px stamp, from 0."""
        return pictures.place_in_stamp(candidate)[0]

    def get_stamp_y(self, candidate: Candidate) -> float:
        """Position in the 100 px stamp, from 0."""
        return pictures.place_in_stamp(candidate)[1]

    @extend_schema_field(BandOut(many=True))
    def get_bands(self, candidate: Candidate) -> list[dict[str, Any]]:
        """All five bands, in order."""
        filters = {mosaic.band: mosaic.filter for mosaic in candidate.field.mosaics.all()}
        seen = candidate.observed.split()
        return [
            {
                "band": band,
                "filter": filters.get(band, ""),
                "observed": band in seen,
                "mag": mag,
                "mag_err": error,
            }
            for band, (mag, error) in candidate.magnitudes.items()
        ]

    def get_stamps_url(self, candidate: Candidate) -> str:
        """Address of the stamps as a NumPy file."""
        return reverse("api:stamps-npy", args=[candidate.pk])

    def get_rgb_url(self, candidate: Candidate) -> str:
        """Address of the colour image of the surroundings."""
        return reverse("api:rgb", args=[candidate.pk]) + "?size=299"

    def get_rgb_centre_url(self, candidate: Candidate) -> str:
        """Address of the colour image of the candidate itself."""
        return reverse("api:rgb", args=[candidate.pk]) + "?size=50"


class CandidateListView(generics.ListAPIView[Candidate]):
    """All candidates that are put to the vote, in catalogue order."""

    serializer_class = CandidateOut

    @extend_schema(parameters=[FieldIn])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """List them, all or those of one field."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Candidate]:
        """Those of the field asked for."""
        candidates = in_catalogue_order(Candidate.objects.in_play())
        return (
            candidates.filter(**asked_for(self.request))
            .select_related("field")
            .prefetch_related("field__mosaics")
        )


class CandidateView(generics.RetrieveAPIView[Candidate]):
    """One candidate."""

    serializer_class = CandidateOut
    queryset = Candidate.objects.select_related("field")


def _with_stamps(pk: int) -> Candidate:
    """A candidate that has stamps."""
    known = Candidate.objects.in_play().select_related("field", "catalogue_import")
    candidate: Candidate = get_object_or_404(known, pk=pk)
    return candidate


class StampsNpyView(APIView):
    """The stamps as float32 (5, 100, 100): band, y, x; row 0 at the bottom, NaN for no data."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, _request: Request, pk: int) -> HttpResponse:
        """One NumPy file, which never changes."""
        data = pictures.npy(pictures.stamps_of(_with_stamps(pk)))
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
        data = pictures.mef(candidate)
        return HttpResponse(data, content_type="application/fits", headers=headers)


class RgbIn(serializers.Serializer[Any]):
    """Which of the two colour images."""

    size = serializers.ChoiceField(pictures.RGB_SIZES, default=pictures.RGB_SIZES[0])


class RgbView(APIView):
    """The colour image: R = I, G = B + V, B = NUV + U; 299 px context or 50 px centre."""

    @extend_schema(parameters=[RgbIn], responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> FileResponse:
        """One PNG file."""
        asked = RgbIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        path = pictures.rgb_png(_with_stamps(pk), asked.validated_data["size"])
        headers = {"Cache-Control": "private, max-age=86400"}
        return FileResponse(path.open("rb"), content_type="image/png", headers=headers)
