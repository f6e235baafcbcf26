"""The provenance of weights: which member of which run a file belongs to.

Two runs of one configuration, one training set and one kind of initial weights train the same
members, and so are the same run, whatever the device.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

IDENTITY_KEYS = ("format", "manifest_sha256", "weights")
"""Keys of a run's config.json that identify the run, together with its configuration."""


@dataclass(frozen=True)
class Provenance:
    """The run, member and seed of a file of weights."""

    run: str
    """SHA-256 of what identifies the run."""
    member: int
    seed: int

    @classmethod
    def of(cls, run: Mapping[str, Any], member: int) -> Self:
        """Return the provenance of a member, from the content of its run's config.json."""
        identity = [without_device(run["config"]), *(run.get(key) for key in IDENTITY_KEYS)]
        content = json.dumps(identity, sort_keys=True).encode()
        seed = member_seed(run["config"]["seed"], member)
        return cls(hashlib.sha256(content).hexdigest(), member, seed)

    def to_metadata(self) -> dict[str, str]:
        """Return it as metadata of safetensors: one entry, as several are written in any order."""
        return {"origin": f"{self.run} member {self.member} seed {self.seed}"}

    def mismatch(self, metadata: Mapping[str, str] | None) -> str:
        """Return how a file's metadata differ from this provenance, or "" if they agree.

        Raises KeyError for metadata without a provenance, as earlier versions wrote them.
        """
        stored = (metadata or {})["origin"]
        if stored == self.to_metadata()["origin"]:
            return ""
        return f"belongs to another {'member' if stored.startswith(self.run) else 'run'}"


def without_device(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration's settings without the device, which may change during a training."""
    return {name: value for name, value in config.items() if name != "device"}


def member_seed(seed: int, member: int) -> int:
    """Return the seed of one member, independent of that of other members and other runs."""
    return int(np.random.SeedSequence([seed, member]).generate_state(1, np.uint64)[0] >> 1)
