"""Stamps in one array: .npy, .npz, HDF5 and Zarr. Nothing is unpickled, no link is followed.

The array is (candidate, band, y, x), or (candidate, y, x) of one band. Ids may stand beside it in
the same file, as `ids`, `id` or `catalogue_id`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from classifier.core.bands import BANDS
from classifier.core.config import PACK_STAMP_PX
from classifier.core.errors import PackError
from classifier.core.packs import Pack
from classifier.core.stamp_arrays import fit_to_pack, position_in_pack
from labeling.files.limits import MAX_UNPACKED, LimitExceeded, check_hdf5
from labeling.ingest.errors import BadInput
from labeling.ingest.linked_tables import optional_module
from labeling.ingest.stamp_sets import Images, StampOptions, StampSet, check_size, places_of
from labeling.number_texts import count_text

_ID_NAMES = ("ids", "id", "catalogue_id")
_STAMP_NAMES = ("stamps", "images", "data")
_CODECS = {
    *("bytes", "blosc", "zstd", "gzip", "zlib", "lz4", "lzma", "bz2", "crc32c", "crc32"),
    *("sharding_indexed", "transpose", "shuffle", "numcodecs.shuffle", "numcodecs.zlib"),
    *("numcodecs.lz4", "numcodecs.blosc", "numcodecs.zstd", "numcodecs.gzip"),
}
"""Codecs of Zarr that only unpack numbers; others may run code of the file's author."""
_META = ("zarr.json", ".zarray", ".zgroup", ".zmetadata", ".zattrs")
_MAX_META = 2**22


def read_npy(path: Path, options: StampOptions) -> StampSet:
    """Return the stamps of a .npy file, which stay on disk. Raises BadInput."""
    return _stamp_set(path, "NumPy array", {"stamps": _open_npy(path, path)}, options)


def read_npz(path: Path, options: StampOptions) -> StampSet:
    """Return the stamps of a .npz file, unpacked into a scratch folder. Raises BadInput."""
    scratch = tempfile.TemporaryDirectory(prefix="asterism-stamps-")
    folder = Path(scratch.name)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED:
                raise BadInput(f"{path}: unpacks to more than {MAX_UNPACKED // 2**30} GiB.")
            arrays = {}
            for number, info in enumerate(archive.infolist()):
                target = folder / f"{number}.npy"
                with archive.open(info) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
                arrays[info.filename.removesuffix(".npy")] = _open_npy(target, path)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadInput(f"{path}: not a readable .npz file ({error}).") from None
    stamps = _stamp_set(path, "NumPy arrays", arrays, options)
    # The folder goes away with the last reference to what reads it.
    stamps.read.scratch = scratch  # type: ignore[attr-defined]
    return stamps


def _open_npy(file: Path, path: Path) -> Any:
    try:
        return np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError, MemoryError, OverflowError) as error:
        reason = str(error).splitlines()[0] if str(error) else "damaged"
        raise BadInput(f"{path}: not a readable NumPy array ({reason}).") from None


def read_hdf5(path: Path, options: StampOptions) -> StampSet:
    """Return the stamps of an HDF5 file. Raises BadInput."""
    h5py = optional_module(path, "h5py", "HDF5")
    try:
        check_hdf5(path)
        arrays: dict[str, Any] = {}
        file = h5py.File(path, "r")
        file.visititems(
            lambda name, item: arrays.update({name: item}) if hasattr(item, "dtype") else None
        )
        for name, array in arrays.items():
            _check_filters(path, h5py, name, array)
        return _stamp_set(path, "HDF5", arrays, options)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise BadInput(f"{path}: not a readable HDF5 file ({error}).") from None


def _check_filters(path: Path, h5py: Any, name: str, array: Any) -> None:
    """Raise BadInput for data that only a plug-in unpacks, which would be loaded as code."""
    filters = array.id.get_create_plist()
    numbers = [filters.get_filter(n)[0] for n in range(filters.get_nfilters())]
    # HDF5's own have numbers below 256.
    if any(number >= 256 and number != h5py.h5z.FILTER_LZF for number in numbers):
        raise BadInput(f"{path}: {name} is packed by a plug-in; save it with gzip or unpacked.")


def read_zarr(path: Path, options: StampOptions) -> StampSet:
    """Return the stamps of a Zarr folder, or of a stamp pack. Raises BadInput."""
    _check_zarr(path)
    try:
        node = zarr.open(path, mode="r")
        if isinstance(node, zarr.Group) and str(node.attrs.get("format", "")).startswith(
            "asterism-stamps/"
        ):
            return _pack_set(path, Pack.open(path))
        arrays = {"stamps": node} if isinstance(node, zarr.Array) else dict(node.arrays())
        return _stamp_set(path, "Zarr", arrays, options)
    except PackError as error:
        raise BadInput(str(error)) from None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise BadInput(f"{path}: not a readable Zarr folder ({error}).") from None


def _check_zarr(path: Path) -> None:
    """Raise BadInput for links that leave the folder, and for codecs that may run code."""
    root = path.resolve()
    for file in path.rglob("*"):
        if file.is_symlink() and not file.resolve().is_relative_to(root):
            raise BadInput(f"{path}: {file.relative_to(path)} links to another place; copy it.")
        if file.name in _META:
            _check_codecs(path, file)


def _check_codecs(path: Path, file: Path) -> None:
    if file.stat().st_size > _MAX_META:
        raise BadInput(f"{path}: {file.relative_to(path)} is too large.")
    try:
        about = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise BadInput(f"{path}: {file.relative_to(path)} is not readable JSON.") from None
    for name in _codec_names(about):
        if name not in _CODECS:
            raise BadInput(f"{path}: is packed by {name}, which is not read; save it with zstd.")


def _codec_names(about: Any) -> Iterator[str]:
    """Yield the names of all codecs, filters and compressors in a description of an array."""
    if isinstance(about, list):
        for part in about:
            yield from _codec_names(part)
        return
    if not isinstance(about, dict):
        return
    for key, value in about.items():
        if key in {"codecs", "index_codecs"}:
            for codec in value if isinstance(value, list) else ():
                yield str(codec.get("name") if isinstance(codec, dict) else codec)
        elif key in {"filters", "compressor"}:
            for codec in value if isinstance(value, list) else [value]:
                if isinstance(codec, dict):
                    yield str(codec.get("id"))
        yield from _codec_names(value)


def _pack_set(path: Path, pack: Pack) -> StampSet:
    """Return the stamps of a stamp pack, as they are."""
    count = len(pack.observed)
    bands = [band for band in BANDS if band in pack.bands]

    def read(rows: Sequence[int]) -> Images:
        block = np.full((len(rows), len(BANDS), PACK_STAMP_PX, PACK_STAMP_PX), np.nan, np.float32)
        block[:, places_of(bands)] = pack.read(np.asarray(rows), bands)[0]
        return block

    return StampSet(
        path=path,
        format="stamp pack",
        ids=[str(n) for n in range(1, count + 1)],
        bands=bands,
        read=read,
        sizes=Counter({(PACK_STAMP_PX, PACK_STAMP_PX): count}),
        stamp_xy=np.full((count, 2), position_in_pack(PACK_STAMP_PX)),
        ra=np.full(count, np.nan),
        dec=np.full(count, np.nan),
        numbered=True,
    )


def _stamp_set(path: Path, kind: str, arrays: Mapping[str, Any], options: StampOptions) -> StampSet:
    """Return the stamps of one array among these, and the ids beside it."""
    array = _chosen(path, arrays, options.dataset)
    count, height, width = (int(array.shape[axis]) for axis in (0, -2, -1))
    check_size(path, height, width)
    if not count:
        raise BadInput(f"{path}: holds no stamps.")
    filters = _filters(path, array, options)
    places = places_of(list(filters))

    def read(rows: Sequence[int]) -> Images:
        first, last = min(rows), max(rows) + 1
        part = np.asarray(array[first:last])[np.asarray(rows) - first]
        block = np.full((len(rows), len(BANDS), PACK_STAMP_PX, PACK_STAMP_PX), np.nan, np.float32)
        block[:, places] = fit_to_pack(part.reshape(len(rows), len(places), height, width))
        return block

    ids, notes = _ids(path, arrays, count)
    return StampSet(
        path=path,
        format=kind,
        ids=ids,
        bands=[band for band in BANDS if band in filters],
        read=read,
        sizes=Counter({(height, width): count}),
        stamp_xy=np.tile([position_in_pack(width), position_in_pack(height)], (count, 1)),
        ra=np.full(count, np.nan),
        dec=np.full(count, np.nan),
        filters={band: name for band, name in filters.items() if name != band},
        whole_numbers=array.dtype.kind in "iu",
        numbered=bool(notes),
        notes=notes,
    )


def _chosen(path: Path, arrays: Mapping[str, Any], dataset: str | None) -> Any:
    """Return the array of the stamps: the one that is named, or the only one that fits."""
    fitting = {
        name: array
        for name, array in arrays.items()
        if len(array.shape) in {3, 4} and array.dtype.kind in "iuf"
    }
    if dataset is None and len(fitting) > 1:
        named = [name for name in fitting if name in _STAMP_NAMES]
        dataset = named[0] if len(named) == 1 else None
    if dataset is None and len(fitting) == 1:
        return next(iter(fitting.values()))
    if dataset is not None and dataset in fitting:
        return fitting[dataset]
    listing = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in arrays.items())
    if dataset is None and fitting:
        raise BadInput(f"{path}: holds several arrays ({listing}); say which, by --dataset NAME.")
    raise BadInput(
        f"{path}: has no array of numbers (candidate, band, y, x)"
        f"{f' called {dataset!r}' if dataset else ''} (it holds {listing or 'nothing'})."
    )


def _filters(path: Path, array: Any, options: StampOptions) -> dict[str, str]:
    """Return the filters by band along the band axis; all five bands if none are named."""
    filters = options.filters
    count = array.shape[1] if len(array.shape) == 4 else 1
    if not filters and len(array.shape) == 4 and count == len(BANDS):
        return {band: band for band in BANDS}
    if not filters:
        raise BadInput(
            f"{path}: the array is {array.shape}; name its {count_text(count, 'band')} in "
            "order with --bands, as in --bands U,B,V."
        )
    if len(filters) != count:
        raise BadInput(
            f"{path}: the array is {array.shape}, (candidate, band, y, x) or (candidate, y, x), "
            f"with {count_text(count, 'band')}, and --bands names {len(filters)}."
        )
    return filters


def _ids(path: Path, arrays: Mapping[str, Any], count: int) -> tuple[list[str], list[str]]:
    """Return the ids beside the stamps, or numbers from 1, and a note on the latter."""
    for name in _ID_NAMES:
        array = arrays.get(name)
        if array is not None and array.shape == (count,):
            values = np.asarray(array[...])
            if values.dtype.kind not in "iuUS" and not all(
                isinstance(value, bytes | str) for value in values.tolist()
            ):
                raise BadInput(f"{path}: {name} holds neither texts nor whole numbers.")
            return [_text(value) for value in values.tolist()], []
    numbers = [str(number) for number in range(1, count + 1)]
    return numbers, ["The array has no ids: candidates are numbered from 1 in its order."]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return value.decode()
    return str(value)
