"""Forms of the admin site for accounts: each is given its role where it is made."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm

from labeling.auth.roles import ROLE_TASKS, give_role, role_of


def _role_choice(none: str) -> forms.ChoiceField:
    """Return the choice of a role, or of none."""
    choices = [(role.value, f"{role.value}: {task}") for role, task in ROLE_TASKS.items()]
    return forms.ChoiceField(
        choices=[*choices, ("", none)], required=False, widget=forms.RadioSelect
    )


class AccountCreationForm(AdminUserCreationForm):
    """Name, password and role of a new account."""

    role = _role_choice("none yet: the account can open no page")

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]
        give_role(self.instance, self.cleaned_data["role"])


class AccountChangeForm(UserChangeForm):
    """All about an account, its role among it."""

    role = _role_choice("none; a superuser may do everything without one")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the account's present role."""
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = role_of(self.instance) or ""

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]
        give_role(self.instance, self.cleaned_data["role"])
