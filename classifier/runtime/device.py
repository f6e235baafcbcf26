"""Choose the device and the precision of a computation, and report a full memory."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from classifier.core.config import TrainingConfig
from classifier.nets.backbones import BACKBONES
from classifier.training.checkpoints import RunError

OUT_OF_MEMORY = (
    "DefaultCPUAllocator",
    "bad_alloc",
    "could not create a primitive",
    "MPS backend out of memory",
)
"""Parts of the messages by which a plain RuntimeError reports a full memory: three of a CPU's, the
third oneDNN's, and Apple's GPU's."""


def choose_device(name: str) -> torch.device:
    """Return the device named `auto`, `cpu`, `cuda`, `cuda:1` or `mps`; `auto` prefers CUDA.

    `mps`, the GPU of Apple silicon, is untested: nobody has run it yet. It computes in float32
    and in torch's default memory layout. Raises RunError if there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"This machine has no device {name!r} ({reason}).") from error
    return device


def device_name(device: torch.device) -> str:
    """Return the name of a device for reports."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread" if threads == 1 else f"CPU, {threads} threads"


def computes_bfloat16(device: torch.device) -> bool:
    """True if the processor has instructions for bfloat16; emulation would be slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    # The public function, torch.cpu.get_capabilities, is missing in torch 2.6.
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001


def widest_float(device: torch.device) -> torch.dtype:
    """Return float64, or float32 on Apple's GPU, which has no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def autocast(
    config: TrainingConfig, device: torch.device, *, gradients: bool
) -> contextlib.AbstractContextManager[None]:
    """Return the autocast context for the configured precision.

    `gradients` is True in training, where "auto" may choose another precision.
    """
    if not _uses_bfloat16(config, device, gradients=gradients):
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def trains_in_blocked_layout(config: TrainingConfig, device: torch.device) -> bool:
    """True if training is fastest in oneDNN's blocked memory layout on this device."""
    return (
        device.type == "cpu"
        and BACKBONES[config.backbone].blocked_layout
        and _uses_bfloat16(config, device, gradients=True)
        and onednn_computes_bfloat16()
    )


def onednn_computes_bfloat16() -> bool:
    """True if torch has oneDNN, and oneDNN computes in bfloat16 on this CPU."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    # torch has no public function for this.
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001


def _uses_bfloat16(config: TrainingConfig, device: torch.device, *, gradients: bool) -> bool:
    if config.precision != "auto":
        return config.precision == "bfloat16"
    slower = gradients and device.type == "cpu" and BACKBONES[config.backbone].float32_gradients
    return not slower and computes_bfloat16(device)


@contextlib.contextmanager
def cudnn_benchmark(device: torch.device) -> Iterator[None]:
    """Let a GPU time the convolution algorithms for each new shape, and use the fastest.

    All batches have the same shapes, so this costs time once.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = before or device.type == "cuda"
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def is_memory_full(error: BaseException) -> bool:
    """True if an error of torch or NumPy reports a full memory, of a GPU or a CPU."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(part in str(error) for part in OUT_OF_MEMORY)


@contextlib.contextmanager
def explain_full_device(device: torch.device) -> Iterator[None]:
    """Raise RunError with advice if the device's memory is too small even for parts of a batch."""
    with _explain_full_memory(
        f"The memory of {device_name(device)} is too small for this run even in the smallest "
        f"parts: use another device, or a smaller batch_size, input_px or backbone."
    ):
        yield


@contextlib.contextmanager
def explain_full_host() -> Iterator[None]:
    """Raise RunError with advice if the stamps of a training do not fit into memory."""
    with _explain_full_memory(
        "The memory of this machine is too small for the stamps of the training set: use a "
        "smaller stamp_px or crop_px, fewer bands, or fewer labels."
    ):
        yield


@contextlib.contextmanager
def _explain_full_memory(message: str) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_memory_full(error):
            raise
        raise RunError(message) from error


def copy_to_device(values: Tensor, device: torch.device) -> Tensor:
    """Return the values on the device; a GPU copies them while it computes."""
    if device.type == "cuda":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)
