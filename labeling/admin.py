"""Django's admin site: every table for administrators, most of them read-only."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from rest_framework.authtoken.models import TokenProxy

from classifier.core.config import Preset
from labeling.auth.actions import Action, may
from labeling.auth.forms import AccountChangeForm, AccountCreationForm
from labeling.auth.roles import Role, has_role, role_of
from labeling.ingest.removal import NotConfirmed, remove_import
from labeling.models import (
    Adjudication,
    ApiToken,
    Application,
    Candidate,
    CatalogueImport,
    Comment,
    Consensus,
    Disclosure,
    Experiment,
    Field,
    IdempotencyKey,
    ImportJob,
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
    Shard,
    TrainingRun,
    Upload,
    Vote,
    VoteImport,
)
from labeling.models.api_token import ApiTokenQuerySet
from labeling.models.candidate_queryset import network_is_open_to
from labeling.models.field import SPLIT_IS_FIXED
from labeling.rules.conflicts import JobConflict
from labeling.training.requests import repeat_run, request_run

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    AccountsAdmin = UserAdmin[User]
else:  # Django's own class takes no type parameter when it runs.
    ModelAdmin = admin.ModelAdmin
    AccountsAdmin = UserAdmin


class AdminRequest(HttpRequest):
    """A request to the admin site by a user."""

    user: User


class AdministratorsAdmin(ModelAdmin):
    """Tables for the role of administrator, whatever permissions the account has in Django."""

    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        """True if the table is on the index page."""
        return self.has_administer_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """True if the rows may be viewed."""
        return self.has_administer_permission(request)

    def has_administer_permission(self, request: HttpRequest) -> bool:
        """True if the user may edit the rules of the campaign."""
        return has_role(request.user, Role.ADMINISTRATOR)

    def has_start_permission(self, request: HttpRequest) -> bool:
        """True if the user may start training runs."""
        return may(request.user, Action.START)


class ReadOnlyAdmin(AdministratorsAdmin):
    """Read-only tables: their rows come from votes, imports and runs."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes rows here."""
        return False


@admin.register(Field)
class FieldAdmin(AdministratorsAdmin):
    """Fields and their rules for voting; commands import mosaics and catalogues."""

    list_display = ("name", "galaxy", "distance_mpc", "votes_needed", "control_share", "simulated")
    readonly_fields = ("name", "promoted_run")
    actions = ("retrain",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Fields are made by `manage.py import_field`."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Field | None = None) -> bool:
        """Administrators edit the rules for voting."""
        return self.has_administer_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Field | None = None) -> bool:
        """Deleting a field would delete its votes."""
        return False

    def save_model(self, request: HttpRequest, obj: Field, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save, and recompute what depends on changed rules while new votes wait."""
        changed = list(form.changed_data)
        if change:
            Field.objects.filter(pk=obj.pk).lock_out_votes()
            # An import may have begun since the form was checked.
            if "split" in changed and obj.imports.exists():
                changed.remove("split")
                self.message_user(request, SPLIT_IS_FIXED, messages.ERROR)
        # Only what the form changed: a run may have been promoted since the field was read.
        obj.save(update_fields=changed if change else None)
        if {"votes_needed", "early_retirement"}.intersection(form.changed_data):
            obj.refresh_consensus()
        if {"min_observed", "min_detected"}.intersection(form.changed_data):
            obj.change_band_rule(obj.band_rule)
        if "strategy" in form.changed_data:
            Refresh.objects.apply_strategy(obj)
        if "cold_start" in form.changed_data:
            obj.set_cold_start_order()
        if not obj.refresh_after:
            Refresh.objects.drop(obj)

    @admin.action(description="Retrain on these fields (quick preset)", permissions=["start"])
    def retrain(self, request: AdminRequest, fields: QuerySet[Field]) -> None:
        """Queue a run on the consensus of the selected fields."""
        try:
            run = request_run(request.user, Preset.QUICK, fields=fields)
        except JobConflict as reason:
            self.message_user(request, str(reason), messages.ERROR)
        else:
            self.message_user(request, f"Run {run.pk} is queued.", messages.SUCCESS)


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """Runs; the action repeats them on the present labels."""

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
        description="Retrain with the same settings on the present labels",
        permissions=["start"],
    )
    def retrain(self, request: AdminRequest, runs: QuerySet[TrainingRun]) -> None:
        """Queue the configuration of each selected run again."""
        for run in runs:
            try:
                new_run = repeat_run(run, request.user)
            except JobConflict as reason:
                self.message_user(request, str(reason), messages.ERROR)
            else:
                self.message_user(request, f"Run {new_run.pk} is queued.", messages.SUCCESS)


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    """Experiments."""

    list_display = ("id", "kind", "preset", "arms", "status", "requested_by", "requested_at")
    list_filter = ("status", "kind")


@admin.register(Application)
class ApplicationAdmin(ReadOnlyAdmin):
    """Applications of runs to fields."""

    list_display = ("id", "run", "field", "status", "requested_by", "requested_at")
    list_filter = ("status", "field")


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """Imports through the page."""

    list_display = ("id", "stage", "status", "field", "requested_by", "requested_at")
    list_filter = ("stage", "status")


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyAdmin):
    """Candidates."""

    list_display = ("catalogue_id", "field", "x", "y", "mag_v", "ci", "control", "set_aside")
    list_filter = ("field", "control", "set_aside")
    search_fields = ("catalogue_id",)


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    """Votes, retracted ones included."""

    list_display = (
        "candidate",
        "voter",
        "label",
        "certainty",
        "cast_at",
        "retracted_at",
        "vote_import",
    )
    list_filter = ("label", "voter", "candidate__field")
    list_select_related = ("candidate__field", "voter", "vote_import__field")


@admin.register(VoteImport)
class VoteImportAdmin(ReadOnlyAdmin):
    """Votes that were cast elsewhere, by the file with which they came."""

    list_display = ("file_name", "field", "imported_at", "taken_back_at", "taken_back_by")
    list_filter = ("field",)
    list_select_related = ("field", "taken_back_by")
    actions = ("take_back",)

    @admin.action(
        description="Retract the votes of the selected imports", permissions=["administer"]
    )
    def take_back(self, request: AdminRequest, imports: QuerySet[VoteImport]) -> None:
        """Retract all their votes; the files can be imported again."""
        count = sum(record.take_back(request.user) for record in imports)
        self.message_user(request, f"Votes retracted: {count}.", messages.SUCCESS)


class RemovalForm(ActionForm):
    """The bar of actions, with a field for the confirmation of a removal."""

    confirmation = forms.CharField(
        required=False,
        label="Name of the file, to remove an import with votes",
        widget=forms.TextInput(attrs={"size": 40}),
    )


@admin.register(CatalogueImport)
class CatalogueImportAdmin(ReadOnlyAdmin):
    """Imports of catalogues, which administrators can take back."""

    list_display = ("id", "file_name", "field", "rows", "created_at", "imported_by", "forced")
    list_filter = ("field", "forced")
    list_select_related = ("field", "imported_by")
    actions = ("remove",)
    action_form = RemovalForm

    @admin.action(
        description="Remove the selected imports (votes are archived)", permissions=["administer"]
    )
    def remove(self, request: AdminRequest, imports: QuerySet[CatalogueImport]) -> None:
        """Remove candidates, stamps and labels; with votes only if the file's name was typed."""
        confirmation = request.POST.get("confirmation", "").strip()
        for record in imports.select_related("field"):
            try:
                archive = remove_import(record, removed_by=request.user, confirmation=confirmation)
            except (NotConfirmed, JobConflict) as reason:
                self.message_user(request, str(reason), messages.ERROR)
            else:
                archive_text = f" Its votes are in {archive}." if archive else ""
                self.message_user(request, f"{record} is removed.{archive_text}", messages.SUCCESS)


@admin.register(Consensus)
class ConsensusAdmin(ReadOnlyAdmin):
    """Consensus rows."""

    list_display = ("candidate", "label", "status", "n_votes", "agreement", "provenance")
    list_filter = ("status", "label", "candidate__field")
    list_select_related = ("candidate__field",)


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """Predictions, but for those that the user sees only after a ruling of their own."""

    list_display = ("candidate", "run", "label", "entropy", "ensemble_agreement")
    list_filter = ("run", "label")
    list_select_related = ("candidate__field", "run")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        """Leave out control candidates on which the user may rule and has not."""
        user = cast("User", request.user)
        candidates = Candidate.objects.filter(network_is_open_to(user), pk=OuterRef("candidate"))
        return super().get_queryset(request).filter(Exists(candidates))


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """Comments on candidates."""

    list_display = ("candidate", "author", "written_at", "text")
    list_filter = ("author", "candidate__field")
    list_select_related = ("candidate__field", "author")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """API tokens of all accounts, of which administrators revoke."""

    list_display = ("name", "account", "created_at", "last_used_at", "revoked_at")
    list_filter = ("account",)
    list_select_related = ("account",)
    fields = list_display
    actions = ("revoke",)

    @admin.action(description="Revoke the selected tokens", permissions=["administer"])
    def revoke(self, request: AdminRequest, tokens: ApiTokenQuerySet) -> None:
        """End the selected tokens."""
        self.message_user(request, f"Tokens revoked: {tokens.revoke()}.", messages.SUCCESS)


admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(AccountsAdmin):
    """Accounts and their roles; those of superusers, only superusers change."""

    form = AccountChangeForm
    add_form = AccountCreationForm
    list_display = ("username", "first_name", "last_name", "email", "role", "is_active")
    filter_horizontal = ("user_permissions",)
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2", "role")}),
    )
    fieldsets = (
        (None, {"fields": ("username", "password", "role")}),
        ("Personal info", {"fields": ("first_name", "last_name", "email")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Important dates", {"fields": ("last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read all roles at once."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display
    def role(self, account: User) -> str:
        """Return the role, or that the account needs none."""
        return "superuser" if account.is_superuser else role_of(account) or "none"

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Leave what goes beyond the roles to superusers."""
        beyond = () if _is_superuser(request) else ("is_superuser", "user_permissions")
        return (*super().get_readonly_fields(request, obj), *beyond)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """True if the table is on the index page."""
        return has_role(request.user, Role.ADMINISTRATOR)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators see all accounts."""
        return has_role(request.user, Role.ADMINISTRATOR)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Administrators make accounts."""
        return has_role(request.user, Role.ADMINISTRATOR)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators change accounts, but not those with more rights than their own."""
        is_above = obj is not None and obj.is_superuser and not _is_superuser(request)
        return has_role(request.user, Role.ADMINISTRATOR) and not is_above


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


# Django REST framework's table of tokens, which is empty: its keys would be stored unhashed.
admin.site.unregister(TokenProxy)
admin.site.site_header = admin.site.site_title = "Asterism"
admin.site.register(
    [
        Adjudication,
        Lease,
        Member,
        Mosaic,
        Disclosure,
        IdempotencyKey,
        Preferences,
        Promotion,
        ReferenceLabel,
        Refresh,
        Release,
        RunEvent,
        Shard,
        Upload,
    ],
    ReadOnlyAdmin,
)
