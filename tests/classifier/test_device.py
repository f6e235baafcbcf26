"""A device is used as it should be, and left as it was."""

import torch

from classifier.device import quick_convolutions


def test_a_gpu_tries_convolutions_and_forgets_it_afterwards():
    before = torch.backends.cudnn.benchmark
    with quick_convolutions(torch.device("cuda")):
        assert torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.benchmark == before


def test_a_cpu_leaves_gpus_alone():
    before = torch.backends.cudnn.benchmark
    with quick_convolutions(torch.device("cpu")):
        assert torch.backends.cudnn.benchmark == before
