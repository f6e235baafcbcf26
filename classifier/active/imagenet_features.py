"""What networks trained on ImageNet see in candidates: features that need no label.

Shapes   N candidates of a manifest, F features of all copies of the backbone, side by side.
"""

import json
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from torch import nn

from classifier.core.atomic_files import write_atomically
from classifier.core.config import TrainingConfig
from classifier.core.training_set import Manifest
from classifier.data.stamps import View, read_chunks
from classifier.inference.prediction import in_batches
from classifier.nets import imagenet_weights
from classifier.nets.backbones import BACKBONES
from classifier.nets.dual_backbone import DualBackbone
from classifier.nets.torchvision_import import Normalize
from classifier.runtime.device import choose_device, cudnn_benchmark, explain_full_device
from classifier.runtime.progress import Progress, ProgressMeter, Report
from classifier.training.checkpoints import RunError

FORMAT = "asterism-features/2"
"""Changes where the same configuration gives other features."""


def embed(
    manifest: Manifest, config: TrainingConfig, report: Report = lambda _: None
) -> NDArray[np.float32]:
    """Features (N, F) by the configured backbone before any training, mean over orientations.

    NaN for candidates that cannot be read or have too many bands missing. Raises RunError where
    ImageNet's weights are asked for and cannot be had.
    """
    device = choose_device(config.device)
    network = _network(config).to(device)
    found = np.full((len(manifest), network.head.in_features), np.nan, dtype=np.float32)
    meter = ProgressMeter(len(manifest))
    everything = np.arange(len(manifest))
    with torch.inference_mode(), cudnn_benchmark(device), explain_full_device(device):
        for chunk in read_chunks(manifest, everything, config, View.prediction(config)):
            pixels = torch.from_numpy(chunk.pixels)
            seen = [features for features, _ in in_batches(network, pixels, config)]
            enough = chunk.missing <= config.max_missing_bands
            if seen:
                found[chunk.positions[enough]] = torch.cat(seen).cpu().numpy()[enough]
            if meter.add(len(chunk.positions) + len(chunk.unusable)):
                report(
                    Progress("prepare", 0, 1, meter.completed, meter.total, fraction=meter.fraction)
                )
    return found


def embed_once(
    manifest: Manifest, config: TrainingConfig, path: Path, report: Report = lambda _: None
) -> NDArray[np.float32]:
    """What `embed` gives, kept in a safetensors file beside what it was made of."""
    made_of = json.dumps([FORMAT, config.to_dict(), manifest.sha256])
    if path.exists():
        with safetensors.safe_open(path, "numpy") as file:
            if (file.metadata() or {}).get("made_of") == made_of:
                kept: NDArray[np.float32] = file.get_tensor("features")
                return kept
    features = embed(manifest, config, report)
    write_atomically(path, safetensors.numpy.save({"features": features}, {"made_of": made_of}))
    return features


def _network(config: TrainingConfig) -> DualBackbone:
    start = None
    entry = BACKBONES[config.backbone]
    if config.pretrained:
        found = imagenet_weights.find(entry.url, package=entry.package)
        if found.path is None:
            raise RunError(f"Embeddings need ImageNet weights. {found.note}")
        start = found.path
    # The head and random weights draw from torch's global generator: leave the caller's as it was.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = DualBackbone.from_config(config, start)
    if start:
        # A network that learns on adapts to pixels in [0, 1], as the paper has them; one at rest
        # has to see them as it did on ImageNet.
        for number, channels in enumerate(network.bands_per_copy):
            usual = Normalize(entry.pixel_mean[:channels], entry.pixel_sd[:channels])
            network.backbones[number] = nn.Sequential(usual, network.backbones[number])
    return network.eval()
