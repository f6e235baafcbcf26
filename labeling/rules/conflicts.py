"""Conflicts: requests that the present state does not allow."""


class VersionTaken(Exception):
    """A release of this version exists; says which."""


class JobConflict(Exception):
    """A run or experiment cannot do what was asked in its present state; says why."""


class RulingCorrected(Exception):
    """A ruling cannot be withdrawn, since another one on the candidate follows; says whose."""


class TooFewClasses(JobConflict):
    """The labels do not suffice for training; says what to do."""
