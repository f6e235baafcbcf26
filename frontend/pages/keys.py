"""Key bindings of the classify page: the one table that the page, its help and the guide read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from classifier.core.classes import MorphologicalClass

SYMMETRIC, ASYMMETRIC, ASSOCIATION, NOT_CLUSTER = MorphologicalClass


@dataclass(frozen=True)
class KeyBinding:
    """An action of the classify page, its keys, and what it does.

    Keys are named as by `keyName` in `key-bindings.js`: by the character that the layout gives,
    letters with their case.
    """

    action: str
    keys: tuple[str, ...]
    description: str
    source: str = ""
    """The tool in which the key does the same."""
    group: str = ""


def _group(name: str, *bindings: KeyBinding) -> tuple[KeyBinding, ...]:
    return tuple(replace(binding, group=name) for binding in bindings)


KEY_BINDINGS = (
    *_group(
        "Classify",
        KeyBinding("vote-1", ("1",), f"class 1, {SYMMETRIC.text}", "LEGUS numbers"),
        KeyBinding("vote-2", ("2",), f"class 2, {ASYMMETRIC.text}"),
        KeyBinding("vote-3", ("3",), f"class 3, {ASSOCIATION.text}"),
        KeyBinding("vote-4", ("4",), f"class 4, {NOT_CLUSTER.text}"),
        KeyBinding("possible-1", ("Shift+1",), "class 1, only possible", "LEGUS quality flag"),
        KeyBinding("possible-2", ("Shift+2",), "class 2, only possible"),
        KeyBinding("possible-3", ("Shift+3",), "class 3, only possible"),
        KeyBinding("possible-4", ("Shift+4",), "class 4, only possible"),
        KeyBinding("reasons", ("d",), "class 4, with a reason: star, pair, galaxy …"),
        KeyBinding("questions", ("q",), "answer questions that lead to a class", "Galaxy Zoo"),
        KeyBinding("unsure", ("5", "u"), "unsure: counts as a vote, for no class", "AstronomicAL"),
        KeyBinding("flag", ("f",), "flag for discussion, with a comment", "Prodigy"),
    ),
    *_group(
        "Navigate",
        KeyBinding("skip", ("Space",), "skip; comes back later", "Prodigy"),
        KeyBinding("undo", ("Backspace", "Ctrl+z"), "undo my last vote", "Prodigy"),
        KeyBinding("previous", ("p", "ArrowLeft"), "back to my previous vote", "imexamine"),
        KeyBinding("next", ("n", "ArrowRight"), "forward, back to the queue", "imexamine"),
        KeyBinding("opinions", ("v",), "opinions, after my vote"),
        KeyBinding("examples", ("g",), "class definitions, examples"),
    ),
    *_group(
        "View",
        KeyBinding("enlarge", ("Enter",), "enlarge the selected filter; Tab selects", "DS9"),
        KeyBinding("blink", ("b",), "blink: enlarge the next filter", "jdaviz"),
        KeyBinding("blink-back", ("B",), "blink back: enlarge the previous filter", "jdaviz"),
        KeyBinding("zoom-in", ("z", "+", "="), "zoom in at the pointer", "DS9"),
        KeyBinding("zoom-out", ("Z", "-"), "zoom out", "DS9"),
        KeyBinding("zoom-reset", ("0",), "reset zoom and pan", "DS9"),
        KeyBinding("view", ("w",), "50, 100 or 25 px across"),
        KeyBinding("stretch-previous", ("[",), "previous stretch"),
        KeyBinding("stretch-next", ("]",), "next stretch"),
        KeyBinding("limits", ("\\",), "ZScale or 99.5 %", "DS9"),
        KeyBinding("invert", ("i",), "invert the colours", "Zooniverse"),
        KeyBinding("crosshair", ("C",), "hide or show the crosshair"),
    ),
    *_group(
        "Examine, under the pointer",
        KeyBinding(
            "examine-radial", ("r",), "radial profile, Moffat and Gaussian fit", "imexamine"
        ),
        KeyBinding("examine-contour", ("e",), "contours", "imexamine"),
        KeyBinding("examine-surface", ("s",), "surface", "imexamine"),
        KeyBinding("examine-histogram", ("h",), "histogram", "imexamine"),
        KeyBinding("examine-line", ("l",), "cut along the line", "imexamine"),
        KeyBinding("examine-column", ("c",), "cut along the column", "imexamine"),
        KeyBinding("examine-aperture", ("a",), "aperture photometry, curve of growth", "imexamine"),
        KeyBinding("examine-statistics", ("m",), "statistics", "imexamine"),
        KeyBinding("examine-coordinates", ("x",), "coordinates and value", "imexamine"),
        KeyBinding("overplot", ("o",), "draw the next plot over this one", "imexamine"),
        KeyBinding("save-fits", ("t",), "save the stamps of this candidate as FITS", "imexamine"),
    ),
    *_group(
        "Page",
        KeyBinding("help", ("?",), "show the keys", "imexamine"),
        KeyBinding("close", ("Escape",), "close what is open", "imexamine"),
    ),
)


def key_bindings(custom: Mapping[str, Any]) -> list[KeyBinding]:
    """Return the table with an expert's custom keys, a list by action, in place of the defaults."""
    return [
        replace(binding, keys=tuple(custom.get(binding.action, binding.keys)))
        for binding in KEY_BINDINGS
    ]


def bindings_as_json(bindings: list[KeyBinding]) -> list[dict[str, object]]:
    """Return the table for the page's script."""
    return [asdict(binding) for binding in bindings]
