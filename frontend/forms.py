"""What an expert wants to be given: of one field, of some brightness, left unfinished."""

from typing import Any

from django import forms

from labeling.models import Field


class NarrowForm(forms.Form):
    """The filter of the classify page; its answers are those of `POST queue/`."""

    field = forms.ModelChoiceField(
        Field.objects.all(), to_field_name="name", required=False, empty_label="all fields"
    )
    mag_min = forms.FloatField(label="V from (mag)", required=False)
    mag_max = forms.FloatField(label="V to (mag)", required=False)
    unfinished = forms.BooleanField(
        label="only what I have not finished",
        help_text="Given to me and left without my vote: skipped, closed, or taken back.",
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """A range that something can lie in."""
        cleaned = super().clean() or {}
        bright, faint = cleaned.get("mag_min"), cleaned.get("mag_max")
        if bright is not None and faint is not None and bright > faint:
            raise forms.ValidationError("The first magnitude must not be above the second.")
        return cleaned

    @property
    def narrowed(self) -> bool:
        """Whether less is asked for than all of a field."""
        return any(value for name, value in self.wish.items() if name != "field")

    @property
    def wish(self) -> dict[str, Any]:
        """What to ask the queue for; nothing where the filter makes no sense."""
        if not self.is_valid():
            return {}
        given = {
            name: value for name, value in self.cleaned_data.items() if value not in (None, "")
        }
        if field := given.get("field"):
            given["field"] = field.name
        return given
