"""Errors that the networks and the web application share; each message is for people."""


class NotTrainable(ValueError):
    """The labels do not suffice for training; the message says what to do."""


class PackError(ValueError):
    """Stamps cannot be read; the message names the stamp pack, and its rows where it can."""
