"""Strict input: unknown names and values that a database cannot store are refused."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer of input: unknown names are refused, so that no misspelt one is ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values of the declared names; any other name is an error."""
        unknown = unknown_names(data, self.fields) if isinstance(data, Mapping) else {}
        if not unknown:
            return super().to_internal_value(data)
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as error:
            unknown |= dict(error.detail)  # type: ignore[arg-type]
        raise serializers.ValidationError(unknown)


class NoBody(StrictSerializer):
    """The body of a request that needs none."""


def unknown_names(data: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the names in the data that are none of these, each with what to use instead."""
    unknown = [name for name in data if name not in names]
    if not unknown:
        return {}
    choices = ", ".join(names)
    reason = f"is unknown; use one of {choices}." if choices else "is unknown; nothing is taken."
    return {name: [reason] for name in unknown}


def refuse_body(request: Request) -> None:
    """Raise ValidationError if the body has a name; an empty one is none."""
    NoBody(data=request.data or {}).is_valid(raise_exception=True)


class NumberField(serializers.FloatField):
    """A finite number; DRF's own field takes true for 1."""

    def to_internal_value(self, data: Any) -> float:
        """Return the number if it is none of true and false."""
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class SettingsField(serializers.DictField):
    """A JSON object of settings, limited in size."""

    def __init__(self, max_characters: int, **options: Any) -> None:
        self.max_characters = max_characters
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object if it is small and every database can store it."""
        value: dict[str, Any] = super().to_internal_value(data)
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            text.encode()
        except ValueError:
            raise serializers.ValidationError("contains a value that cannot be stored.") from None
        if _has_nul(value):
            raise serializers.ValidationError("contains a value that cannot be stored.")
        if len(text) > self.max_characters:
            raise serializers.ValidationError(f"has more than {self.max_characters} characters.")
        return value


def _has_nul(value: Any) -> bool:
    """True if a text in the JSON value, or a name, contains the character NUL."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(map(_has_nul, value)) or any(map(_has_nul, value.values()))
    return isinstance(value, list) and any(map(_has_nul, value))
