"""The keys of the classify page: the one table that the page, its help and the guide read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Key:
    """An action of the classify page, the key presses that stand for it, and what it does.

    A key press is written as `keys.js` names it: digits by place, letters with their case.
    """

    action: str
    keys: tuple[str, ...]
    does: str
    habit: str = ""
    group: str = ""


def _group(name: str, *keys: Key) -> tuple[Key, ...]:
    return tuple(replace(key, group=name) for key in keys)


KEYS = (
    *_group(
        "Answer",
        Key("vote-1", ("1",), "class 1, symmetric compact cluster, and go on", "LEGUS numbers"),
        Key("vote-2", ("2",), "class 2, asymmetric compact cluster, and go on"),
        Key("vote-3", ("3",), "class 3, compact association, and go on"),
        Key("vote-4", ("4",), "class 4, not a cluster, and go on"),
        Key("possible-1", ("Shift+1",), "class 1, but only possible", "LEGUS quality flag"),
        Key("possible-2", ("Shift+2",), "class 2, but only possible"),
        Key("possible-3", ("Shift+3",), "class 3, but only possible"),
        Key("possible-4", ("Shift+4",), "class 4, but only possible"),
        Key("reasons", ("d",), "class 4, with a reason: star, pair, galaxy …"),
        Key("questions", ("q",), "answer questions that lead to a class", "Galaxy Zoo"),
        Key("unsure", ("5", "u"), "unsure: an answer, not a skip", "AstronomicAL"),
        Key("flag", ("f",), "flag for discussion, with a comment", "Prodigy"),
    ),
    *_group(
        "Go",
        Key("skip", ("Space",), "skip; it comes back later", "Prodigy"),
        Key("undo", ("Backspace", "Ctrl+z"), "undo: the last one again, my vote shown", "Prodigy"),
        Key(
            "previous",
            ("p", "ArrowLeft"),
            "back in my session, to vote again",
            "imexamine",
        ),
        Key("next", ("n", "ArrowRight"), "forward, at last to the queue", "imexamine"),
        Key("opinions", ("v",), "what the network and the others said, after my vote"),
        Key("examples", ("g",), "the classes, with examples"),
    ),
    *_group(
        "Look",
        Key("enlarge", ("Enter",), "enlarge the chosen filter; Tab goes on to the next", "DS9"),
        Key("blink", ("b",), "blink: the next filter, enlarged", "jdaviz"),
        Key("blink-back", ("B",), "blink back", "jdaviz"),
        Key("zoom-in", ("z", "+", "="), "zoom in, at the pointer", "DS9"),
        Key("zoom-out", ("Z", "-"), "zoom out", "DS9"),
        Key("zoom-reset", ("0",), "zoom and pan as at first", "DS9"),
        Key("view", ("w",), "50, 100 or 25 px across"),
        Key("stretch-previous", ("[",), "previous stretch"),
        Key("stretch-next", ("]",), "next stretch"),
        Key("limits", ("\\",), "ZScale or 99.5 %", "DS9"),
        Key("invert", ("i",), "invert the colours", "Zooniverse"),
    ),
    *_group(
        "Examine, under the pointer",
        Key("examine-radial", ("r",), "radial profile, Moffat and Gaussian fit", "imexamine"),
        Key("examine-contour", ("e",), "contours", "imexamine"),
        Key("examine-surface", ("s",), "surface", "imexamine"),
        Key("examine-histogram", ("h",), "histogram", "imexamine"),
        Key("examine-line", ("l",), "cut along the line", "imexamine"),
        Key("examine-column", ("c",), "cut along the column", "imexamine"),
        Key("examine-aperture", ("a",), "aperture photometry, curve of growth", "imexamine"),
        Key("examine-statistics", ("m",), "statistics", "imexamine"),
        Key("examine-coordinates", ("x",), "coordinates and value", "imexamine"),
        Key("overplot", ("o",), "draw the next plot over this one", "imexamine"),
        Key("save-fits", ("t",), "save the stamps of this candidate as FITS", "imexamine"),
    ),
    *_group(
        "Page",
        Key("help", ("?",), "these keys", "imexamine"),
        Key("close", ("Escape",), "close whatever is open", "imexamine"),
    ),
)


def keys_of(own: Mapping[str, Any]) -> list[Key]:
    """The table with an expert's own key presses, where they have any."""
    return [replace(key, keys=tuple(own.get(key.action, key.keys))) for key in KEYS]


def as_json(keys: list[Key]) -> list[dict[str, object]]:
    """The table for the page's script."""
    return [asdict(key) for key in keys]
