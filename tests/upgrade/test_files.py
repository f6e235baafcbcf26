"""Files that an older version wrote are read: stamp pack, runs, weights, experiments, releases.

The rows are those of the copy on SQLite, whose files were kept; they are loaded into either
database.
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

import classifier
from classifier.core.packs import Pack
from classifier.core.training_set import CONTROL, TRAIN
from classifier.inference import head_refit
from classifier.inference.embeddings import Embeddings
from tests.services.site import ROOT
from tests.upgrade import weights
from tests.upgrade.copies import SECRET_KEY

HERE = Path(__file__).parent
VERSIONS = sorted(path.parent.name for path in HERE.glob("v*/files.tar.xz"))


class Installation:
    """The home of an older version, with its weights made again."""

    def __init__(self, version, home):
        self.version, self.home = version, home
        with tarfile.open(HERE / version / "files.tar.xz") as archive:
            archive.extractall(home, filter="data")
        self.noted = json.loads((home / "noted.json").read_text())
        self.run = home / "runs" / str(self.noted["run"])
        for seed, header in enumerate(sorted(self.run.glob("*.header"))):
            content = weights.with_values(header.read_bytes(), seed)
            header.with_suffix(".safetensors").write_bytes(content)
        self.manifest = classifier.Manifest.read(self.run / "training_set.csv", home / "packs")

    def report(self, database_url):
        """Load the rows, migrate, and read the files by API and pages."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "ASTERISM_HOME": str(self.home),
            "SECRET_KEY": SECRET_KEY,
            "ALLOWED_HOSTS": "testserver",
            "DATABASE_URL": database_url or f"sqlite:///{self.home / 'db.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "deploy.settings",
        }
        for command in (
            ["tests/upgrade/check.py", "load", str(HERE / self.version / "sqlite.json")],
            ["manage.py", "migrate", "--verbosity=0"],
            ["tests/upgrade/read_files.py"],
        ):
            done = subprocess.run(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                check=False,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module", params=VERSIONS)
def installed(request, tmp_path_factory):
    return Installation(request.param, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def report(installed, database_for):
    return installed.report(database_for(f"files_of_{installed.version}"))


def test_the_pack_is_read_whole(installed):
    (path,) = (installed.home / "packs").iterdir()
    pack = Pack.open(path)
    stamps, observed = pack.read(np.arange(len(pack.observed)))
    assert len(stamps) == len(installed.noted["stamps"])
    assert np.isfinite(stamps).any(axis=(2, 3))[observed].all()


def test_the_stamps_are_those_that_the_version_gave(installed, report):
    assert report["stamps"] == installed.noted["stamps"]
    assert report["fits"] == 200


def test_pages_find_no_damage(report):
    assert set(report["pages"].values()) == {200}
    assert report["damage"] == []
    assert report["made_with"]["versions"]


def test_training_sets_and_release_are_sent_as_written(report):
    assert report["training_set"] == {"run": report["manifest_sha256"]}
    assert report["experiment"] == report["experiment_sha256"]
    assert report["release"] == {"file": report["release_sha256"]}


def test_the_weights_predict_what_they_did(installed):
    predictions = classifier.predict(installed.run, installed.manifest, device="cpu")
    noted = installed.noted["predictions"]
    assert predictions.candidate.tolist() == noted["candidate"]
    # bfloat16 keeps 8 bits, and rounds otherwise with another number of threads: 0.005 was seen.
    # The two members differ by at least 0.13 on every candidate.
    np.testing.assert_allclose(
        predictions.member_probability, noted["member_probability"], rtol=0, atol=0.02
    )
    first, second = predictions.member_probability
    assert np.abs(first - second).max(axis=1).min() > 0.1


def test_heads_are_refitted_on_its_embeddings(installed):
    path = installed.run / "embeddings.zarr"
    trained, control = installed.manifest.labels(TRAIN), installed.manifest.labels(CONTROL)
    wanted = Embeddings.read(path).candidate.tolist()
    same = head_refit.refit(installed.run, path, trained, trained, wanted)
    noted = np.mean(installed.noted["predictions"]["member_probability"], axis=0)
    # Embeddings are kept as float16, and were computed in bfloat16 as well.
    np.testing.assert_allclose(same.probability, noted, rtol=0, atol=0.02)
    other = head_refit.refit(installed.run, path, trained | control, trained, wanted)
    assert np.abs(other.probability - same.probability).max() > 0.01


def test_predictions_of_experiments_are_read(installed):
    paths = sorted(installed.home.glob("experiments/*/arms/*/predictions-*.safetensors"))
    assert paths
    for path in paths:
        predictions = classifier.Predictions.read(path)
        assert set(predictions.candidate) <= set(installed.manifest.candidate)
        np.testing.assert_allclose(predictions.probability.sum(axis=1), 1)
