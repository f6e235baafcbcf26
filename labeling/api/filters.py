"""What an address may ask for behind its question mark."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from labeling.models import Field
from labeling.rules.consensus import ConsensusStatus


class FieldIn(serializers.Serializer[Any]):
    """One field; all if unsaid."""

    field = serializers.SlugRelatedField(
        slug_field="name", queryset=Field.objects.all(), required=False
    )


class ConsensusIn(FieldIn):
    """A field, and how far the people are."""

    status = serializers.ChoiceField(ConsensusStatus.choices, required=False)


def asked_for(request: Request, words: type[FieldIn] = FieldIn) -> dict[str, Any]:
    """The checked words of the address; raises ValidationError."""
    asked = words(data=request.query_params)
    asked.is_valid(raise_exception=True)
    answer: dict[str, Any] = asked.validated_data
    return answer
