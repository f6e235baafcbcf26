"""Two copies of an image network learn the shapes of star clusters (Wei et al. 2020).

    config = classifier.TrainingConfig.from_dict("quick", {"seed": 1})
    manifest = classifier.Manifest.read(Path("training.csv"), packs=Path("packs"))
    classifier.train(config, manifest, Path("run"))
    predictions = classifier.predict(Path("run"), manifest)
    print(classifier.evaluate(predictions, manifest).accuracy)

Stamps and labels in arrays become such a manifest with its pack by one call:

    manifest = classifier.write_training_set(Path("my-stamps"), stamps, labels)

`python -m classifier --help` does the same from a shell. Each name is imported when it is first
used (PEP 562): `import classifier` loads no torch.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classifier.core.array_sets import write_training_set
    from classifier.core.classes import CLASSES
    from classifier.core.config import PRESETS, TrainingConfig
    from classifier.core.errors import NotTrainable, PackError
    from classifier.core.temperature import apply_temperature
    from classifier.core.training_set import Manifest
    from classifier.evaluation.calibration import Calibration, calibrate
    from classifier.evaluation.comparison import Comparison, compare
    from classifier.evaluation.metrics import Evaluation, evaluate
    from classifier.inference.prediction import Predictions, predict
    from classifier.runtime.progress import Progress, Report
    from classifier.training.checkpoints import RunError
    from classifier.training.ensemble import TrainingResult, train
    from classifier.training.member import DivergedError

__all__ = [
    "CLASSES",
    "PRESETS",
    "Calibration",
    "Comparison",
    "DivergedError",
    "Evaluation",
    "Manifest",
    "NotTrainable",
    "PackError",
    "Predictions",
    "Progress",
    "Report",
    "RunError",
    "TrainingConfig",
    "TrainingResult",
    "apply_temperature",
    "calibrate",
    "compare",
    "evaluate",
    "predict",
    "train",
    "write_training_set",
]

_MODULES = MappingProxyType(
    {
        "CLASSES": "classifier.core.classes",
        "PRESETS": "classifier.core.config",
        "Calibration": "classifier.evaluation.calibration",
        "Comparison": "classifier.evaluation.comparison",
        "DivergedError": "classifier.training.member",
        "Evaluation": "classifier.evaluation.metrics",
        "Manifest": "classifier.core.training_set",
        "NotTrainable": "classifier.core.errors",
        "PackError": "classifier.core.errors",
        "Predictions": "classifier.inference.prediction",
        "Progress": "classifier.runtime.progress",
        "Report": "classifier.runtime.progress",
        "RunError": "classifier.training.checkpoints",
        "TrainingConfig": "classifier.core.config",
        "TrainingResult": "classifier.training.ensemble",
        "calibrate": "classifier.evaluation.calibration",
        "compare": "classifier.evaluation.comparison",
        "evaluate": "classifier.evaluation.metrics",
        "predict": "classifier.inference.prediction",
        "apply_temperature": "classifier.core.temperature",
        "train": "classifier.training.ensemble",
        "write_training_set": "classifier.core.array_sets",
    }
)


def __getattr__(name: str) -> object:
    """Import a public name from its module when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted(__all__)
