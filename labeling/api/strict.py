"""Strict input: unknown names and values that a database cannot store are refused."""

import json
from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses unknown names, so that no misspelt setting is ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values of the declared names; any other name is an error."""
        values = super().to_internal_value(data)
        for name in data:
            if name not in self.fields:
                names = ", ".join(self.fields)
                raise serializers.ValidationError({name: f"is unknown; use one of {names}."})
        return values


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
        if "\\u0000" in text:
            raise serializers.ValidationError("contains a value that cannot be stored.")
        if len(text) > self.max_characters:
            raise serializers.ValidationError(f"has more than {self.max_characters} characters.")
        return value
