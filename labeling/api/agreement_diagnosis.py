"""Dawid and Skene's model of the votes, as tables for curators; nothing here is a label."""

from http import HTTPStatus

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from labeling.agreement.dawid_skene import Diagnosis, DiagnosisUnavailable
from labeling.agreement.raters import Raters, read_raters
from labeling.api.agreement import FIELD, csv_file, field_of
from labeling.api.permissions import IsCurator
from labeling.export.agreement_diagnosis import (
    MATRIX_COLUMNS,
    POSTERIOR_COLUMNS,
    matrix_rows,
    posterior_rows,
)


class Unequipped(exceptions.APIException):
    """The server lacks a package that this needs."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "unequipped"


def _diagnosed(request: Request) -> tuple[Raters, Diagnosis | None]:
    """The labels that the address asks for, and the model fitted to the votes among them."""
    ratings = read_raters(field_of(request))
    try:
        return ratings, ratings.diagnosis()
    except DiagnosisUnavailable as reason:
        raise Unequipped(str(reason)) from None


class PosteriorsFileView(APIView):
    """What the model makes of each candidate, beside the consensus."""

    permission_classes = [IsCurator]

    @extend_schema(parameters=[FIELD], responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        """One CSV file, a row for each candidate with class votes; empty without two experts."""
        ratings, found = _diagnosed(request)
        rows = posterior_rows(found, ratings.consensus)
        return csv_file("diagnosis-posteriors", POSTERIOR_COLUMNS, rows)


class MatricesFileView(APIView):
    """How each expert errs, as the model sees it."""

    permission_classes = [IsCurator]

    @extend_schema(parameters=[FIELD], responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        """One CSV file, four rows for each expert; empty without two experts."""
        _, found = _diagnosed(request)
        return csv_file("diagnosis-matrices", MATRIX_COLUMNS, matrix_rows(found))
