"""Two copies of an image network learn the shapes of star clusters (Wei et al. 2020).

    config = classifier.TrainingConfig.from_dict("quick", {"seed": 1})
    manifest = classifier.Manifest.read(Path("training.csv"), packs=Path("packs"))
    classifier.train(config, manifest, Path("run"))
    predictions = classifier.predict(Path("run"), manifest)
    print(classifier.evaluate(predictions, manifest).accuracy)

`python -m classifier --help` does the same from a shell.
"""

from classifier.core.config import CLASSES, PRESETS, TrainingConfig
from classifier.core.manifest import Manifest, NotTrainable
from classifier.data.stamps import PackError
from classifier.evaluation.calibration import Calibration, calibrate, tempered
from classifier.evaluation.comparison import Comparison, compare
from classifier.evaluation.metrics import Evaluation, evaluate
from classifier.inference.prediction import Predictions, predict
from classifier.runtime.progress import Progress, Report
from classifier.training.checkpoints import RunError
from classifier.training.ensemble import DivergedError, TrainingResult, train

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
    "calibrate",
    "compare",
    "evaluate",
    "predict",
    "tempered",
    "train",
]
