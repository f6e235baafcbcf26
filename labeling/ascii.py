"""FITS knows ASCII only."""

from unicodedata import normalize


def ascii_text(text: str) -> str:
    """The text in ASCII: accents dropped, anything else that is foreign as a question mark."""
    return normalize("NFKD", text).encode("ascii", "replace").decode()
