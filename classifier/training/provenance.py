"""Which member of which run a file of weights is.

Two runs of one configuration, one training set and the same kind of initial weights give the same
members, so they are the same run; on which device is nobody's business.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

IDENTITY = ("format", "manifest_sha256", "weights")
"""What of a run's config.json makes it this run, besides the configuration."""


@dataclass(frozen=True)
class Origin:
    """What a file of weights says of itself."""

    run: str
    """The sha256 of what makes the run this run."""
    member: int
    seed: int

    @classmethod
    def of(cls, run: Mapping[str, Any], member: int) -> Self:
        """That of a member of the run whose config.json is given."""
        identity = [comparable(run["config"]), *(run.get(name) for name in IDENTITY)]
        content = json.dumps(identity, sort_keys=True).encode()
        seed = member_seed(run["config"]["seed"], member)
        return cls(hashlib.sha256(content).hexdigest(), member, seed)

    def to_metadata(self) -> dict[str, str]:
        """As safetensors keeps it; as one entry, because it writes several in any order."""
        return {"origin": f"{self.run} member {self.member} seed {self.seed}"}

    def differs(self, metadata: Mapping[str, str] | None) -> str:
        """What a file with this metadata is of instead; nothing where it is of this.

        Raises KeyError for a file that does not say, as those of earlier versions.
        """
        found = (metadata or {})["origin"]
        if found == self.to_metadata()["origin"]:
            return ""
        return f"is of another {'member' if found.startswith(self.run) else 'run'}"


def comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration's settings without the device, which a member may change while it learns."""
    return {name: value for name, value in config.items() if name != "device"}


def member_seed(seed: int, member: int) -> int:
    """The seed of one member: independent between members, and between runs."""
    return int(np.random.SeedSequence([seed, member]).generate_state(1, np.uint64)[0] >> 1)
