"""The administrator's view of every table; what must not be edited by hand is read-only."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from classifier.core.config import Preset
from labeling.auth.roles import Role, has_role
from labeling.models import (
    Adjudication,
    Candidate,
    CatalogueImport,
    Comment,
    Consensus,
    Disclosure,
    Experiment,
    Field,
    Lease,
    Member,
    Mosaic,
    Prediction,
    Preferences,
    Promotion,
    ReferenceLabel,
    Refresh,
    Release,
    RunEvent,
    TrainingRun,
    Vote,
)
from labeling.rules.conflicts import JobConflict, TooFewClasses
from labeling.training.requests import repeat_run, request_run

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's own class takes no type parameter when it runs.
    ModelAdmin = admin.ModelAdmin


class AdminRequest(HttpRequest):
    """A request to the administration by a user."""

    user: User


class AdministratorsAdmin(ModelAdmin):
    """For the role of administrator, whatever single permissions an account has."""

    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether it stands on the index."""
        return self.has_administer_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the rows may be looked at."""
        return self.has_administer_permission(request)

    def has_administer_permission(self, request: HttpRequest) -> bool:
        """Whether actions that change the campaign are open."""
        return has_role(request.user, Role.ADMINISTRATOR)


class ReadOnlyAdmin(AdministratorsAdmin):
    """To look at: these rows are made by votes, imports and runs, never by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds such a row here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits such a row here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes such a row here."""
        return False


@admin.register(Field)
class FieldAdmin(AdministratorsAdmin):
    """Fields and their rules for voting; mosaics and catalogues come in by command."""

    list_display = ("name", "galaxy", "distance_mpc", "votes_needed", "control_share", "simulated")
    readonly_fields = ("name", "promoted_run")
    actions = ("retrain",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """`manage.py import_field` makes fields."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Field | None = None) -> bool:
        """The rules for voting are the administrator's."""
        return self.has_administer_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Field | None = None) -> bool:
        """A field takes its votes with it: not by a click."""
        return False

    def save_model(self, request: HttpRequest, obj: Field, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save, and recompute what follows of the rules, while votes wait to go by the new ones."""
        if change:
            Field.objects.filter(pk=obj.pk).lock_out_votes()
        # Only what the form changed: a network may have gone live since it was read.
        obj.save(update_fields=form.changed_data if change else None)
        if {"votes_needed", "early_retirement"}.intersection(form.changed_data):
            obj.refresh_consensus()
        if "strategy" in form.changed_data:
            Refresh.objects.apply_strategy(obj)
        if "cold_start" in form.changed_data:
            obj.set_cold_start_order()
        if not obj.refresh_after:
            Refresh.objects.drop(obj)

    @admin.action(description="Retrain on these fields (quick preset)", permissions=["administer"])
    def retrain(self, request: AdminRequest, fields: QuerySet[Field]) -> None:
        """Queue a run on the chosen fields' consensus."""
        try:
            run = request_run(request.user, Preset.QUICK, fields=fields)
        except TooFewClasses as reason:
            self.message_user(request, str(reason), messages.ERROR)
        else:
            self.message_user(request, f"Run {run.pk} is queued.", messages.SUCCESS)


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """Runs; the action asks for the same once more, on the labels of today."""

    list_display = (
        "id",
        "preset",
        "external",
        "label_source",
        "status",
        "requested_by",
        "requested_at",
    )
    list_filter = ("status", "preset", "external")
    actions = ("retrain",)

    @admin.action(
        description="Retrain: the same, on the labels of today", permissions=["administer"]
    )
    def retrain(self, request: AdminRequest, runs: QuerySet[TrainingRun]) -> None:
        """Queue each chosen run's configuration again."""
        for run in runs:
            try:
                again = repeat_run(run, request.user)
            except JobConflict as reason:
                self.message_user(request, str(reason), messages.ERROR)
            else:
                self.message_user(request, f"Run {again.pk} is queued.", messages.SUCCESS)


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    """Experiments."""

    list_display = ("id", "kind", "preset", "arms", "status", "requested_by", "requested_at")
    list_filter = ("status", "kind")


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyAdmin):
    """Candidates."""

    list_display = ("catalogue_id", "field", "x", "y", "mag_v", "ci", "control", "set_aside")
    list_filter = ("field", "control", "set_aside")
    search_fields = ("catalogue_id",)


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    """Votes, retracted ones too."""

    list_display = ("candidate", "voter", "label", "certainty", "cast_at", "retracted_at")
    list_filter = ("label", "voter", "candidate__field")
    list_select_related = ("candidate__field", "voter")


@admin.register(Consensus)
class ConsensusAdmin(ReadOnlyAdmin):
    """Consensus rows."""

    list_display = ("candidate", "label", "status", "n_votes", "agreement", "provenance")
    list_filter = ("status", "label", "candidate__field")
    list_select_related = ("candidate__field",)


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """Predictions."""

    list_display = ("candidate", "run", "label", "entropy", "ensemble_agreement")
    list_filter = ("run", "label")
    list_select_related = ("candidate__field", "run")


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """What experts say to one another about candidates."""

    list_display = ("candidate", "author", "written_at", "text")
    list_filter = ("author", "candidate__field")
    list_select_related = ("candidate__field", "author")


admin.site.site_header = admin.site.site_title = "Asterism"
admin.site.register(
    [
        Adjudication,
        CatalogueImport,
        Lease,
        Member,
        Mosaic,
        Disclosure,
        Preferences,
        Promotion,
        ReferenceLabel,
        Refresh,
        Release,
        RunEvent,
    ],
    ReadOnlyAdmin,
)
