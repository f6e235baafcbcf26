"""Texts for tables other than CSV: FITS takes printable ASCII only, XML no control characters."""

from unicodedata import combining, normalize


def printable_text(text: str) -> str:
    """Return the text with a "?" for every character that is not printable, line breaks too."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def ascii_text(text: str) -> str:
    """Return the text in printable ASCII: without accents, and "?" for any other character."""
    letters = (letter for letter in normalize("NFKD", text) if not combining(letter))
    return "".join(letter if " " <= letter <= "~" else "?" for letter in letters)
