"""Parsers of bodies."""

from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException
from rest_framework.parsers import JSONParser
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
