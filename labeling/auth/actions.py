"""The role that each action on runs, experiments and imports requires, for API and pages alike."""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from labeling.auth.roles import Role, has_role


class Action(Enum):
    """Something that a person does with a training run, an experiment or an import."""

    VIEW = auto()
    DOWNLOAD_LABELS = auto()
    START = auto()
    CANCEL = auto()
    RESUME = auto()
    PROMOTE = auto()
    ROLL_BACK = auto()
    IMPORT = auto()


REQUIRED_ROLE: Mapping[Action, Role] = MappingProxyType(
    {
        Action.VIEW: Role.EXPERT,
        # The labels show how others voted.
        Action.DOWNLOAD_LABELS: Role.CURATOR,
        Action.START: Role.ADMINISTRATOR,
        Action.CANCEL: Role.ADMINISTRATOR,
        Action.RESUME: Role.ADMINISTRATOR,
        Action.PROMOTE: Role.ADMINISTRATOR,
        Action.ROLL_BACK: Role.ADMINISTRATOR,
        Action.IMPORT: Role.ADMINISTRATOR,
    }
)


def may(user: AbstractBaseUser | AnonymousUser, action: Action) -> bool:
    """True if the user's role allows the action."""
    return has_role(user, REQUIRED_ROLE[action])
