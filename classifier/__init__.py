"""Two copies of an image network learn the shapes of star clusters (Wei et al. 2020).

    config = classifier.TrainingConfig.from_dict("quick", {"seed": 1})
    manifest = classifier.Manifest.read(Path("training.csv"), packs=Path("packs"))
    classifier.train(config, manifest, Path("run"))
    predictions = classifier.predict(Path("run"), manifest)
    print(classifier.evaluate(predictions, manifest).accuracy)

`python -m classifier --help` does the same from a shell.
"""

from classifier.calibration import Calibration, calibrate, tempered
from classifier.comparison import Comparison, compare
from classifier.config import CLASSES, PRESETS, TrainingConfig
from classifier.evaluation import Evaluation, evaluate
from classifier.files import RunError
from classifier.manifest import Manifest, NotTrainable
from classifier.packs import PackError
from classifier.prediction import Predictions, predict
from classifier.progress import Progress, Report
from classifier.training import DivergedError, TrainingResult, train

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
