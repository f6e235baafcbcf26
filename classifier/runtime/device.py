"""Where and in what precision networks are computed."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.nets.backbones import BACKBONES
from classifier.training.checkpoints import RunError


def choose_device(name: str) -> torch.device:
    """The device that `auto`, `cpu`, `cuda` or `cuda:1` stands for; RunError if there is none."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"There is no device {name!r} here ({reason}).") from error
    return device


def computes_bfloat16(device: torch.device) -> bool:
    """Whether the processor multiplies in bfloat16 itself; emulated it would be slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())


def autocast(
    config: TrainingConfig, device: torch.device, *, gradients: bool
) -> contextlib.AbstractContextManager[None]:
    """The context in which networks are evaluated, by the configuration's precision.

    `gradients` says whether they are computed too, as in training.
    """
    if not _in_bfloat16(config, device, gradients=gradients):
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def trains_in_blocks(config: TrainingConfig, device: torch.device) -> bool:
    """Whether this device trains quickest in oneDNN's own layout of memory."""
    return (
        device.type == "cpu"
        and BACKBONES[config.backbone].in_blocks
        and _in_bfloat16(config, device, gradients=True)
        and torch._C._has_mkldnn
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


def _in_bfloat16(config: TrainingConfig, device: torch.device, *, gradients: bool) -> bool:
    if config.precision != "auto":
        return config.precision == "bfloat16"
    slower = gradients and device.type == "cpu" and BACKBONES[config.backbone].float32_gradients
    return not slower and computes_bfloat16(device)


@contextlib.contextmanager
def quick_convolutions(device: torch.device) -> Iterator[None]:
    """Within it a GPU tries several ways for each new shape and keeps the quickest.

    Shapes are the same from batch to batch, so that this is paid for once.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = before or device.type == "cuda"
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


NO_MEMORY = ("DefaultCPUAllocator", "bad_alloc", "could not create a primitive")
"""Of a CPU's memory torch says in one of these words, in a plain RuntimeError, that it is full; the
last are oneDNN's."""


def is_memory_full(error: BaseException) -> bool:
    """Whether this is how torch or NumPy say that some memory is too small, a GPU's or a CPU's."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in NO_MEMORY)


@contextlib.contextmanager
def memory_of(device: torch.device) -> Iterator[None]:
    """Raise RunError, which says what to do, where all of the device's memory is too little."""
    with _full_memory_is(
        f"The memory of {describe(device)} is too small for this run even in the smallest "
        f"parts: use another device, or a smaller batch_size, input_px or backbone."
    ):
        yield


@contextlib.contextmanager
def memory_for_stamps() -> Iterator[None]:
    """Raise RunError, which says what to do, where the stamps of a run do not fit into memory."""
    with _full_memory_is(
        "The memory of this machine is too small for the stamps that are learnt: use a smaller "
        "stamp_px or crop_px, fewer bands, or fewer labels."
    ):
        yield


@contextlib.contextmanager
def _full_memory_is(sentence: str) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_memory_full(error):
            raise
        raise RunError(sentence) from error


def sent(values: Tensor, device: torch.device) -> Tensor:
    """The values on the device, to which the next batch's way leads while this one is computed."""
    if device.type == "cuda":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)


def describe(device: torch.device) -> str:
    """The device in words, for reports."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"
