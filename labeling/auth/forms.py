"""Forms of the admin site for accounts: each is given its role where it is made."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import User

from labeling.auth.roles import ROLE_TASKS, give_role, role_of

if TYPE_CHECKING:
    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
else:  # Django's own classes take no type parameter when they run.
    CreationForm, ChangeForm = AdminUserCreationForm, UserChangeForm


def _role_choice(none: str) -> forms.ChoiceField:
    """Return the choice of a role, or of none."""
    choices = [(role.value, f"{role.value}: {task}") for role, task in ROLE_TASKS.items()]
    return forms.ChoiceField(
        choices=[*choices, ("", none)], required=False, widget=forms.RadioSelect
    )


class AccountCreationForm(CreationForm):
    """Name, password and role of a new account."""

    role = _role_choice("none yet: the account can open no page")

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]
        give_role(self.instance, self.cleaned_data["role"])


class AccountChangeForm(ChangeForm):
    """All about an account, its role among it."""

    role = _role_choice("none; a superuser may do everything without one")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the account's present role."""
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = role_of(self.instance) or ""

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]
        give_role(self.instance, self.cleaned_data["role"])
