"""Text for FITS headers and tables, which allow printable ASCII only."""

from unicodedata import combining, normalize


def ascii_text(text: str) -> str:
    """Return the text in printable ASCII: without accents, and "?" for any other character."""
    letters = (letter for letter in normalize("NFKD", text) if not combining(letter))
    return "".join(letter if " " <= letter <= "~" else "?" for letter in letters)
