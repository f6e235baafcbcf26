"""FITS knows printable ASCII only."""

from unicodedata import combining, normalize


def ascii_text(text: str) -> str:
    """The text in printable ASCII: accents dropped, anything else that is foreign as a "?"."""
    letters = (letter for letter in normalize("NFKD", text) if not combining(letter))
    return "".join(letter if " " <= letter <= "~" else "?" for letter in letters)
