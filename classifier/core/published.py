"""Published agreement between people who classify the same objects, and recall of networks.

Source: Wei et al. 2020, MNRAS 493, 3178 (arXiv:1909.02024). Agreement, section 2.1: share of the
objects that one inspection puts in a class and the other puts there too. Recall, section 4: share
of the objects of a class that one network recovers, mean over ten networks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SOURCE = "Wei et al. 2020, section 2.1"

CLASS_AGREEMENT: Mapping[int, tuple[float, float]] = MappingProxyType(
    {1: (0.70, 0.80), 2: (0.40, 0.50), 3: (0.40, 0.50), 4: (0.60, 0.70)}
)
"""Lowest and highest agreement between two inspections in LEGUS, by class."""

COMPACT_AGREEMENT = (0.67, 0.88)
"""The same for the classes 1 and 2 taken as one; no range is published, only the two pairs."""


@dataclass(frozen=True)
class PublishedPair:
    """Two inspections of one field."""

    name: str
    per_class: tuple[float | None, ...]
    """Share per class; None where none is published."""
    compact: float
    """Of the objects in class 1 or 2, those that the other inspection puts in 1 or 2."""


SAME_EXPERT = PublishedPair("NGC 3351, one expert, years apart", (0.80, 0.53, 0.56, None), 0.88)
PAIRS = (
    SAME_EXPERT,
    PublishedPair("NGC 4656, one expert and the mode of three", (0.66, 0.37, 0.40, 0.61), 0.67),
)


@dataclass(frozen=True)
class PublishedRecall:
    """Recall of the classes by one network, trained and measured on one kind of labels."""

    where: str
    """Figure or table of the paper."""
    recall: tuple[float, ...]
    """(K,) mean over the networks."""
    std: tuple[float, ...] = ()
    """(K,) standard deviation over the networks; empty where none is published."""


CONSENSUS_RECALL: Mapping[str, PublishedRecall] = MappingProxyType(
    {
        "resnet18": PublishedRecall("figure 3, lower row, ResNet18", (0.78, 0.54, 0.58, 0.66)),
        "vgg19_bn": PublishedRecall("figure 3, lower row, VGG19-BN", (0.76, 0.54, 0.57, 0.69)),
    }
)
"""By backbone: trained on the mode of three people and measured on other objects of the fields."""

CONSENSUS_RECALL_OF_NEW_SKY: Mapping[str, PublishedRecall] = MappingProxyType(
    {
        "resnet18": PublishedRecall("figure 4, lower row, ResNet18", (0.70, 0.41, 0.48, 0.62)),
        "vgg19_bn": PublishedRecall("figure 4, lower row, VGG19-BN", (0.70, 0.45, 0.52, 0.52)),
    }
)
"""The same networks on NGC 1559, a field that they were not trained on."""

EXPERT_RECALL: Mapping[str, PublishedRecall] = MappingProxyType(
    {
        "resnet18": PublishedRecall(
            "table 4, ResNet18", (0.760, 0.582, 0.599, 0.709), (0.042, 0.053, 0.068, 0.048)
        ),
        "vgg19_bn": PublishedRecall(
            "table 5, VGG19-BN", (0.709, 0.638, 0.598, 0.691), (0.062, 0.048, 0.075, 0.068)
        ),
    }
)
"""By backbone: trained on one expert's labels and measured on other objects of the fields."""

EXPERT_RECALL_OF_NEW_SKY: Mapping[str, PublishedRecall] = MappingProxyType(
    {
        "resnet18": PublishedRecall(
            "table 6, ResNet18, NGC 1559",
            (0.728, 0.381, 0.401, 0.748),
            (0.076, 0.059, 0.071, 0.035),
        ),
        "vgg19_bn": PublishedRecall(
            "table 7, VGG19-BN, NGC 1559",
            (0.738, 0.423, 0.522, 0.673),
            (0.048, 0.079, 0.059, 0.068),
        ),
    }
)
"""The same networks on NGC 1559, a field that they were not trained on."""


def published_recall(backbone: str, *, one_expert: bool, new_sky: bool = False) -> PublishedRecall:
    """Return the figures to compare a network with; ResNet18's for backbones not in the paper.

    `new_sky`: those of a field that the networks were not trained on.
    """
    if new_sky:
        recall = EXPERT_RECALL_OF_NEW_SKY if one_expert else CONSENSUS_RECALL_OF_NEW_SKY
    else:
        recall = EXPERT_RECALL if one_expert else CONSENSUS_RECALL
    return recall.get(backbone, recall["resnet18"])
