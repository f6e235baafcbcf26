"""The files of a run: JSON and safetensors, each written whole or not at all.

    config.json            what was asked for, and what it was trained on
    member-00.safetensors  weights of one finished member, one file each
    member-00.json         its losses and times, and the sha256 of its weights
    member-00.checkpoint   of one in training: safetensors, all that its next batch depends on

A member counts as finished once its safetensors file is there; it is written last.
"""

import json
import os
from collections.abc import Mapping
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

FORMAT = "asterism-run/1"
CONFIG = "config.json"
CHECKPOINT = ".checkpoint"


class RunError(ValueError):
    """A run cannot begin, go on or be used as asked; the message says why."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that, whatever happens, it has its old content or all of the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Without this a power cut can forget the renaming. Windows has no such call.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as indented JSON; NaN is refused, as JSON has none."""
    write_whole(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises RunError where the file is missing or something else."""
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
    """Where the weights of a member are."""
    return directory / f"member-{member:02d}.safetensors"


def finished_members(directory: Path, members: int) -> list[int]:
    """Those of a run's members whose weights are there."""
    return [member for member in range(members) if member_path(directory, member).exists()]


def save_member(
    directory: Path, member: int, network: nn.Module, history: Mapping[str, Any]
) -> None:
    """Keep a finished member: first its history, then, as the sign that it is done, its weights."""
    path = member_path(directory, member)
    state = {name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}
    content = safetensors.torch.save(state, {"format": FORMAT})
    write_json(path.with_suffix(".json"), {**history, "sha256": sha256(content).hexdigest()})
    write_whole(path, content)
    path.with_suffix(CHECKPOINT).unlink(missing_ok=True)


def save_checkpoint(
    directory: Path, member: int, state: Mapping[str, Tensor], seconds: float
) -> None:
    """Put a member in training away; `seconds` were spent on it by now."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in state.items()}
    content = safetensors.torch.save(tensors, {"format": FORMAT, "seconds": str(seconds)})
    write_whole(member_path(directory, member).with_suffix(CHECKPOINT), content)


def load_checkpoint(directory: Path, member: int) -> tuple[dict[str, Tensor], float] | None:
    """What `save_checkpoint` put away last, and the seconds; None if there is none.

    Raises RunError for a file that is no checkpoint.
    """
    path = member_path(directory, member).with_suffix(CHECKPOINT)
    if not path.exists():
        return None
    try:
        with safetensors.safe_open(path, "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return state, float(file.metadata()["seconds"])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path} is no checkpoint ({error}): delete it to begin anew.") from error


def check_member(directory: Path, member: int) -> None:
    """Raises RunError where a member's weights are missing, or are not what was once written."""
    path = member_path(directory, member)
    if not path.exists():
        raise RunError(f"{directory} is unfinished, {path.name} is missing: train it to the end.")
    with path.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if read_json(path.with_suffix(".json")).get("sha256") != found:
        raise RunError(f"{path} is not what was written at the end of its training.")


def load_member(directory: Path, member: int, network: nn.Module) -> None:
    """Fill a network with the weights of a member that was checked.

    Raises RunError where they are another network's.
    """
    path = member_path(directory, member)
    try:
        state: dict[str, Tensor] = safetensors.torch.load_file(path)
        network.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"{path} does not hold the weights of this network ({reason})") from error


def load_head(directory: Path, member: int) -> tuple[Tensor, Tensor]:
    """A finished member's matrix (K, F) and bias (K,), float32, without reading the rest of it.

    So its sha256 is not checked. Raises RunError where they are missing.
    """
    path = member_path(directory, member)
    try:
        with safetensors.safe_open(path, "pt") as file:
            return file.get_tensor("head.weight").float(), file.get_tensor("head.bias").float()
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} does not hold a matrix ({error}).") from error
