"""The header Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header)."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

from labeling.auth.requests import AuthenticatedRequest
from labeling.models import IdempotencyKey

HEADER = "Idempotency-Key"
MAX_CHARACTERS = 255
PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Chosen by the client, for instance a UUID. The same request with the same key "
    "makes nothing new: it is answered with the row that it made before.",
)

M = TypeVar("M", bound=Model)


def make_once(
    request: AuthenticatedRequest, rows: QuerySet[M], make: Callable[[IdempotencyKey | None], M]
) -> M:
    """Return the row that the request makes, or that it made when it was sent before.

    `make` stores the key, if there is one, together with the row.
    """
    if HEADER not in request.headers:
        return make(None)
    text = _key(request.headers[HEADER])
    key = IdempotencyKey.of(request.user, request.path_info, text, request.data)
    return get_object_or_404(rows, pk=key.once(lambda: make(key)))


def _key(header: str) -> str:
    """Return the key; quotes around it, and the case of a UUID, make no difference."""
    key = header.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 0 < len(key) <= MAX_CHARACTERS or not (key.isascii() and key.isprintable()):
        reason = f"must be 1 to {MAX_CHARACTERS} printable ASCII characters."
        raise ValidationError({HEADER: [reason]})
    try:
        return str(UUID(key))
    except ValueError:
        return key
