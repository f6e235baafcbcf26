"""Load the finished networks of a run as often as they are needed, in bounded memory."""

from pathlib import Path

import torch

from classifier.core.config import TrainingConfig
from classifier.nets.dual_backbone import DualBackbone
from classifier.training import checkpoints


class MemberNetworks:
    """The networks of a run by member number: kept if a GPU has room for all, else loaded again.

    The host's memory never holds more than one; the members then share one network.
    """

    def __init__(self, directory: Path, config: TrainingConfig, device: torch.device) -> None:
        """Prepare for the run in `directory`, whose members were checked."""
        self._directory, self._config, self._device = directory, config, device
        self._shared = DualBackbone.uninitialised(config, device).eval()
        self._kept: dict[int, DualBackbone] = {}
        self._keep_all = has_room(device, config.members * _size_in_bytes(self._shared))
        self.features = self._shared.head.in_features
        """Number of features of a candidate."""

    def __getitem__(self, member: int) -> DualBackbone:
        """Return the network of a member; unless all are kept, the next call overwrites it."""
        if member in self._kept:
            return self._kept[member]
        network = self._shared
        if self._keep_all:
            network = DualBackbone.uninitialised(self._config, self._device).eval()
            self._kept[member] = network
        checkpoints.load_member(self._directory, member, network)
        return network


def has_room(device: torch.device, size: int) -> bool:
    """True if `size` bytes are less than half of the free memory of a GPU; never for a CPU."""
    return device.type == "cuda" and size < torch.cuda.mem_get_info(device)[0] / 2


def _size_in_bytes(network: DualBackbone) -> int:
    return sum(value.nbytes for value in network.state_dict().values())
