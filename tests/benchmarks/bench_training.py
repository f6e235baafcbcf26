"""Training and inference of the dual ResNet18 at 299 px, against the loop one would write first.

Each runs in a process of its own; they take turns, batch by batch, so that a busy machine slows
both alike, and the median counts, so that one that was busy for a batch does not. Beside them
stands what the processor can do at most: the rate of a product of large matrices, in the precision
that the package computes in.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median

import numpy as np
import plain
import torch
from plain import PAPER
from report import record

from classifier.data.dataset import TrainingTensors
from classifier.data.stamps import central, crop_px
from classifier.inference.batches import predict_batches
from classifier.nets.dual_backbone import DualBackbone
from classifier.runtime.device import computes_bfloat16
from classifier.runtime.memory import keep_freed_memory
from classifier.training.optimisation import Optimisation

ROUNDS = 7
STAMPS = 128

MULTIPLICATIONS = 6.7e9
"""Of one stamp through both ResNet18 at 299 px, counted by torch's FlopCounterMode."""

Loop = Callable[[np.ndarray, np.ndarray], Iterator[float]]


def our_training(stamps: np.ndarray, labels: np.ndarray) -> Iterator[float]:
    """The package's loop; yields the loss of each batch."""
    data = TrainingTensors(torch.from_numpy(stamps).half(), torch.from_numpy(labels))
    network = DualBackbone.from_config(PAPER)
    optimisation = Optimisation(network, PAPER, data, torch.Generator().manual_seed(0))
    while True:
        yield optimisation.step().loss.item()


@torch.inference_mode()
def our_inference(stamps: np.ndarray, labels: np.ndarray) -> Iterator[float]:
    """The package's prediction; yields the highest probability of each batch."""
    network = DualBackbone.from_config(PAPER).eval()
    upright = torch.from_numpy(central(stamps, crop_px(PAPER.stamp_px, rotated=False)))
    while True:
        for part in upright.split(PAPER.batch_size):
            yield next(predict_batches(network, part, PAPER))[1].max().item()


def child(
    loop: Loop, memory: Callable[[], AbstractContextManager[None]], turns: Connection
) -> None:
    """In a process of its own: compute one batch whenever asked, and answer with its seconds."""
    torch.manual_seed(0)
    with memory():
        batches = loop(*plain.made_up_stamps(STAMPS))
        while turns.recv() == "batch":
            start = time.perf_counter()
            next(batches)
            turns.send(time.perf_counter() - start)


def rates(ours: Loop, theirs: Loop) -> tuple[float, float]:
    """Images a second of the two loops, by the median batch."""
    context = get_context("spawn")
    turns: dict[Loop, Connection] = {}
    seconds: dict[Loop, list[float]] = defaultdict(list)
    for loop, memory in ((ours, keep_freed_memory), (theirs, nullcontext)):
        turns[loop], far_end = context.Pipe()
        context.Process(target=child, args=(loop, memory, far_end), daemon=True).start()
    # The first two batches set up memory and kernels.
    for _ in range(2 + ROUNDS):
        for loop, connection in turns.items():
            connection.send("batch")
            seconds[loop].append(connection.recv())
    for connection in turns.values():
        connection.send("stop")
    ours_s, theirs_s = (median(seconds[loop][2:]) for loop in (ours, theirs))
    return PAPER.batch_size / ours_s, PAPER.batch_size / theirs_s


def multiplications_per_second(device: torch.device) -> float:
    """Of a product of large square matrices, in the package's precision."""
    gpu = device.type == "cuda"
    # A GPU needs more work, and more of it, before it is at its pace.
    side, times = (8192, 100) if gpu else (4096, 3)
    kind = torch.bfloat16 if computes_bfloat16(device) else torch.float32
    a, b = (torch.rand(side, side, dtype=kind, device=device) for _ in range(2))

    def seconds(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            a @ b
        # What a GPU was given is not done before this returns.
        if gpu:
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    seconds(max(1, times // 10))
    return times * side**3 / seconds(times)


def main() -> None:
    """Measure, and append the figures to `bench/training.jsonl`."""
    network = "dual ResNet18, 299 px, batch 32"
    # A step multiplies three times as often as a prediction.
    peak = multiplications_per_second(torch.device("cpu")) / MULTIPLICATIONS
    for measure, ours, theirs, most in (
        ("training throughput, PIL images", our_training, plain.training_on_pil_images, peak / 3),
        ("training throughput", our_training, plain.training_on_tensors, peak / 3),
        ("inference throughput", our_inference, plain.inference, peak),
    ):
        rate, reference = rates(ours, theirs)
        record(f"{measure}, {network}", rate, "images/s", reference, file="training")
        record(f"{measure}, share of the matrix rate", rate, "images/s", most, file="training")


if __name__ == "__main__":
    main()
