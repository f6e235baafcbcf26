"""The forms of the pages: what people may enter, and the checks on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from classifier.core.config import PRESETS, Preset
from classifier.core.experiment_kinds import ExperimentKind, NotFeasible
from frontend.pages.experiments import Offer, label_source_name, offers
from labeling.api.queue import QueueFilterIn
from labeling.auth.roles import Role, has_role
from labeling.classes import CLASS_CHOICES, Label
from labeling.export.releases import publish_release
from labeling.models import (
    Experiment,
    Field,
    IdempotencyKey,
    ReferenceLabel,
    Release,
    Sample,
    TrainingRun,
)
from labeling.rules.conflicts import JobConflict
from labeling.rules.consensus import ConsensusStatus
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.requests import request_experiment, request_run
from labeling.training.training_set import all_label_sources

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ANY = ("", "any")
CLASS_OPTIONS = [(str(number), text) for number, text in CLASS_CHOICES]


def _field_choice() -> forms.ModelChoiceField[Field]:
    """Return a choice of one field by its name, or of all fields."""
    return forms.ModelChoiceField(
        Field.objects.all(), to_field_name="name", required=False, empty_label="all fields"
    )


class FieldForm(forms.Form):
    """The field that a page is about."""

    field = _field_choice()

    @property
    def chosen(self) -> Field | None:
        """The field, or None for all fields."""
        field: Field | None = self.cleaned_data.get("field") if self.is_valid() else None
        return field


class QueueFilterForm(forms.Form):
    """The filter of the classify page; `QueueFilterIn` of `POST queue/` checks it."""

    field = _field_choice()
    mag_min = forms.FloatField(label="V from (mag)", required=False)
    mag_max = forms.FloatField(label="V to (mag)", required=False)
    unfinished = forms.BooleanField(
        label="only my unfinished candidates",
        help_text="Those that you skipped or left without a vote, or whose vote you took back.",
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Return the body for `POST queue/`, without what was left empty."""
        values = {name: v for name, v in (super().clean() or {}).items() if v not in (None, "")}
        if field := values.get("field"):
            values["field"] = field.name
        body = QueueFilterIn(data=values)
        if not body.is_valid():
            for name, reasons in body.errors.items():
                self.add_error(name, [str(reason) for reason in reasons])
        return values

    @property
    def body(self) -> dict[str, Any]:
        """The body for `POST queue/`; empty if the filter is not valid."""
        return self.cleaned_data if self.is_valid() else {}

    @property
    def is_narrow(self) -> bool:
        """True if the filter leaves out candidates of its field."""
        return any(value for name, value in self.body.items() if name != "field")


class GalleryForm(forms.Form):
    """The filter and the order of the gallery."""

    field = _field_choice()
    mine = forms.ChoiceField(
        label="My vote",
        required=False,
        choices=[ANY, *((str(value), name) for value, name in Label.choices), ("none", "none yet")],
    )
    marked = forms.ChoiceField(
        label="My flags and comments",
        required=False,
        choices=[
            ("", "with or without"),
            ("any", "flagged or commented"),
            ("flag", "flagged"),
            ("comment", "commented"),
        ],
    )
    label = forms.ChoiceField(label="Consensus", required=False, choices=[ANY, *CLASS_OPTIONS])
    status = forms.ChoiceField(required=False, choices=[ANY, *ConsensusStatus.choices])
    sample = forms.ChoiceField(
        required=False,
        choices=[ANY, (Sample.POOL, "training pool"), (Sample.CONTROL, "control sample")],
    )
    order = forms.ChoiceField(
        required=False,
        choices=[
            ("", "as in the catalogue"),
            ("entropy", "highest entropy first"),
            ("mag", "brightest in V first"),
        ],
    )

    def __init__(self, data: Mapping[str, Any], *, user: User) -> None:
        """Leave the sample to curators: it would tell experts why they were given a candidate."""
        super().__init__(data)
        if not has_role(user, Role.CURATOR):
            del self.fields["sample"]


class RunForm(forms.Form):
    """A training run to start."""

    preset = forms.ChoiceField(choices=Preset.choices(), initial=Preset.QUICK.value)
    label_source = forms.ChoiceField(label="Labels")
    field = _field_choice()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the consensus and every published catalogue in the database as labels."""
        super().__init__(*args, **kwargs)
        references = ReferenceLabel.objects.order_by("source").values_list("source", flat=True)
        _offer_sources(self, "label_source", [CONSENSUS.text, *references.distinct()])

    def start(self, user: User, key: IdempotencyKey | None = None) -> TrainingRun | None:
        """Queue the run; None, with the reason among the form's errors, if it cannot start."""
        values = self.cleaned_data
        try:
            return request_run(
                user,
                values["preset"],
                fields=[values["field"]] if values["field"] else [],
                source=LabelSource(values["label_source"]),
                key=key,
            )
        except JobConflict as reason:
            self.add_error(None, str(reason))
            return None


class ApplicationForm(forms.Form):
    """The field that a run predicts."""

    field = forms.ModelChoiceField(Field.objects.all(), label="Field", to_field_name="name")


class ExperimentForm(forms.Form):
    """The settings of an experiment to start; its kind is the button that was pressed."""

    preset = forms.ChoiceField(choices=Preset.choices(), initial=Preset.QUICK.value)
    members = forms.IntegerField(
        label="Members of each ensemble", min_value=1, max_value=100, required=False
    )
    batches = forms.IntegerField(
        label="Batches for each member", min_value=1, max_value=1_000_000, required=False
    )
    label_source = forms.ChoiceField(label="Labels")
    field = forms.ModelMultipleChoiceField(
        Field.objects.all(),
        label="Fields",
        to_field_name="name",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    sources = forms.MultipleChoiceField(
        label="Label sources to compare", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer every label source in the database."""
        super().__init__(*args, **kwargs)
        sources = [source.text for source in all_label_sources()]
        for name in ("label_source", "sources"):
            _offer_sources(self, name, sources)
        for name in ("members", "batches"):
            self.fields[name].widget.attrs["placeholder"] = "as in the preset"

    def offers(self) -> list[Offer]:
        """Return every kind of experiment with its cost, for the values that are valid so far."""
        self.is_valid()
        values = self.cleaned_data if self.is_bound else {}
        preset = PRESETS[values.get("preset", Preset.QUICK)]
        return list(
            offers(
                values.get("field") or Field.objects.all(),
                values.get("label_source", CONSENSUS.text),
                values.get("sources", []),
                values.get("members") or preset.members,
            )
        )

    def start(self, user: User, kind: str, key: IdempotencyKey | None = None) -> Experiment | None:
        """Queue the experiment; None, with the reason among the errors, if it cannot start."""
        values = self.cleaned_data
        sources = values["sources"] if kind == ExperimentKind.SOURCES else [values["label_source"]]
        try:
            return request_experiment(
                user,
                kind,
                values["preset"],
                fields=values["field"],
                sources=[LabelSource(source) for source in sources],
                overrides={name: values[name] for name in ("members", "batches") if values[name]},
                key=key,
            )
        except (NotFeasible, JobConflict) as reason:
            self.add_error(None, str(reason))
            return None


def _offer_sources(form: forms.Form, name: str, sources: list[str]) -> None:
    """Give a field of the form these label sources to choose from."""
    field: Any = form.fields[name]
    field.choices = [(source, label_source_name(source)) for source in sources]


class RulingForm(forms.Form):
    """A curator's class and reason, and the fingerprint of the opinions that they were shown."""

    label = forms.TypedChoiceField(choices=CLASS_CHOICES, coerce=int)
    reason = forms.CharField(max_length=2000)
    fingerprint = forms.CharField(max_length=100, required=False)


class CommentForm(forms.Form):
    """A comment in the discussion of a candidate."""

    text = forms.CharField(max_length=4000)


class ReleaseForm(forms.Form):
    """Version and note of a new release."""

    version = forms.SlugField(max_length=50)
    note = forms.CharField(required=False, widget=forms.TextInput(attrs={"size": 50}))

    def clean_version(self) -> str:
        """Refuse a version that exists."""
        version: str = self.cleaned_data["version"]
        if Release.objects.filter(version=version).exists():
            raise ValidationError(f"Release {version} exists already; choose another version.")
        return version

    def publish(self, user: User, key: IdempotencyKey | None = None) -> Release | None:
        """Make the release; None if the form is not valid. Raises VersionTaken."""
        if not self.is_valid():
            return None
        return publish_release(by=user, **self.cleaned_data, key=key)
