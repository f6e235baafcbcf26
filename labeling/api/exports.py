"""Exports of the consensus and of the votes, and releases."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.core.csv_files import csv_lines
from labeling.api.filters import FieldIn, checked_query
from labeling.api.idempotency import PARAMETER, make_once
from labeling.api.permissions import IsCurator
from labeling.api.strict import StrictSerializer
from labeling.api.views import APIView, ListAPIView
from labeling.auth.requests import AuthenticatedRequest
from labeling.export import votes
from labeling.export.files import WRITERS
from labeling.export.kept import UnknownColumn, kept_names
from labeling.export.releases import publish_release
from labeling.export.rows import catalogue_rows
from labeling.models import Candidate, IdempotencyKey, Release


def _download(data: bytes, media_type: str, name: str) -> HttpResponse:
    """Return a file as an attachment."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(data, content_type=media_type, headers=headers)


class ConsensusExportIn(FieldIn):
    """A field, and the columns of the surveys' catalogues that are added at the end."""

    keep_columns = serializers.CharField(
        required=False, help_text="Names separated by commas, or `all`; default: none."
    )


class ConsensusExportView(APIView):
    """The consensus catalogue of all fields, or of one, in one of four formats.

    For curators and administrators: it has the opinions on every candidate.
    """

    query_serializer = ConsensusExportIn
    permission_classes = [IsCurator]

    @extend_schema(
        parameters=[OpenApiParameter("ending", str, OpenApiParameter.PATH, enum=list(WRITERS))],
        responses={
            (200, media_type.split(";")[0]): OpenApiTypes.BINARY
            for media_type, _write in WRITERS.values()
        },
    )
    def get(self, request: Request, ending: str) -> HttpResponse:
        """Return one consistent snapshot; the same database gives the same bytes."""
        query = checked_query(request, ConsensusExportIn)
        text = query.pop("keep_columns", "")
        candidates = Candidate.objects.filter(**query)
        try:
            kept = kept_names(candidates, text)
        except UnknownColumn as error:
            raise serializers.ValidationError({"keep_columns": [str(error)]}) from None
        media_type, write = WRITERS[ending]
        written = write(catalogue_rows(candidates, kept), kept)
        data = written if isinstance(written, bytes) else "".join(written).encode()
        return _download(data, media_type, f"consensus.{ending}")


class VotesExportView(APIView):
    """Every vote that was ever cast, retracted ones included; for curators and administrators."""

    permission_classes = [IsCurator]

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, _request: Request) -> HttpResponse:
        """Return one CSV file."""
        lines = csv_lines(votes.COLUMNS, votes.vote_rows())
        return _download("".join(lines).encode(), "text/csv; charset=utf-8", "votes.csv")


class ReleaseOut(serializers.ModelSerializer[Release]):
    """A release and its checksum."""

    made_by = serializers.CharField(source="made_by.username", read_only=True)

    class Meta:
        model = Release
        fields = ("id", "version", "note", "sha256", "rows", "made_by", "made_at")


class ReleaseIn(StrictSerializer, serializers.ModelSerializer[Release]):
    """Version and note of a new release."""

    class Meta:
        model = Release
        fields = ("version", "note")


class ReleaseListView(ListAPIView[Release]):
    """All releases, the latest first; curators make new ones."""

    request: AuthenticatedRequest
    permission_classes = [IsCurator]
    serializer_class = ReleaseOut
    queryset = Release.objects.select_related("made_by")

    @extend_schema(parameters=[PARAMETER], request=ReleaseIn, responses={201: ReleaseOut})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Make a release of the present consensus."""

        def publish(key: IdempotencyKey | None) -> Release:
            body = ReleaseIn(data=request.data)
            body.is_valid(raise_exception=True)
            return publish_release(by=request.user, **body.validated_data, key=key)

        # Checked within: the version of a request that is sent again exists.
        release = make_once(request, self.get_queryset(), publish)
        return Response(ReleaseOut(release).data, status=status.HTTP_201_CREATED)


class ReleaseFileView(APIView):
    """A release's CSV file, which never changes."""

    permission_classes = [IsCurator]

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, _request: Request, pk: int) -> HttpResponse:
        """Return one CSV file; 503 if it is not what was published."""
        release = get_object_or_404(Release, pk=pk)
        return _download(release.content(), "text/csv", release.path.name)
