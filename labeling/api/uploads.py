"""Uploads: files in chunks, which go on after an interruption from where they stopped.

A client makes an upload, sends its chunks one after another, each to the address of its offset, and
after a lost connection asks how many bytes have arrived.
"""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ParseError
from rest_framework.response import Response

from labeling.api.idempotency import PARAMETER, make_once
from labeling.api.parsers import ChunkParser
from labeling.api.permissions import MayAct
from labeling.api.strict import StrictSerializer
from labeling.api.views import APIView, ListAPIView
from labeling.auth.actions import Action
from labeling.auth.requests import AuthenticatedRequest
from labeling.models import Upload
from labeling.models.upload import safe_name

OFFSET_HEADER = "Upload-Offset"


class UploadIn(StrictSerializer):
    """Name and size of a file to send."""

    name = serializers.CharField(
        max_length=1000, help_text="Folders and characters that need quoting are left out of it."
    )
    size = serializers.IntegerField(
        min_value=1, max_value=settings.UPLOAD_FILE_BYTES, help_text="Bytes."
    )

    def validate_name(self, value: str) -> str:
        """Return the name under which the file is stored."""
        try:
            return safe_name(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class UploadOut(serializers.ModelSerializer[Upload]):
    """An upload, and how much of it has arrived."""

    offset = serializers.IntegerField(
        source="received", help_text="Bytes that have arrived; the next chunk starts here."
    )
    complete = serializers.BooleanField(source="is_complete")

    class Meta:
        model = Upload
        fields = ("id", "name", "size", "offset", "complete", "created_at")


def _answer(upload: Upload, code: int = status.HTTP_200_OK) -> Response:
    data = UploadOut(upload).data
    headers = {OFFSET_HEADER: str(data["offset"]), "Cache-Control": "no-store"}
    return Response(data, status=code, headers=headers)


class UploadListView(ListAPIView[Upload]):
    """The caller's uploads that no import has taken yet; each is deleted after seven days."""

    request: AuthenticatedRequest
    permission_classes = [MayAct]
    actions = {"GET": Action.IMPORT, "POST": Action.IMPORT}
    serializer_class = UploadOut
    queryset = Upload.objects.none()

    def get_queryset(self) -> QuerySet[Upload]:
        """Return the caller's."""
        return Upload.objects.unused().filter(account=self.request.user)

    @extend_schema(parameters=[PARAMETER], request=UploadIn, responses={201: UploadOut})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Make an upload without content; 507 if the disk has no space for all of it.

        404 if the upload of the same Idempotency-Key was cancelled, or is taken by an import.
        """
        body = UploadIn(data=request.data)
        body.is_valid(raise_exception=True)
        upload = make_once(
            request,
            Upload.objects.unused().filter(account=request.user),
            lambda key: Upload.objects.begin(request.user, **body.validated_data, key=key),
        )
        return _answer(upload, status.HTTP_201_CREATED)


class UploadView(APIView):
    """One of the caller's uploads."""

    permission_classes = [MayAct]
    actions = {"GET": Action.IMPORT, "DELETE": Action.IMPORT}

    @extend_schema(responses=UploadOut)
    def get(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Return how much has arrived; a HEAD request gives it in the header Upload-Offset."""
        return _answer(get_object_or_404(Upload, pk=pk, account=request.user))

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Cancel the upload and delete its bytes; 409 if an import uses the file."""
        get_object_or_404(Upload, pk=pk, account=request.user).remove()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChunkView(APIView):
    """A part of an upload, at its offset in bytes."""

    permission_classes = [MayAct]
    actions = {"PUT": Action.IMPORT}
    parser_classes = [ChunkParser]

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=OpenApiResponse(UploadOut),
        parameters=[
            OpenApiParameter(
                "offset",
                OpenApiTypes.INT64,
                OpenApiParameter.PATH,
                description="Number of bytes of the file before this chunk.",
            )
        ],
    )
    def put(self, request: AuthenticatedRequest, pk: int, offset: int) -> Response:
        """Store the next bytes of the file, at most 8 MiB; sent again, they change nothing.

        409 if bytes before the offset are missing: `GET uploads/{id}/` tells where to go on. 507
        if the disk is full; what has arrived is kept.
        """
        upload = get_object_or_404(Upload, pk=pk, account=request.user)
        chunk: Any = request.data
        if not isinstance(chunk, bytes):
            raise ParseError("The chunk is empty.")
        upload.write_chunk(offset, chunk)
        return _answer(upload)
