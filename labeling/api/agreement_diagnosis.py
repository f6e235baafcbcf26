"""Dawid and Skene's model of the votes, as CSV files for curators; nothing here is a label."""

from http import HTTPStatus

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request

from labeling.agreement.dawid_skene import Diagnosis, DiagnosisUnavailable
from labeling.agreement.raters import Raters, read_raters
from labeling.api.agreement import AgreementIn, csv_file, field_of
from labeling.api.permissions import IsCurator
from labeling.api.views import APIView
from labeling.export.agreement_diagnosis import (
    MATRIX_COLUMNS,
    POSTERIOR_COLUMNS,
    matrix_rows,
    posterior_rows,
)


class MissingPackage(exceptions.APIException):
    """The server lacks an optional package that the request needs."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "missing_package"


def _diagnose(request: Request) -> tuple[Raters, Diagnosis | None]:
    """Return the labels of the field in the query, and the model fitted to its votes."""
    raters = read_raters(field_of(request))
    try:
        return raters, raters.diagnosis()
    except DiagnosisUnavailable as reason:
        raise MissingPackage(str(reason)) from None


class PosteriorsFileView(APIView):
    """The model's class probabilities of each candidate, beside the consensus."""

    query_serializer = AgreementIn
    permission_classes = [IsCurator]

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        """Return one CSV file, a row per candidate with class votes; empty without two experts."""
        raters, diagnosis = _diagnose(request)
        rows = posterior_rows(diagnosis, raters.consensus)
        return csv_file("diagnosis-posteriors", POSTERIOR_COLUMNS, rows)


class MatricesFileView(APIView):
    """The confusion matrix of each expert by the model."""

    query_serializer = AgreementIn
    permission_classes = [IsCurator]

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        """Return one CSV file with four rows per expert; empty without two experts."""
        _, diagnosis = _diagnose(request)
        return csv_file("diagnosis-matrices", MATRIX_COLUMNS, matrix_rows(diagnosis))
