"""Both networks of the paper on a GPU: how fast, how near to what the card can do, in what memory.

Where there is no GPU it says so and ends. `python tests/benchmarks/bench_gpu.py cpu` goes the same
way with a few small images and leaves no figures, to see that it can be gone.
"""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import plain
import torch
from bench_training import multiplications_per_second
from report import record
from torch.utils.flop_counter import FlopCounterMode

from classifier.core.config import PRESETS, TrainingConfig
from classifier.data.dataset import TrainingTensors
from classifier.data.random_views import network_input, random_views
from classifier.data.stamps import central, crop_px
from classifier.inference.batches import predict_batches, prediction_batch_size
from classifier.nets.dual_backbone import DualBackbone
from classifier.runtime.device import choose_device, copy_to_device, cudnn_benchmark
from classifier.training.optimisation import EndlessBatches, Optimisation

# The longest that the paper's ten networks may take.
MINUTES = {"paper-resnet18": 10, "paper-vgg19bn": 30}


@dataclass(frozen=True)
class Length:
    """How much is measured."""

    warm_up: int
    """Batches in which memory is found and convolutions are tried."""
    batches: int
    stamps: int


FULL = Length(warm_up=20, batches=300, stamps=1024)
TRIAL = Length(warm_up=1, batches=2, stamps=8)


@dataclass(frozen=True)
class Measured:
    """What one network did; seconds are wall-clock time after the device had finished."""

    start: float
    """Seconds from nothing to the end of the warm-up."""
    step: float
    """Seconds of a batch of training."""
    data: float
    """Seconds of what a step does before its network sees the images, done alone."""
    prediction: float
    """Seconds of a stamp in inference."""
    gib: float
    """Peak memory of training; 0 on a CPU."""


def finished(device: torch.device) -> float:
    """The clock, once the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def seconds_of(once: Callable[[], object], times: int, device: torch.device) -> float:
    """Mean over so many times, one right after the other."""
    start = finished(device)
    for _ in range(times):
        once()
    return (finished(device) - start) / times


def empty_memory(device: torch.device) -> None:
    """Leave nothing of the network before in the device; its peak counts from here."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def measure(config: TrainingConfig, length: Length, device: torch.device) -> Measured:
    """One network, from its random weights on, through training and inference."""
    stamps, labels = plain.made_up_stamps(length.stamps)
    data = TrainingTensors(torch.from_numpy(stamps).half(), torch.from_numpy(labels)).to(device)
    empty_memory(device)
    with cudnn_benchmark(device):
        start = finished(device)
        network = DualBackbone.from_config(config).to(device)
        training = Optimisation(network, config, data, torch.Generator().manual_seed(0))
        for _ in range(length.warm_up):
            training.step()
        warm = finished(device) - start
        step = seconds_of(training.step, length.batches, device)
        peak = torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0
        return Measured(
            start=warm,
            step=step,
            data=data_path(config, data, length),
            prediction=inference(network.eval(), config, stamps, length),
            gib=peak,
        )


def data_path(config: TrainingConfig, data: TrainingTensors, length: Length) -> float:
    """Seconds from the numbers of a batch's stamps to the images that the network sees."""
    generator = torch.Generator().manual_seed(0)
    batches = EndlessBatches(len(data.labels), config.batch_size, generator)
    device = data.stamps.device

    def once() -> None:
        index = copy_to_device(next(batches), device)
        views = random_views(len(index), config, generator)
        network_input(data.stamps[index].float(), config, views)

    once()
    return seconds_of(once, length.batches, device)


@torch.inference_mode()
def inference(
    network: DualBackbone, config: TrainingConfig, stamps: np.ndarray, length: Length
) -> float:
    """Seconds of a stamp, from stamps in the host's memory to probabilities there."""
    upright = torch.from_numpy(central(stamps, crop_px(config.stamp_px, rotated=False)))

    def once() -> None:
        torch.cat([p_BK for _, p_BK in predict_batches(network, upright, config)]).cpu()

    once()
    times = max(1, length.batches * config.batch_size // len(stamps))
    return seconds_of(once, times, network.head.weight.device) / len(stamps)


def multiplications(config: TrainingConfig) -> float:
    """Of one stamp through the network, as torch counts them; no weight is made for that."""
    nowhere = torch.device("meta")
    size = (1, len(config.bands), config.input_px, config.input_px)
    with FlopCounterMode(display=False) as counter:
        DualBackbone.uninitialised(config, nowhere).features(torch.empty(size, device=nowhere))
    return counter.get_total_flops() / 2


def tell(config: TrainingConfig, measured: Measured, peak: float, device: torch.device) -> None:
    """Append the figures of one network to `bench/gpu.jsonl`."""
    size = config.batch_size
    setting = f"{config.preset}, {config.input_px} px, batch {size}"
    at_rest_size = prediction_batch_size(config, device)
    at_rest = f"{config.preset}, {config.input_px} px, batch {at_rest_size}"
    # A step multiplies three times as often as a prediction.
    most = peak / multiplications(config)
    for which, rate, best in (
        (f"training, {setting}", size / measured.step, most / 3),
        (f"inference, {at_rest}", 1 / measured.prediction, most),
    ):
        name = f"{which}, share of the card's rate of bfloat16 products"
        record(name, rate, "images/s", best, file="gpu")
    # The more room is left, the better.
    room = torch.cuda.get_device_properties(device).total_memory / 2**30
    name = f"room beside training's peak of {measured.gib:.1f} GiB, {setting}"
    record(name, 1 / measured.gib, "1/GiB", 1 / room, file="gpu")
    record(
        f"data path alone, {setting}, whose share of a step is 1 in",
        1 / measured.data, "batches/s",
        1 / measured.step, file="gpu",
    )  # fmt: skip
    hours = whole_experiment(config, measured, FULL) / 3600
    record(
        f"the paper's {config.members} networks trained, {config.preset}, extrapolated from "
        f"{FULL.batches} of {config.batches} batches: {3600 * hours:.0f} s",
        1 / hours, "experiments/h", 60 / MINUTES[config.preset], file="gpu",
    )  # fmt: skip


def whole_experiment(config: TrainingConfig, measured: Measured, length: Length) -> float:
    """Seconds of all members at the pace of the measured batches, with the start of each."""
    return config.members * (measured.start + (config.batches - length.warm_up) * measured.step)


def small(config: TrainingConfig) -> TrainingConfig:
    """The same with hardly anything to compute."""
    return replace(config, input_px=32, batch_size=2)


def main(arguments: list[str]) -> None:
    """Measure both networks on the device that is named, or on a GPU."""
    device = choose_device(arguments[0] if arguments else "auto")
    if device.type == "cpu" and not arguments:
        sys.stdout.write("no GPU here\n")
        return
    if device.type == "cpu":
        for preset in MINUTES:
            sys.stdout.write(f"{preset}: {measure(small(PRESETS[preset]), TRIAL, device)}\n")
        return
    peak = multiplications_per_second(device)
    for preset in MINUTES:
        tell(PRESETS[preset], measure(PRESETS[preset], FULL, device), peak, device)


if __name__ == "__main__":
    main(sys.argv[1:])
