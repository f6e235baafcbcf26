"""How work ends that was asked for wrongly: known to the tasks, which load no network for it."""


class Unfit(Exception):
    """The work cannot be carried out as it was asked for; says what to do."""
