"""Parsers of bodies."""

from typing import Any

from django.conf import settings
from django.http import UnreadablePostError
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE


class BodyTooLarge(APIException):
    """The body has more bytes than any request needs."""

    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is larger than any request needs."
    default_code = "too_large"


class LimitedJSONParser(JSONParser):
    """JSON of at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes; Django limits forms only."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """Return the value of the body; raises BodyTooLarge before it is read."""
        length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise BodyTooLarge
        value: dict[str, Any] = super().parse(stream, media_type, parser_context)
        return value


class ChunkParser(BaseParser):
    """The bytes of one chunk of an upload, at most UPLOAD_CHUNK_BYTES."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the body; raises BodyTooLarge before it is read, ParseError if it is cut off."""
        length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
        if length > settings.UPLOAD_CHUNK_BYTES:
            raise BodyTooLarge(
                f"A chunk has at most {settings.UPLOAD_CHUNK_BYTES // 2**20} MiB; send the file "
                "in several."
            )
        try:
            chunk: bytes = stream.read(length)
        except UnreadablePostError as error:
            raise ParseError("The connection was lost within the chunk; send it again.") from error
        if len(chunk) < length:
            raise ParseError("The chunk is shorter than its Content-Length; send it again.")
        return chunk
