"""Names of fields in requests."""

from typing import Any

from rest_framework import serializers

from labeling.models import Field


class FieldNameField(serializers.SlugRelatedField[Field]):
    """A field, by its name."""

    default_error_messages = {"does_not_exist": "There is no field called {value!r}."}

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="name", queryset=Field.objects.all(), **options)
