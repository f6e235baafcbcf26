"""Agreement of pairs of raters, and of the experts as a group."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.core.csv_files import csv_lines
from labeling.agreement.groups import group_agreements
from labeling.agreement.raters import pairs_visible_to, read_raters
from labeling.api.permissions import IsCurator
from labeling.api.views import APIView
from labeling.auth.requests import AuthenticatedRequest
from labeling.export.agreement import COLUMNS, GROUP_COLUMNS, agreement_rows, group_rows
from labeling.export.rows import Row
from labeling.files.json_values import nonfinite_to_none
from labeling.models import Field


class AgreementIn(serializers.Serializer[Any]):
    """One field; default: all fields."""

    field = serializers.CharField(required=False, help_text="name of a field")


def _share_field(**options: Any) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, **options)


def _interval_field(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=_share_field(), min_length=2, max_length=2, **options)


class UndefinedOut(serializers.Serializer[Any]):
    """Number of resamples in which a figure is undefined."""

    kappa = serializers.IntegerField()
    kappa_compact = serializers.IntegerField()
    per_class = serializers.ListField(child=serializers.IntegerField())
    per_compact = serializers.ListField(child=serializers.IntegerField())


class BootstrapOut(serializers.Serializer[Any]):
    """95 % intervals: Wilson's of shares; of kappa by 1000 resamples of the objects.

    Null if kappa is undefined in more than 2.5 % of the resamples, or for a class without objects.
    """

    share = _interval_field()
    share_compact = _interval_field()
    kappa = _interval_field()
    kappa_compact = _interval_field()
    per_class = serializers.ListField(child=_interval_field())
    per_compact = serializers.ListField(child=_interval_field())
    undefined = UndefinedOut()


class AgreementOut(serializers.Serializer[Any]):
    """Agreement of two raters; null if it is undefined.

    Rows of the matrix, and `per_class`, are the first rater's classes 1 to 4; `per_compact` has
    1+2 and 3+4; `interval` is Wilson's of `share`.
    """

    first = serializers.CharField()
    first_kind = serializers.CharField()
    second = serializers.CharField()
    second_kind = serializers.CharField()
    n = serializers.IntegerField(source="agreement.n")
    confusion = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), source="agreement.confusion"
    )
    share = _share_field(source="agreement.share")
    interval = _interval_field(source="agreement.interval")
    share_compact = _share_field(source="agreement.share_compact")
    kappa = _share_field(source="agreement.kappa")
    kappa_compact = _share_field(source="agreement.kappa_compact")
    per_class = serializers.ListField(child=_share_field(), source="agreement.per_class")
    per_compact = serializers.ListField(child=_share_field(), source="agreement.per_compact")
    bootstrap = BootstrapOut(source="agreement.bootstrap")


class CoefficientOut(serializers.Serializer[Any]):
    """A coefficient of the group, its 95 % bootstrap interval, and the number of candidates."""

    value = _share_field()
    interval = _interval_field()
    n = serializers.IntegerField()
    undefined = serializers.IntegerField(help_text="resamples in which it is undefined")


class GroupOut(serializers.Serializer[Any]):
    """Agreement of the group; Fleiss' kappa uses the candidates with `votes_each` votes."""

    raters = serializers.IntegerField()
    votes_each = serializers.IntegerField()
    fleiss = CoefficientOut()
    alpha = CoefficientOut()


class GroupsOut(serializers.Serializer[Any]):
    """For the four classes, and for two: compact cluster (1 or 2) or not."""

    classes = GroupOut()
    compact = GroupOut()


def field_of(request: Request) -> Field | None:
    """Return the field in the query, or None for all fields."""
    name = request.query_params.get("field")
    try:
        return generics.get_object_or_404(Field, name=name) if name else None
    except Http404:
        raise NotFound(f"There is no field called {name!r}.") from None


def csv_file(name: str, columns: Iterable[str], rows: Iterable[Row]) -> HttpResponse:
    """Return a table as a CSV attachment."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    lines = csv_lines(columns, rows)
    return HttpResponse("".join(lines), content_type="text/csv; charset=utf-8", headers=headers)


class AgreementView(APIView):
    """Pairs of raters: experts, the consensus of the others, catalogues, the network, repeats."""

    query_serializer = AgreementIn

    @extend_schema(responses=AgreementOut(many=True))
    def get(self, request: AuthenticatedRequest) -> Response:
        """Return the pairs that the caller may see: curators all, experts their own."""
        pairs = pairs_visible_to(request.user, field_of(request))
        return Response(nonfinite_to_none(AgreementOut(list(pairs), many=True).data))


class AgreementFileView(APIView):
    """The same pairs as a CSV file."""

    query_serializer = AgreementIn

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        """Return one CSV file with a row for each pair that the caller may see."""
        pairs = pairs_visible_to(request.user, field_of(request))
        return csv_file("agreement", COLUMNS, agreement_rows(pairs))


class AgreementGroupView(APIView):
    """The experts as a group, for curators: Fleiss' kappa and Krippendorff's alpha."""

    query_serializer = AgreementIn
    permission_classes = [IsCurator]

    @extend_schema(responses=GroupsOut)
    def get(self, request: Request) -> Response:
        """Return both coefficients, for four classes and for two."""
        groups = group_agreements(read_raters(field_of(request)).experts.values())
        return Response(nonfinite_to_none(GroupsOut(groups).data))


class AgreementGroupFileView(APIView):
    """The same coefficients as a CSV file, for curators."""

    query_serializer = AgreementIn
    permission_classes = [IsCurator]

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        """Return one CSV file with a row for four classes and a row for two."""
        groups = group_agreements(read_raters(field_of(request)).experts.values())
        return csv_file("agreement-group", GROUP_COLUMNS, group_rows(groups))
