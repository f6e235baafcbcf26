"""The files of a run: JSON and safetensors, written atomically.

    config.json            configuration, and the sha256 of the training set
    member-00.safetensors  weights of a finished member
    member-00.json         its losses and times, and the sha256 of its weights
    member-00.checkpoint   state of a member in training (safetensors)

A member is finished if its safetensors file exists, which is written last. Weights and checkpoints
contain the provenance of their member, and are refused for any other. Weights of earlier versions
without provenance are accepted, checkpoints without it are not.
"""

import json
import textwrap
from collections.abc import Mapping
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from classifier.core.atomic_files import write_atomically
from classifier.training.provenance import Provenance

FORMAT = "asterism-run/1"
CONFIG = "config.json"
CHECKPOINT = ".checkpoint"


class RunError(ValueError):
    """A run cannot be started, continued or used; the message says why."""


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as indented JSON."""
    write_atomically(path, encode_json(value))


def encode_json(value: Mapping[str, Any]) -> bytes:
    """Return an object as indented JSON. Raises ValueError for NaN, which JSON does not have."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises RunError for a missing file and for other content."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{path.parent} holds no training run: {path.name} is missing.") from None
    except ValueError as error:
        raise RunError(f"{path} is not JSON ({error}).") from error
    if not isinstance(value, dict):
        raise RunError(f"{path} is not a JSON object.")
    return value


def member_path(directory: Path, member: int) -> Path:
    """Return the path of a member's weights."""
    return directory / f"member-{member:02d}.safetensors"


def finished_members(directory: Path, members: int) -> list[int]:
    """Return the members of a run whose weights are saved."""
    return [member for member in range(members) if member_path(directory, member).exists()]


def save_member(
    directory: Path, provenance: Provenance, network: nn.Module, history: Mapping[str, Any]
) -> None:
    """Write the files of a finished member; the weights come last, as they mark it as finished."""
    path = member_path(directory, provenance.member)
    state = {name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}
    content = safetensors.torch.save(state, provenance.to_metadata())
    write_json(path.with_suffix(".json"), {**history, "sha256": sha256(content).hexdigest()})
    write_atomically(path, content)
    path.with_suffix(CHECKPOINT).unlink(missing_ok=True)


def save_checkpoint(
    directory: Path, provenance: Provenance, state: Mapping[str, Tensor], seconds: float
) -> None:
    """Write the state of a member in training, and the seconds that its training took so far."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in state.items()}
    content = safetensors.torch.save(tensors, provenance.to_metadata() | {"seconds": str(seconds)})
    write_atomically(member_path(directory, provenance.member).with_suffix(CHECKPOINT), content)


def load_checkpoint(
    directory: Path, provenance: Provenance
) -> tuple[dict[str, Tensor], float] | None:
    """Return the state and the seconds of the latest checkpoint; None without one.

    Raises RunError for a file that is no checkpoint, or that of another member.
    """
    path = member_path(directory, provenance.member).with_suffix(CHECKPOINT)
    if not path.exists():
        return None
    try:
        with safetensors.safe_open(path, "pt") as file:
            if mismatch := provenance.mismatch(metadata := file.metadata()):
                raise RunError(f"{path} {mismatch}: delete it to train this member from the start.")
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return state, float(metadata["seconds"])
    except RunError:
        raise
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{path} is no checkpoint of this version ({error}): delete it to train this member "
            "from the start."
        ) from error


def check_member(directory: Path, provenance: Provenance) -> None:
    """Raise RunError if a member's weights are missing, changed, or those of another member."""
    path = member_path(directory, provenance.member)
    if not path.exists():
        raise RunError(f"{directory} is unfinished, {path.name} is missing: train it to the end.")
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    if read_json(path.with_suffix(".json")).get("sha256") != digest:
        raise RunError(f"{path} is not what was written at the end of its training.")
    try:
        with safetensors.safe_open(path, "pt") as opened:
            _check_provenance(path, provenance, opened.metadata())
    except SafetensorError as error:
        raise RunError(f"{path} does not hold the weights of this network ({error}).") from error


def _check_provenance(
    path: Path, provenance: Provenance, metadata: Mapping[str, str] | None
) -> None:
    # Weights of earlier versions have no provenance.
    if "origin" in (metadata or {}) and (mismatch := provenance.mismatch(metadata)):
        raise RunError(f"{path} {mismatch}: delete it to train this member from the start.")


def load_member(directory: Path, member: int, network: nn.Module) -> None:
    """Load the weights of a member, which `check_member` has checked, into a network.

    Raises RunError for weights of another architecture.
    """
    path = member_path(directory, member)
    try:
        state: dict[str, Tensor] = safetensors.torch.load_file(path)
        network.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        raise RunError(
            f"{path} does not hold the weights of this network ({reason(error)})."
        ) from error


def reason(error: Exception) -> str:
    """Return an error's message in one short line, with the weights that do not fit.

    torch writes the class of the network in the first line, and below it each missing or
    unexpected weight.
    """
    first, *below = str(error).splitlines() or [type(error).__name__]
    lines = [textwrap.shorten(line, 100, placeholder=" …") for line in below or [first]]
    return textwrap.shorten("; ".join(line.rstrip(" .") for line in lines), 300, placeholder=" …")


def load_head(directory: Path, provenance: Provenance) -> tuple[Tensor, Tensor]:
    """Return the matrix (K, F) and bias (K,), float32, of a finished member's last layer.

    Nothing else is read, so the sha256 is not checked. Raises RunError if they are missing, or
    those of another member.
    """
    path = member_path(directory, provenance.member)
    try:
        with safetensors.safe_open(path, "pt") as file:
            _check_provenance(path, provenance, file.metadata())
            return file.get_tensor("head.weight").float(), file.get_tensor("head.bias").float()
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} does not hold a matrix ({error}).") from error
