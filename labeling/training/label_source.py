"""Label sources: where the labels of a training set come from."""

from __future__ import annotations

from dataclasses import dataclass

_EXPERT = "expert:"


@dataclass(frozen=True)
class LabelSource:
    """A label source, by the text under which it is stored and sent.

    `votes` is the consensus of the experts, `expert:NAME` are the live class votes of one of them,
    and any other text is the name of a source of reference labels.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of_expert(cls, username: str) -> LabelSource:
        """Return the source that is one expert's own votes."""
        return cls(f"{_EXPERT}{username}")

    @property
    def is_consensus(self) -> bool:
        """True for the consensus of the experts."""
        return self == CONSENSUS

    @property
    def expert(self) -> str | None:
        """The expert whose own votes these are, or None."""
        return self.text.removeprefix(_EXPERT) if self.text.startswith(_EXPERT) else None

    @property
    def is_reference(self) -> bool:
        """True for reference labels, by the name of their source."""
        return not self.is_consensus and self.expert is None

    @property
    def owner(self) -> str:
        """The source as the subject of a sentence."""
        return "the consensus of the votes" if self.is_consensus else f"“{self}”"


CONSENSUS = LabelSource("votes")
