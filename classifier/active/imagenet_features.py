"""Compute features by networks trained on ImageNet, which need no label.

Shapes   N candidates of a manifest, F features of all copies of the backbone, side by side.
NaN      rows of candidates that cannot be read or have too many bands missing.
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
from classifier.data.stamps import StampWindow, read_chunks
from classifier.inference.batches import predict_batches
from classifier.nets import imagenet_weights
from classifier.nets.backbones import BACKBONES
from classifier.nets.dual_backbone import DualBackbone
from classifier.nets.torchvision_import import Normalize
from classifier.runtime.device import choose_device, cudnn_benchmark, explain_full_device
from classifier.runtime.progress import Progress, ProgressMeter, Report
from classifier.training.checkpoints import RunError

FORMAT = "asterism-features/2"
"""Changes whenever the same configuration gives other features."""


def compute_features(
    manifest: Manifest, config: TrainingConfig, report: Report = lambda _: None
) -> NDArray[np.float32]:
    """Return features (N, F) by the configured backbone before any training.

    Raises RunError if ImageNet weights are configured and cannot be found.
    """
    device = choose_device(config.device)
    network = _untrained_network(config).to(device)
    features_NF = np.full((len(manifest), network.head.in_features), np.nan, dtype=np.float32)
    meter = ProgressMeter(len(manifest))
    positions = np.arange(len(manifest))
    with torch.inference_mode(), cudnn_benchmark(device), explain_full_device(device):
        for chunk in read_chunks(manifest, positions, config, StampWindow.prediction(config)):
            pixels = torch.from_numpy(chunk.pixels)
            parts = [z_BF for z_BF, _ in predict_batches(network, pixels, config)]
            enough = chunk.missing <= config.max_missing_bands
            if parts:
                features_NF[chunk.positions[enough]] = torch.cat(parts).cpu().numpy()[enough]
            if meter.add(len(chunk.positions) + len(chunk.unusable)):
                report(
                    Progress("prepare", 0, 1, meter.completed, meter.total, fraction=meter.fraction)
                )
    return features_NF


def stored_features(
    manifest: Manifest, config: TrainingConfig, path: Path, report: Report = lambda _: None
) -> NDArray[np.float32]:
    """Return features (N, F) from a safetensors file; compute and write them if it has others.

    The file's metadata say which configuration and training set they belong to.
    """
    source = json.dumps([FORMAT, config.to_dict(), manifest.sha256])
    if path.exists():
        with safetensors.safe_open(path, "numpy") as file:
            if (file.metadata() or {}).get("made_of") == source:
                stored_NF: NDArray[np.float32] = file.get_tensor("features")
                return stored_NF
    features_NF = compute_features(manifest, config, report)
    write_atomically(path, safetensors.numpy.save({"features": features_NF}, {"made_of": source}))
    return features_NF


def _untrained_network(config: TrainingConfig) -> DualBackbone:
    path = None
    entry = BACKBONES[config.backbone]
    if config.pretrained:
        weights = imagenet_weights.find(entry.url, package=entry.package)
        if weights.path is None:
            raise RunError(f"Embeddings need ImageNet weights. {weights.note}")
        path = weights.path
    # Initial weights use torch's global generator: the caller's state is restored.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = DualBackbone.from_config(config, path)
    if path:
        # A network in training adapts to pixels in [0, 1]; one that is not trained needs the
        # pixels of ImageNet.
        for number, bands in enumerate(network.bands_per_copy):
            normalise = Normalize(entry.pixel_mean[:bands], entry.pixel_sd[:bands])
            network.backbones[number] = nn.Sequential(normalise, network.backbones[number])
    return network.eval()
