"""Import stamps that were cut elsewhere: candidates of a field without mosaics."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from classifier.core.config import PACK_STAMP_PX
from classifier.core.pack_locations import Location
from classifier.core.packs import SHARD, new_pack
from labeling.files.archives import is_zip
from labeling.ingest.candidate_rows import Sources
from labeling.ingest.catalogue_plan import CataloguePlan, WriteStamps, check_ids_are_new
from labeling.ingest.catalogue_report import catalogue_report
from labeling.ingest.catalogues import check_rule_can_be_met, reasons_to_set_aside
from labeling.ingest.errors import BadInput
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.same_sources import SameSources
from labeling.ingest.stamp_arrays import read_hdf5, read_npy, read_npz, read_zarr
from labeling.ingest.stamp_pictures import read_fits_files, read_png_files
from labeling.ingest.stamp_pixels import Pixels, measure
from labeling.ingest.stamp_sets import Images, StampOptions, StampSet
from labeling.ingest.stamp_tables import stamp_catalogue
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import Catalogue
from labeling.models import Field
from labeling.number_texts import count_text
from labeling.rules.band_rule import BandRule
from labeling.rules.figure_question import FieldSplit
from labeling.training.label_source import LabelSource

_ARRAYS = {".npy": read_npy, ".npz": read_npz, ".h5": read_hdf5, ".hdf5": read_hdf5}


@dataclass(frozen=True)
class StampImportOptions:
    """How stamps and their table are read."""

    stamps: StampOptions = dataclass_field(default_factory=StampOptions)
    table_path: Path | None = None
    table: TableOptions = dataclass_field(default_factory=TableOptions)
    origin: int = 1
    lossless: bool = False
    min_observed: int | None = None
    min_detected: int | None = None

    def fingerprint(self, paths: Sequence[Path]) -> str:
        """SHA-256 of the bytes of all files and of the options by which they are read."""
        digest = sha256(b"stamps")
        for path in (*paths, *filter(None, [self.table_path])):
            inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
            for file in inside:
                name = file.relative_to(path).as_posix() if path.is_dir() else file.name
                with file.open("rb") as stream:
                    digest.update(name.encode() + file_digest(stream, "sha256").digest())
        options = [
            self.stamps.bands,
            self.stamps.dataset,
            self.origin,
            self.lossless,
            self.table.fingerprint_parts(),
        ]
        digest.update(json.dumps(options, sort_keys=True).encode())
        return digest.hexdigest()

    def band_rule(self, field: Field) -> BandRule:
        """The field's band rule with the changes of these options."""
        changes = {"min_observed": self.min_observed, "min_detected": self.min_detected}
        return replace(field.band_rule, **{k: v for k, v in changes.items() if v is not None})


def read_stamp_set(paths: Sequence[Path], options: StampOptions) -> StampSet:
    """Read the stamps of these files or folders, whatever their format. Raises BadInput."""
    options.check()
    for path in paths:
        if not path.exists():
            raise BadInput(f"{path}: there is no such file or folder.")
    first = paths[0]
    if is_zip(first):
        raise BadInput(f"{first}: is a zip archive; unpack it, and give the folder.")
    if first.suffix.lower() in _ARRAYS or _is_zarr(first):
        if len(paths) > 1:
            raise BadInput(f"{paths[1]}: only one array of stamps is imported at a time.")
        reader = read_zarr if _is_zarr(first) else _ARRAYS[first.suffix.lower()]
        return reader(first, options)
    kinds = {kind for path in paths for kind in _kinds(path)}
    if len(kinds) > 1:
        raise BadInput(f"{first}: holds FITS and PNG files; import them one kind at a time.")
    if kinds == {".png"}:
        return read_png_files(paths, options)
    if kinds == {".fits"}:
        return read_fits_files(paths, options)
    raise BadInput(
        f"{first}: holds no stamps; there may be FITS files or PNG pictures, one for each "
        "candidate, or an array in .npy, .npz, HDF5 or Zarr."
    )


def _is_zarr(path: Path) -> bool:
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


def _kinds(path: Path) -> Iterator[str]:
    """Yield the kinds of the files in a folder, or of a file."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        name = file.name.lower()
        if name.endswith(".png"):
            yield ".png"
        elif name.endswith((".fits", ".fit", ".fits.gz", ".fits.fz", ".fits.bz2")):
            yield ".fits"


def plan_stamps(
    field: Field,
    paths: Sequence[Path],
    options: StampImportOptions,
    progress: Progress = no_progress,
) -> CataloguePlan:
    """Read and check stamps and table; write nothing. The field need not be stored yet.

    Raises BadInput, naming file, row and reason.
    """
    if field.pk is not None and field.mosaics.exists():
        raise BadInput(
            f"Field {field} has mosaics, from which stamps are cut: use import_catalogue, or "
            "import these stamps into a field of their own."
        )
    stamps = read_stamp_set(paths, options.stamps)
    _set_compass(field, stamps)
    catalogue, rows = stamp_catalogue(stamps, options.table_path, options.table)
    for name in catalogue.references:
        if not LabelSource(name).is_reference:
            raise BadInput(f"{catalogue.path}: a reference label may not be called {name!r}.")
    pixels = measure(stamps, rows, progress)
    if not pixels.observed.any():
        raise BadInput(f"{stamps.path}: all pixels are zero or missing.")
    rule = options.band_rule(field)
    sources = _sources(field, catalogue, stamps, rows, pixels.observed, rule, options.origin)
    catalogue.notes += [*stamps.notes, *stamps.size_notes()]
    if not stamps.is_padded:
        catalogue.notes += pixels.notes()
    report = catalogue_report(catalogue, sources, rule)
    report["stamps"] |= _stamp_report(stamps, pixels)
    check_rule_can_be_met(catalogue, report, rule)
    fingerprint = options.fingerprint(paths)
    existing = None
    if field.pk is not None:
        existing = field.imports.finished().filter(fingerprint=fingerprint).first()
        if existing is None:
            check_ids_are_new(field, catalogue)
    lossless = options.lossless or stamps.whole_numbers
    return CataloguePlan(
        field=field,
        catalogue=catalogue,
        sources=sources,
        write_stamps=_stamp_writer(field, stamps, rows, pixels, lossless=lossless),
        read_stamps=lambda chosen: stamps.read(rows[list(chosen)].tolist()),
        fingerprint=fingerprint,
        origin=options.origin,
        band_rule=rule,
        report=report,
        existing=existing,
    )


def _set_compass(field: Field, stamps: StampSet) -> None:
    """Set the field's direction of north if all of its stamps have the same; not stored here."""
    north_deg, east_left = stamps.compass or (None, True)
    if field.pk is not None and field.imports.exists():
        is_same = north_deg == field.north_deg and east_left == field.east_left
        north_deg, east_left = (north_deg, east_left) if is_same else (None, True)
    field.north_deg, field.east_left = north_deg, east_left


def _sources(
    field: Field,
    catalogue: Catalogue,
    stamps: StampSet,
    rows: NDArray[np.intp],
    observed: NDArray[np.bool_],
    rule: BandRule,
    origin: int,
) -> Sources:
    """Return what an import adds to the columns of the catalogue."""
    count = len(catalogue)
    ra, dec = _sky(catalogue, stamps, rows)
    x, y = catalogue.x - origin, catalogue.y - origin
    nowhere = np.zeros(count, bool)
    reason, reasons = reasons_to_set_aside(catalogue, observed, nowhere, rule)
    same = SameSources.find(field, catalogue.ids, (x, y), (ra, dec))
    catalogue.notes.extend(same.notes)
    with_stamp = observed.any(axis=1)
    _check_cells_can_divide(field, catalogue, np.isfinite(x) & np.isfinite(y) | ~with_stamp)
    return Sources(
        x=x,
        y=y,
        ra=ra,
        dec=dec,
        observed=observed,
        at_edge=nowhere,
        pack_row=np.where(with_stamp, np.arange(count), -1),
        reason=reason,
        reasons=reasons,
        same=same,
        stamp_xy=stamps.stamp_xy[rows],
    )


def _check_cells_can_divide(field: Field, catalogue: Catalogue, placed: NDArray[np.bool_]) -> None:
    """Raise BadInput for rows without a position in a field that is divided by sky cells."""
    if field.split == FieldSplit.CELLS and not placed.all():
        row = int(np.argmin(placed))
        raise BadInput(
            f"{catalogue.path}, row {row + 1}: field {field} is divided by sky cells, and "
            f"{catalogue.ids[row]} has no position in px; give x and y in the table, or divide the "
            "field at random (--split random)."
        )


def _sky(
    catalogue: Catalogue, stamps: StampSet, rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return RA and Dec of the table, by the stamps' own WCS in rows without them."""
    stamp_ra, stamp_dec = stamps.ra[rows], stamps.dec[rows]
    missing = ~(np.isfinite(catalogue.ra) & np.isfinite(catalogue.dec))
    both = ~missing & np.isfinite(stamp_ra)
    if both.any() and stamps.pixel_scale_arcsec:
        of_table = SkyCoord(catalogue.ra[both], catalogue.dec[both], unit="deg")
        distance = of_table.separation(SkyCoord(stamp_ra[both], stamp_dec[both], unit="deg")).arcsec
        limit = PACK_STAMP_PX / 2 * stamps.pixel_scale_arcsec
        if (distance > limit).any():
            worst = int(np.argmax(distance))
            text = catalogue.ids[int(np.flatnonzero(both)[worst])]
            raise BadInput(
                f"{catalogue.path}: {text} lies {distance[worst]:.2f} arcsec from the centre of "
                f"its stamp by the stamp's WCS, outside the stamp, as do "
                f"{int((distance > limit).sum())} of {count_text(int(both.sum()), 'row')}. Is "
                "this their table?"
            )
    return np.where(missing, stamp_ra, catalogue.ra), np.where(missing, stamp_dec, catalogue.dec)


def _stamp_report(stamps: StampSet, pixels: Pixels) -> dict[str, Any]:
    """Return format and sizes, and filter, unit and noise of each band."""
    noise = pixels.noise
    return {
        "format": stamps.format,
        "sizes": {f"{w} x {h}": n for (h, w), n in sorted(stamps.sizes.items())},
        "whole_numbers": stamps.whole_numbers,
        "bands": {
            band: {
                "filter": stamps.filters.get(band, ""),
                "unit": stamps.units.get(band, ""),
                "noise": float(noise[BANDS.index(band)]),
            }
            for band in stamps.bands
        },
    }


def _stamp_writer(
    field: Field, stamps: StampSet, rows: NDArray[np.intp], pixels: Pixels, *, lossless: bool
) -> WriteStamps:
    """Return what writes the pack."""

    def write(pack: Location, progress: Progress) -> None:
        sigma = None if lossless else np.nan_to_num(pixels.sky_sigma())
        about: dict[str, Any] = {
            "field": field.name,
            "pixel_scale_arcsec": field.pixel_scale_arcsec,
        }
        with new_pack(pack, len(rows), sky_sigma=sigma, **about) as write_block:
            for first in range(0, len(rows), SHARD):
                progress(first, len(rows), "writing stamps")
                block: Images = stamps.read(rows[first : first + SHARD].tolist())
                observed = pixels.observed[first : first + len(block)]
                block[~observed] = np.nan
                write_block(first, block, observed)
        progress(len(rows), len(rows), "writing stamps")

    return write
