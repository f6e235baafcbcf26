"""The finished networks of a run, as often as they are wanted, in bounded memory."""

from pathlib import Path

import torch

from classifier.core.config import TrainingConfig
from classifier.nets.dual_backbone import DualBackbone
from classifier.training import checkpoints


class Members:
    """Networks by their number, at rest: each read once where a GPU has room, else every time.

    In the host's memory there is never more than one; in turn they then share its place.
    """

    def __init__(self, directory: Path, config: TrainingConfig, device: torch.device) -> None:
        """Of the run in `directory`, whose members were checked."""
        self._directory, self._config, self._device = directory, config, device
        self._place = DualBackbone.uninitialised(config, device).eval()
        self._kept: dict[int, DualBackbone] = {}
        self._all = has_room(device, config.members * _bytes_of(self._place))
        self.features = self._place.head.in_features
        """Numbers that a network sees in a candidate."""

    def __getitem__(self, member: int) -> DualBackbone:
        """One of them; without room for all, good until the next is asked for."""
        if member in self._kept:
            return self._kept[member]
        network = self._place
        if self._all:
            network = DualBackbone.uninitialised(self._config, self._device).eval()
            self._kept[member] = network
        checkpoints.load_member(self._directory, member, network)
        return network


def has_room(device: torch.device, wanted: int) -> bool:
    """Whether so many bytes are less than half of what is free in a GPU."""
    return device.type == "cuda" and wanted < torch.cuda.mem_get_info(device)[0] / 2


def _bytes_of(network: DualBackbone) -> int:
    return sum(value.nbytes for value in network.state_dict().values())
