"""Query parameters of lists and exports; the views refuse other names."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from labeling.api.field_names import FieldNameField
from labeling.rules.consensus import ConsensusStatus


class FieldIn(serializers.Serializer[Any]):
    """One field; default: all fields."""

    field = FieldNameField(required=False)


class ConsensusIn(FieldIn):
    """A field and a consensus status."""

    status = serializers.ChoiceField(ConsensusStatus.choices, required=False)


def checked_query(request: Request, serializer: type[FieldIn] = FieldIn) -> dict[str, Any]:
    """Return the query parameters; raises ValidationError."""
    query = serializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values
