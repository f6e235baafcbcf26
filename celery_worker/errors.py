"""Errors of the worker."""


class InvalidJob(Exception):
    """A job cannot be run as it was requested; the message says why, for people."""
