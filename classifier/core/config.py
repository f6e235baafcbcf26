"""The configuration of a training run, with the paper's choices as defaults.

Source: Wei et al. 2020, MNRAS 493, 3178 (arXiv:1909.02024), sections 3.2 to 4.1.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Self

from classifier.core.bands import BANDS
from classifier.core.classes import CLASSES
from classifier.core.named_values import NamedValue

PACK_STAMP_PX = 100
"""Side of the stamps that packs hold; a network sees their centre."""

STARCNET_PX = 32
"""Side of StarcNet's input, which its fully-connected layers fix (Perez et al. 2021)."""

BackboneName = Literal["resnet18", "vgg19_bn", "efficientnet_lite0", "starcnet"]
BACKBONE_NAMES: tuple[BackboneName, ...] = typing.get_args(BackboneName)
"""Image networks, which `classifier.nets.backbones` builds."""

FREE_BACKBONES = tuple(name for name in BACKBONE_NAMES if name != "starcnet")
"""Backbones that any preset can have instead of its own; StarcNet's needs all of its preset."""


class Preset(NamedValue):
    """A named starting point: the paper's two, its published peer, one for a CPU and few labels."""

    PAPER_RESNET18 = "paper-resnet18", "as in the paper, ResNet18"
    PAPER_VGG19BN = "paper-vgg19bn", "as in the paper, VGG19-BN"
    STARCNET = "starcnet", "StarcNet's architecture, from random weights"
    QUICK = "quick", "quick: small input, few members, minutes on a CPU"


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a run learns, except the manifest and the versions of code."""

    preset: str = Preset.PAPER_RESNET18.value
    """The named starting point, kept for reports."""
    backbone: BackboneName = "resnet18"
    """Three bands go to each copy of it (section 3.2); to StarcNet, the published peer, all."""
    classes: int = len(CLASSES)
    """Labels are whole numbers from 1 to this."""
    bands: tuple[str, ...] = BANDS
    """In threes: the first copy sees (NUV, U, B), the second (V, I, 0); section 3.3."""
    blanked: tuple[str, ...] = ()
    """Bands that the network is shown as zeros, as one that is missing, to see what they tell."""
    stamp_px: int = 50
    """Side of the square, in stamp pixels, that the network sees."""
    input_px: int = 299
    """Side to which that square is resized."""
    scaling: Literal["minmax", "asinh"] = "minmax"
    """How each band of each stamp becomes [0, 1]; asinh flattens the bright end first."""
    scaling_range: Literal["band", "joint"] = "band"
    """Range that becomes [0, 1]: of each band, as we read "each image" in section 3.4, or joint, of
    all bands of a stamp, which keeps its colour. The paper does not say that; joint is ours."""
    augment: bool = True
    """Random flips and a rotation uniform in [0, 2 pi]; section 3.4."""
    crop_px: tuple[int, ...] = ()
    """Smallest and largest side of a random square that takes the place of `stamp_px` in training,
    each scaled to [0, 1] by itself; none in the paper, whose section 4.3 names it future work."""
    dihedral: bool = False
    """Predict the mean over the eight upright orientations of a stamp, not one."""
    max_missing_bands: int = 1
    """Candidates with more bands missing are neither trained nor measured on."""
    batches: int = 10_000
    """Length of the training of one member, whatever the number of labels."""
    batch_size: int = 32
    """The paper's for ResNet18; 16 for VGG19-BN, which needs more memory."""
    learning_rate: float = 1e-4
    """Of Adam."""
    schedule: Literal["constant", "cosine"] = "constant"
    """cosine: warm up for a twentieth of the batches, then fall to zero."""
    weight_decay: float = 0.0
    """Decoupled from the gradient (AdamW); 0 is plain Adam."""
    layer_decay: float = 1.0
    """Each layer learns at this times the rate of the one above it; 1 in the paper."""
    head_batches: int = 0
    """So many first batches move only the joining matrix, whose weights are random."""
    average: float = 0.0
    """Keep an exponential moving average of the weights with this decay; 0: keep the last. It warms
    up: after batch t the decay is at most (1 + t) / (10 + t), so that a short training is not left
    with its initial weights."""
    soft_labels: bool = False
    """Learn the shares of the votes that the manifest gives, not only the label."""
    label_smoothing: float = 0.0
    """Share of each label that is spread evenly over the classes."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced: each class weighs the same in the loss, however rare."""
    members: int = 10
    """Independent networks in the ensemble; section 4.1."""
    pretrained: bool = True
    """Start from ImageNet's weights where they can be had."""
    seed: int = 0
    """Of initial weights, order of batches and augmentation; each member draws its own from it."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 where the processor computes in it, and is quicker so with this backbone."""
    device: str = "auto"
    """auto: a GPU if present, else the CPU; or a device by torch's name (`cuda:1`)."""

    def __post_init__(self) -> None:
        """Raise ValueError, naming the setting, for a configuration that cannot be trained."""
        for field, hint in typing.get_type_hints(type(self)).items():
            _check_type(field, getattr(self, field), hint)
        _check_bands(self.bands)
        if not set(self.blanked) < set(self.bands):
            raise ValueError("blanked must be some of the bands, not all of them.")
        _check_crop(self.crop_px)
        for field, (low, high) in LIMITS.items():
            if not low <= getattr(self, field) <= high:
                raise ValueError(f"{field} must be {low} to {high}, not {getattr(self, field)}.")
        if self.max_missing_bands >= len(self.bands):
            raise ValueError("max_missing_bands must be below the number of bands.")
        if self.backbone == "starcnet" and (self.input_px != STARCNET_PX or self.pretrained):
            raise ValueError(f"starcnet needs input_px {STARCNET_PX} and pretrained false.")

    @classmethod
    def from_dict(cls, preset: str, overrides: Mapping[str, object]) -> Self:
        """Return the preset with some settings replaced, as JSON or a command line has them.

        Raises ValueError with one sentence for an unknown preset, setting or value.
        """
        if preset not in PRESETS:
            raise ValueError(f"No preset {preset!r}; there are {', '.join(PRESETS)}.")
        names = {field.name for field in dataclasses.fields(cls)} - {"preset"}
        unknown = sorted(set(overrides) - names)
        if unknown:
            raise ValueError(f"No setting {unknown[0]!r}; there are {', '.join(sorted(names))}.")
        settings = dataclasses.asdict(PRESETS[preset]) | _from_json(overrides)
        return cls(**settings)

    @classmethod
    def from_json(cls, settings: Mapping[str, object]) -> Self:
        """Return the configuration of `to_dict`'s values. Raises ValueError or TypeError."""
        return cls(**_from_json(settings))

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as JSON values."""
        settings = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}


LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "classes": (2, 100),
        "stamp_px": (8, PACK_STAMP_PX),
        "input_px": (32, 1024),
        "max_missing_bands": (0, 5),
        "batches": (1, 1_000_000),
        "batch_size": (2, 4096),
        "learning_rate": (1e-8, 1.0),
        "weight_decay": (0.0, 1.0),
        "layer_decay": (0.01, 1.0),
        "head_batches": (0, 1_000_000),
        "average": (0.0, 0.99999),
        "label_smoothing": (0.0, 0.5),
        "members": (1, 100),
        "seed": (0, 2**63 - 1),
    }
)
"""Lowest and highest value of each number."""


def _from_json(overrides: Mapping[str, object]) -> dict[str, Any]:
    values: dict[str, Any] = dict(overrides)
    for name, hint in typing.get_type_hints(TrainingConfig).items():
        value = values.get(name)
        if isinstance(hint, types.GenericAlias) and isinstance(value, list):
            values[name] = tuple(value)
        if hint is float and isinstance(value, int) and not isinstance(value, bool):
            values[name] = float(value)
    return values


def _check_type(field: str, value: object, hint: Any) -> None:
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            choices = ", ".join(typing.get_args(hint))
            raise ValueError(f"{field} must be one of {choices}, not {value!r}.")
        return
    expected = tuple if isinstance(hint, types.GenericAlias) else hint
    # bool is an int to Python, never to a person who writes a number of batches.
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise ValueError(f"{field} must be of type {expected.__name__}, not {value!r}.")


def _check_bands(bands: tuple[str, ...]) -> None:
    if not 1 <= len(bands) <= 6 or len(set(bands)) != len(bands):
        raise ValueError("bands must be one to six different names of bands.")
    if not all(isinstance(band, str) for band in bands):
        raise ValueError("bands must be names of bands.")


def _check_crop(crop_px: tuple[int, ...]) -> None:
    if not crop_px:
        return
    if len(crop_px) != 2 or not all(type(side) is int for side in crop_px):
        raise ValueError("crop_px must be nothing, or two whole numbers.")
    low, high = LIMITS["stamp_px"]
    if not low <= crop_px[0] <= crop_px[1] <= high:
        raise ValueError(f"crop_px must rise, within {low} to {high}, not {crop_px}.")


PRESETS: Mapping[str, TrainingConfig] = MappingProxyType(
    {
        Preset.PAPER_RESNET18.value: TrainingConfig(),
        Preset.PAPER_VGG19BN.value: TrainingConfig(
            preset=Preset.PAPER_VGG19BN.value, backbone="vgg19_bn", batch_size=16
        ),
        Preset.STARCNET.value: TrainingConfig(
            preset=Preset.STARCNET.value,
            backbone="starcnet",
            stamp_px=STARCNET_PX,
            input_px=STARCNET_PX,
            pretrained=False,
        ),
        Preset.QUICK.value: TrainingConfig(
            preset=Preset.QUICK.value,
            # Few pixels make few sums; the inner part of the stamp keeps the sharpness that tells
            # a cluster from a star.
            stamp_px=32,
            input_px=64,
            scaling="asinh",
            batches=150,
            learning_rate=1e-3,
            schedule="cosine",
            members=3,
        ),
    }
)
"""The configuration of each preset, by its value."""
