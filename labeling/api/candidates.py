"""Candidates: catalogue data and addresses of images, without any opinion."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from classifier.core.bands import BANDS
from labeling.api.filters import FieldIn, checked_query
from labeling.api.views import ListAPIView, RetrieveAPIView
from labeling.export.rows import in_catalogue_order
from labeling.imaging import cutouts
from labeling.imaging.photometry import electrons_per_unit
from labeling.models import Candidate


class BandOut(serializers.Serializer[Any]):
    """One band: whether it covers the candidate, magnitude, and data of its mosaic."""

    band = serializers.ChoiceField(BANDS)
    filter = serializers.CharField()
    observed = serializers.BooleanField()
    mag = serializers.FloatField(allow_null=True)
    mag_err = serializers.FloatField(allow_null=True)
    star_fwhm_px = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_blank=True)
    zero_point_vega = serializers.FloatField(allow_null=True)
    zero_point_ab = serializers.FloatField(allow_null=True)
    electrons_per_unit = serializers.FloatField(allow_null=True)


class CandidateOut(serializers.ModelSerializer[Candidate]):
    """A candidate's catalogue data and the addresses of its images."""

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

    def get_x_pix(self, candidate: Candidate) -> float | None:
        """Return the FITS pixel position, counted from 1; null if it is unknown."""
        return None if candidate.x is None else candidate.x + 1

    def get_y_pix(self, candidate: Candidate) -> float | None:
        """Return the FITS pixel position, counted from 1; null if it is unknown."""
        return None if candidate.y is None else candidate.y + 1

    def get_stamp_x(self, candidate: Candidate) -> float:
        """Return the position in the 100 px stamp, counted from 0."""
        return candidate.position_in_stamp[0]

    def get_stamp_y(self, candidate: Candidate) -> float:
        """Return the position in the 100 px stamp, counted from 0."""
        return candidate.position_in_stamp[1]

    @extend_schema_field(BandOut(many=True))
    def get_bands(self, candidate: Candidate) -> list[dict[str, Any]]:
        """Return all five bands, in order."""
        images = _image_facts(candidate)
        observed = candidate.observed.split()
        return [
            {
                "band": band,
                "observed": band in observed,
                "mag": mag,
                "mag_err": error,
                **images.get(band, _NO_IMAGE),
            }
            for band, (mag, error) in candidate.magnitudes.items()
        ]

    def get_stamps_url(self, candidate: Candidate) -> str:
        """Return the address of the stamps as a NumPy file."""
        return reverse("api:stamps-npy", args=[candidate.pk])

    def get_rgb_url(self, candidate: Candidate) -> str:
        """Return the address of the 299 px colour image; `stretch` and `q` may be added."""
        return rgb_url(candidate, cutouts.RGB_SIZES[0])

    def get_rgb_centre_url(self, candidate: Candidate) -> str:
        """Return the address of the 50 px colour image; `stretch` and `q` may be added."""
        return rgb_url(candidate, cutouts.RGB_SIZES[1])


_MOSAIC_COLUMNS = ("filter", "star_fwhm_px", "unit", "zero_point_vega", "zero_point_ab")
_NO_IMAGE = {**dict.fromkeys((*_MOSAIC_COLUMNS, "electrons_per_unit")), "filter": "", "unit": ""}


def _image_facts(candidate: Candidate) -> dict[str, dict[str, Any]]:
    """Return filter, unit, width of stars and calibration of each band that has an image."""
    if candidate.cut_elsewhere:
        return {
            band: {**_NO_IMAGE, "filter": about["filter"], "unit": about["unit"]}
            for band, about in candidate.catalogue_import.stamp_bands.items()
        }
    return {
        band: {
            **{name: getattr(mosaic, name) for name in _MOSAIC_COLUMNS},
            "electrons_per_unit": electrons_per_unit(mosaic),
        }
        for band, mosaic in candidate.field.mosaic_by_band.items()
    }


def rgb_url(candidate: Candidate, size: int) -> str:
    """Return the address of a colour image, with its version so that browsers may cache it."""
    version = cutouts.rgb_version(candidate)
    return f"{reverse('api:rgb', args=[candidate.pk])}?size={size}&v={version}"


class CandidateListView(ListAPIView[Candidate]):
    """All candidates that are not set aside, in catalogue order."""

    query_serializer = FieldIn
    serializer_class = CandidateOut

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Return a page of candidates, of all fields or of one."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Candidate]:
        """Return the candidates of the field in the query."""
        candidates = in_catalogue_order(Candidate.objects.in_play())
        return (
            candidates.filter(**checked_query(self.request))
            .select_related("field", "catalogue_import")
            .prefetch_related("field__mosaics")
        )


class CandidateView(RetrieveAPIView[Candidate]):
    """One candidate."""

    serializer_class = CandidateOut
    queryset = Candidate.objects.select_related("field").prefetch_related("field__mosaics")
