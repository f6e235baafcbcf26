"""Write arrays of stamps and labels as a training set: one pack, and the manifest that names it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.core.atomic_files import write_atomically
from classifier.core.bands import BANDS
from classifier.core.classes import VOTE_COLUMNS
from classifier.core.control_sample import CONTROL_SHARE, in_control_sample
from classifier.core.packs import SHARD, new_pack
from classifier.core.stamp_arrays import fit_to_pack, has_data
from classifier.core.training_set import CONTROL, SPLITS, TRAIN, Manifest, encode_training_set

MANIFEST = "training.csv"
PACK = "stamps.zarr"


def write_training_set(
    folder: Path | str,
    stamps: ArrayLike,
    labels: Sequence[int] | NDArray[np.int64] | None = None,
    *,
    bands: Sequence[str] = BANDS,
    ids: Sequence[Any] | None = None,
    split: Sequence[str] | None = None,
    control_share: float = CONTROL_SHARE,
    field: str = "notebook",
) -> Manifest:
    """Write a pack and a manifest into a new folder, and return the manifest.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> stamps = rng.normal(size=(40, 5, 50, 50))
    >>> labels = np.arange(40) % 4 + 1
    >>> manifest = write_training_set(folder, stamps, labels)
    >>> len(manifest), manifest.label[:6].tolist()
    (40, [1, 2, 3, 4, 1, 2])
    >>> from classifier.core.packs import open_pack
    >>> pixels, observed = open_pack(folder / "stamps.zarr").read(np.array([7]))
    >>> pixels.shape, bool(observed.all())
    ((1, 5, 100, 100), True)
    >>> bool(np.allclose(pixels[0, :, 25:75, 25:75], stamps[7]))
    True

    The folder then does for `classifier.train`, and in a shell for
    `python -m classifier train FOLDER/training.csv --packs FOLDER --run RUN`.

    Parameters
    ----------
    folder
        New, or empty.
    stamps
        (candidate, band, y, x), centred on the candidates, of any size: larger ones are cropped,
        smaller ones padded. NaN where there is no data; a band that is NaN or 0 throughout was not
        observed.
    labels
        Classes from 1 up; 0 for a candidate that is only predicted. By default all are.
    bands
        The bands along the second axis, of NUV, U, B, V, I.
    ids
        Names of the candidates; by default numbers from 1.
    split
        `train` or `control` for each candidate. By default that of `in_control_sample`, which is
        the same every time, and the same as in a campaign on this field.
    control_share
        Share of the candidates in the control sample.
    field
        Name of the field; with the ids it decides the split.

    Raises
    ------
    ValueError
        For arrays that do not fit together, and a folder that is not empty.
    """
    folder = Path(folder)
    images = np.asarray(stamps)
    names = [str(text) for text in (range(1, len(images) + 1) if ids is None else ids)]
    classes = np.zeros(len(images), int) if labels is None else np.asarray(labels)
    splits = [_split(field, name, control_share) for name in names] if split is None else split
    _check(images, classes, names, splits, bands)
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty: name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    _write_pack(folder / PACK, images, bands, field)
    rows = (
        {
            "candidate": row + 1,
            "field": field,
            "catalogue_id": name,
            "pack": PACK,
            "row": row,
            "split": splits[row],
            "label": int(classes[row]) or None,
            **dict.fromkeys(VOTE_COLUMNS),
        }
        for row, name in enumerate(names)
    )
    write_atomically(folder / MANIFEST, encode_training_set(rows))
    return Manifest.read(folder / MANIFEST, packs=folder)


def _split(field: str, name: str, control_share: float) -> str:
    return CONTROL if in_control_sample(field, name, control_share) else TRAIN


def _check(
    images: NDArray[Any],
    classes: NDArray[Any],
    names: Sequence[str],
    splits: Sequence[str],
    bands: Sequence[str],
) -> None:
    """Raise ValueError for arrays that do not fit together."""
    if images.ndim != 4 or images.dtype.kind not in "fiu":
        raise ValueError(
            f"stamps must be numbers (candidate, band, y, x), not {images.dtype} {images.shape}."
        )
    unknown = [band for band in bands if band not in BANDS]
    if unknown or len(set(bands)) != len(bands):
        raise ValueError(f"bands must be different ones of {', '.join(BANDS)}: {list(bands)}.")
    if images.shape[1] != len(bands):
        raise ValueError(f"stamps have {images.shape[1]} bands, and {len(bands)} are named.")
    for name, values in (("labels", classes), ("ids", names), ("split", splits)):
        if len(values) != len(images):
            raise ValueError(f"{len(values)} {name} for {len(images)} stamps.")
    if classes.dtype.kind not in "iu" or classes.min(initial=0) < 0:
        raise ValueError("labels must be whole numbers: classes from 1 up, or 0 for none.")
    if len(set(names)) != len(names):
        raise ValueError("two candidates have the same id.")
    if unknown := sorted(set(splits) - set(SPLITS)):
        raise ValueError(f"split {unknown[0]!r} must be train or control.")


def _write_pack(path: Path, images: NDArray[Any], bands: Sequence[str], field: str) -> None:
    """Write a lossless pack of all five bands."""
    places = [BANDS.index(band) for band in bands]
    with new_pack(path, len(images), field=field) as write:
        for first in range(0, len(images), SHARD):
            fitted = fit_to_pack(images[first : first + SHARD])
            block = np.full((len(fitted), len(BANDS), *fitted.shape[-2:]), np.nan, np.float32)
            block[:, places] = fitted
            observed = has_data(block)
            block[~observed] = np.nan
            write(first, block, observed)
