"""The parts of the OpenAPI schema that are the same for every operation, such as errors."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from labeling.api.strict import StrictSerializer

PROBLEM = {
    "type": "object",
    "description": "A problem object (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, and what to do."},
        "errors": {"type": "object", "description": "Reasons by name of the input, for 400."},
    },
    "required": ["type", "title", "status", "detail"],
}
EVERYWHERE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
CHANGES = (
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.INSUFFICIENT_STORAGE,
)


class Schema(AutoSchema):
    """The schema of one operation."""

    def get_override_parameters(self) -> list[Any]:
        """Return the query parameters of the view."""
        serializer = getattr(self.view, "query_serializer", None)
        return [serializer] if serializer and self.method == "GET" else []

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """Return the schema of a body, which has no other names if the serializer is strict."""
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Return the operation with its errors."""
        operation = super().get_operation(*args, **kwargs)
        if not operation:
            return operation
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name="Problem", type=ResolvedComponent.SCHEMA, object="Problem", schema=PROBLEM
        )
        self.registry.register_on_missing(component)
        content = {"application/problem+json": {"schema": component.ref}}
        statuses = EVERYWHERE if self.method == "GET" else EVERYWHERE + CHANGES
        for status in statuses:
            answer = {"description": status.phrase, "content": content}
            operation["responses"].setdefault(str(status.value), answer)
        return operation
