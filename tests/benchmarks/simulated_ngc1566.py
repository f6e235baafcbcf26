"""NGC 1566 with simulated pixels, imported as a user would: for what measures the whole way.

Positions, magnitudes and classes are those of the LEGUS catalogue; a class is what was drawn.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ASTERISM_DATA", ROOT.parent / "shared" / "data"))
NAME = "hlsp_legus_hst_wfc3_ngc1566_multiband_v1_padagb-mwext-avgapcor.tab"
CATALOGUE = DATA / "catalogues" / NAME
COUNT = 2752
FILTERS = ("f275w", "f336w", "f438w", "f555w", "f814w")
LABELS = "LEGUS, mode of three"


def command(*words: object, **environment: str) -> str:
    """Run Python with these words; returns what it prints, or ends this program where it fails."""
    line = [sys.executable, *map(str, words)]
    process = subprocess.run(
        line, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if process.returncode:
        sys.exit(f"{' '.join(line)}\n{process.stdout}{process.stderr}")
    return process.stdout


def simulated(folder: Path) -> list[Path]:
    """The five mosaics, made once."""
    mosaics = [folder / f"ngc1566_{name}_sim.fits" for name in FILTERS]
    if not all(path.exists() for path in mosaics):
        command(
            *("-m", "labeling.simulation", "ngc1566", "--catalogue", CATALOGUE),
            *("--zero-points", DATA / "legus_meta" / "header_info_ngc1566_prime.txt"),
            *("--psf", DATA / "psf", "--output", folder),
        )
    return mosaics


@dataclass(frozen=True)
class Site:
    """A site of its own in a folder, with an administrator and no broker."""

    home: Path

    @classmethod
    def make(cls, home: Path) -> Self:
        """With an empty database."""
        site = cls(home)
        site.manage("migrate", "--verbosity=0")
        make = "from django.contrib.auth.models import User; User.objects.create_superuser('admin')"
        site.manage("shell", "-v0", "-c", make)
        return site

    def manage(self, *words: object) -> None:
        """Run manage.py on it."""
        command("manage.py", *words, ASTERISM_HOME=str(self.home), REDIS_URL="redis://127.0.0.1:9")

    @property
    def packs(self) -> Path:
        """Folder of the stamp packs."""
        return self.home / "packs"

    @property
    def training_set(self) -> Path:
        """That of the first run."""
        return self.home / "runs" / "1" / "training_set.csv"

    def import_all(self, mosaics: Sequence[Path]) -> None:
        """Import field and catalogue."""
        named = [word for path in mosaics for word in ("--mosaic", path)]
        self.manage("import_field", "ngc1566", *named)
        self.manage("import_catalogue", "ngc1566", CATALOGUE)

    def freeze_labels(self) -> None:
        """Ask for a run on the labels of the catalogue; nobody carries it out."""
        self.manage("train", "--labels", LABELS)
