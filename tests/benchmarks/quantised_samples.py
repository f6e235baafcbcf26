"""The stamps of `quantised_accuracy.py`: the same candidates in lossless and quantised packs."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.stats import sigma_clipped_stats
from numpy.typing import NDArray
from scipy.stats import median_abs_deviation
from sklearn.model_selection import StratifiedGroupKFold

from classifier import PRESETS, Manifest, TrainingConfig
from classifier.core.atomic_files import write_atomically
from classifier.core.bands import BANDS
from classifier.core.packs import Pack, new_pack
from classifier.core.training_set import COLUMNS
from labeling.imaging.stamps import cut_stamps
from labeling.simulation import simulate_field
from tests.benchmarks import transfer

WORK = transfer.WORK.parent / "quantised"

CANDIDATES, SIDE, FIELD_SEEDS = 1200, 2900, (2021, 2022)
DITHERS, COARSER = 3, (10, 100)

SIMULATED = replace(PRESETS["quick"], backbone="efficientnet_lite0", members=1)
M31 = transfer.NETWORKS[transfer.TAUGHT]


@dataclass(frozen=True)
class Sample:
    """Candidates with the same stamps in several packs."""

    name: str
    config: TrainingConfig
    lossless: Manifest
    quantised: list[Manifest]
    """One for each dither."""
    coarse: list[Manifest]
    """One for each of COARSER, with steps so many times as large."""
    groups: NDArray[np.int64]
    """(n,) candidates of one group are in one fold."""

    @property
    def folder(self) -> Path:
        """Where its packs and trainings are."""
        return Path(str(self.lossless.packs))

    def folds(self, number: int, seed: int) -> Iterator[tuple[NDArray[np.int64], ...]]:
        """Yield training and test positions."""
        splitter = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
        yield from splitter.split(self.groups, self.lossless.label, self.groups)


def simulated() -> Sample:
    """The simulated fields."""
    folder = WORK / "simulated"
    if not (folder / "fields.csv").exists():
        write_fields(folder)
    manifest = Manifest.read(folder / "fields.csv", folder)
    sigma = np.load(folder / "sigma.npy")
    groups = np.arange(len(manifest))
    return sample("Simulated fields", SIMULATED, manifest, sigma, groups)


def write_fields(folder: Path) -> None:
    """Write the lossless pack of the simulated fields, its manifest, and the sky's sigma."""
    stamps, sigma, lines = [], [], [",".join(COLUMNS)]
    for seed in FIELD_SEEDS:
        field = simulate_field(seed, (SIDE, SIDE), CANDIDATES)
        x, y = (np.asarray(field.catalogue[axis], dtype=float) - 1 for axis in "xy")
        images = [np.asarray(field.mosaics[band].data, dtype=np.float32) for band in BANDS]
        stamps.append(np.stack([cut_stamps(image, x, y) for image in images], axis=1))
        noise = [sigma_clipped_stats(i[np.isfinite(i) & (i != 0)])[2] for i in images]
        sigma.append(np.tile(noise, (len(x), 1)))
        classes = dict(zip(field.truth["id"], field.truth["class"], strict=True))
        for name in field.catalogue["id"]:
            k = len(lines) - 1
            lines.append(f"{k},{seed},{name},lossless.zarr,{k},train,{classes[name]}")
    pixels = np.concatenate(stamps)
    with new_pack(folder / "lossless.zarr", len(pixels)) as write:
        write(0, pixels, np.isfinite(pixels).any(axis=(2, 3)))
    np.save(folder / "sigma.npy", np.concatenate(sigma))
    write_atomically(folder / "fields.csv", "\n".join([*lines, ""]).encode())


def m31() -> Sample:
    """Real stamps of one band; their noise is measured as in imports of stamps without mosaics."""
    folder = WORK / "m31"
    folder.mkdir(parents=True, exist_ok=True)
    path, groups = transfer.pack(folder)
    manifest = Manifest.read(path, folder)
    stamps, _ = Pack.open(folder / "m31.zarr").read(manifest.row, M31.bands)
    sigma = median_abs_deviation(stamps, axis=(2, 3), scale="normal")
    return sample("Stamps of M31", M31, manifest, np.fmin(sigma, np.median(sigma)), groups)


def sample(
    name: str,
    config: TrainingConfig,
    lossless: Manifest,
    sigma: NDArray[np.float64],
    groups: NDArray[np.int64],
) -> Sample:
    """The sample with quantised packs, which are written if they are not there."""
    quantised = quantise(lossless, config, "quantised.zarr", sigma, DITHERS)
    coarse = [
        quantise(lossless, config, f"coarse-{factor}.zarr", factor * sigma, 1)[0]
        for factor in COARSER
    ]
    return Sample(name, config, lossless, quantised, coarse, groups)


def quantise(
    manifest: Manifest,
    config: TrainingConfig,
    name: str,
    sigma: NDArray[np.float64],
    dithers: int,
) -> list[Manifest]:
    """Write all stamps `dithers` times: the number of a row in its pack decides its dither."""
    path, number = Path(str(manifest.packs)) / name, len(manifest)
    if not path.exists():
        lossless = Pack.open(path.parent / str(manifest.pack[0]))
        stamps, observed = lossless.read(manifest.row, config.bands)
        with new_pack(
            path, dithers * number, bands=config.bands, sky_sigma=np.tile(sigma, (dithers, 1))
        ) as write:
            for dither in range(dithers):
                write(dither * number, stamps, observed)
    return [
        replace(
            manifest,
            pack=np.full(number, name),
            row=np.arange(number) + dither * number,
            sha256=hashlib.sha256(f"{manifest.sha256} {name} {dither}".encode()).hexdigest(),
        )
        for dither in range(dithers)
    ]


def rows_of(manifest: Manifest, rows: NDArray[np.int64]) -> Manifest:
    """Some candidates of a training set, in rising order."""
    columns = ("candidate", "field", "catalogue_id", "pack", "row", "split", "label", "votes")
    return replace(
        manifest,
        sha256=hashlib.sha256(manifest.sha256.encode() + rows.tobytes()).hexdigest(),
        **{name: getattr(manifest, name)[rows] for name in columns},
    )
