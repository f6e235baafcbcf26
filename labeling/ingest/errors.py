"""What is wrong with an input, in one sentence for the person who brought it."""


class BadInput(Exception):
    """An input that cannot be used; the text names the file, the row and the reason."""
