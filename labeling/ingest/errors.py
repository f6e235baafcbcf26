"""The error that all imports raise."""


class BadInput(Exception):
    """An input cannot be used; the text names the file, the row and the reason."""
