"""A field's stamp packs with the manifest of its labels, in one folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from django.conf import settings

from classifier.core.array_sets import MANIFEST
from classifier.core.atomic_files import write_atomically
from classifier.core.pack_locations import pack_in
from classifier.core.packs import SHARD, new_pack, open_pack
from classifier.core.training_set import UNLABELLED, Manifest
from labeling.models.field import Field
from labeling.training.label_source import LabelSource
from labeling.training.training_set import encode_labels


def write_field_pack(field: Field, source: LabelSource, folder: Path) -> tuple[int, int]:
    """Write the manifest and the packs that it names; return the numbers of rows and labels.

    Raises ValueError for a folder with files, PackError if a pack cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is not an empty folder: name a new one.")
    folder.mkdir(parents=True, exist_ok=True)
    content = encode_labels([field], source)
    for name in sorted({record.pack for record in field.imports.all()}):
        _copy_pack(name, folder / name)
    # Last: where the manifest is, everything that it names is too.
    write_atomically(folder / MANIFEST, content)
    manifest = Manifest.read(folder / MANIFEST, packs=folder)
    return len(manifest), int((manifest.label != UNLABELLED).sum())


def _copy_pack(name: str, target: Path) -> None:
    """Copy a pack as it is; one at a URL is read, and written without loss."""
    location = pack_in(settings.PACKS, name)
    if isinstance(location, Path):
        open_pack(location)
        shutil.copytree(location, target)
        return
    pack = open_pack(location)
    count = len(pack.observed)
    with new_pack(target, count, bands=pack.bands) as write:
        for first in range(0, count, SHARD):
            rows = np.arange(first, min(first + SHARD, count))
            write(first, *pack.read(rows, pack.bands))
