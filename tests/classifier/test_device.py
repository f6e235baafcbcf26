"""A device is used as it should be, and left as it was."""

import numpy as np
import pytest
import torch

from classifier import RunError
from classifier.device import is_memory_full, memory_of, quick_convolutions

TOO_MANY = 2**50


@pytest.mark.parametrize("allocate", [torch.empty, np.empty])
def test_a_full_memory_is_known_by_what_is_said_of_it(allocate):
    with pytest.raises((RuntimeError, MemoryError)) as full:
        allocate((TOO_MANY, 4))
    assert is_memory_full(full.value)
    with pytest.raises(RunError, match="use another device"), memory_of(torch.device("cpu")):
        allocate((TOO_MANY, 4))


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shapes"), memory_of(torch.device("cpu")):
        torch.zeros(2, 3) @ torch.zeros(2, 3)


def test_a_gpu_tries_convolutions_and_forgets_it_afterwards():
    before = torch.backends.cudnn.benchmark
    with quick_convolutions(torch.device("cuda")):
        assert torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.benchmark == before


def test_a_cpu_leaves_gpus_alone():
    before = torch.backends.cudnn.benchmark
    with quick_convolutions(torch.device("cpu")):
        assert torch.backends.cudnn.benchmark == before
