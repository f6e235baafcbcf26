"""What the OpenAPI schema says of every view without being told by it."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """The schema of one operation."""

    def get_override_parameters(self) -> list[Any]:
        """Return the query parameters of the view."""
        serializer = getattr(self.view, "query_serializer", None)
        return [serializer] if serializer and self.method == "GET" else []
