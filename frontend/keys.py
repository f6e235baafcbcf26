"""The keys of the classify page: the one table that the page, its help and the guide read."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Key:
    """An action of the classify page, the key presses that stand for it, and what it does.

    A key press is written as `keys.js` names it: digits by place, letters with their case.
    """

    action: str
    keys: tuple[str, ...]
    does: str
    habit: str = ""


KEYS = (
    Key("vote-1", ("1",), "class 1, symmetric compact cluster, and go on", "LEGUS numbers"),
    Key("vote-2", ("2",), "class 2, asymmetric compact cluster, and go on"),
    Key("vote-3", ("3",), "class 3, compact association, and go on"),
    Key("vote-4", ("4",), "class 4, not a cluster, and go on"),
    Key("possible-1", ("Shift+1",), "class 1, but only possible", "LEGUS quality flag"),
    Key("possible-2", ("Shift+2",), "class 2, but only possible"),
    Key("possible-3", ("Shift+3",), "class 3, but only possible"),
    Key("possible-4", ("Shift+4",), "class 4, but only possible"),
    Key("unsure", ("5", "u"), "unsure: an answer, not a skip", "AstronomicAL"),
    Key("skip", ("Space",), "skip; it comes back later", "Prodigy"),
    Key("undo", ("Backspace", "Ctrl+z"), "undo: back to the last one, my vote shown", "Prodigy"),
    Key("stretch-previous", ("[",), "previous stretch"),
    Key("stretch-next", ("]",), "next stretch"),
    Key("limits", ("\\",), "ZScale or 99.5 %", "DS9"),
    Key("invert", ("i",), "invert the greys", "Zooniverse"),
    Key("view", ("w",), "wide or close: 100 or 50 px"),
    Key("help", ("?",), "these keys", "imexamine"),
    Key("close", ("Escape",), "close whatever is open"),
)


def as_json() -> list[dict[str, object]]:
    """The table for the page's script."""
    return [asdict(key) for key in KEYS]
