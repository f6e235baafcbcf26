"""Import stamps that were cut elsewhere: candidates of a field without mosaics."""

from __future__ import annotations

import json
from collections import Counter
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
from classifier.core.stamp_arrays import has_data
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
from labeling.ingest.stamp_sets import Images, StampOptions, StampSet
from labeling.ingest.table_options import TableOptions
from labeling.ingest.table_reader import MAX_ID_LENGTH
from labeling.ingest.tables import Catalogue, read_catalogue
from labeling.models import Field
from labeling.number_texts import count_text
from labeling.rules.band_rule import BandRule
from labeling.training.label_source import LabelSource

_ARRAYS = {".npy": read_npy, ".npz": read_npz, ".h5": read_hdf5, ".hdf5": read_hdf5}
_BLOCK = 64
_SHOWN = 5


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
    catalogue, rows = _catalogue(stamps, options)
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


def _catalogue(stamps: StampSet, options: StampImportOptions) -> tuple[Catalogue, NDArray[np.intp]]:
    """Return the candidates, and the row of each one's stamps."""
    if options.table_path is None:
        return _catalogue_of(stamps), np.arange(len(stamps))
    table = read_catalogue(options.table_path, replace(options.table, of_stamps=True))
    rows = _matched_rows(stamps, table)
    missing = int((rows < 0).sum())
    if missing:
        table = subset(table, np.flatnonzero(rows >= 0))
        rows_text = count_text(missing, "row of the table has", "rows of the table have")
        table.notes.append(f"{rows_text} no stamps and no place in this import.")
    return _with_short_ids(table, stamps, rows[rows >= 0]), rows[rows >= 0]


def _with_short_ids(table: Catalogue, stamps: StampSet, rows: NDArray[np.intp]) -> Catalogue:
    """Return the table with the stamps' ids if some of its own, names of files, are too long."""
    long = [text for text in table.ids if len(text) > MAX_ID_LENGTH]
    if not long:
        return table
    if stamps.numbered:
        raise BadInput(
            f"{table.path}: the id {long[0][:80]!r} … has more than {MAX_ID_LENGTH} characters."
        )
    _check_ids(stamps)
    notes = [
        *table.notes,
        f"Names of files in the table have more than {MAX_ID_LENGTH} characters: candidates are "
        "named by their files without folder and ending.",
    ]
    return replace(table, ids=[stamps.ids[row] for row in rows], notes=notes)


def _catalogue_of(stamps: StampSet) -> Catalogue:
    """Return a catalogue of the ids that the files give, and of their positions."""
    _check_ids(stamps)
    nothing = np.full(len(stamps), np.nan)
    return Catalogue(
        path=stamps.path,
        ids=list(stamps.ids),
        x=nothing,
        y=nothing,
        ra=stamps.ra,
        dec=stamps.dec,
        magnitudes={},
        errors={},
        ci=nothing,
    )


def _check_ids(stamps: StampSet) -> None:
    """Raise BadInput unless the files give each candidate an id of its own."""
    for text in stamps.ids:
        if not text or len(text) > MAX_ID_LENGTH or not text.isprintable():
            raise BadInput(
                f"{stamps.path}: the id {text[:80]!r} must be printable and have 1 to "
                f"{MAX_ID_LENGTH} characters; name the candidates in a table (--table)."
            )
    text, count = Counter(stamps.ids).most_common(1)[0]
    if count > 1:
        raise BadInput(f"{stamps.path}: {count} stamps have the id {text}.")


def _matched_rows(stamps: StampSet, table: Catalogue) -> NDArray[np.intp]:
    """Return the stamps' row of each row of the table, -1 for none; by id, file or order."""
    row_of = {**stamps.aliases, **{text: row for row, text in enumerate(stamps.ids)}}
    rows = np.array([row_of.get(text, -1) for text in table.ids], dtype=np.intp)
    if stamps.numbered and (rows < 0).any():
        if len(table) != len(stamps):
            raise BadInput(
                f"{table.path}: has {count_text(len(table), 'row')} for "
                f"{count_text(len(stamps), 'stamp')} in {stamps.path}, "
                "which have no ids of their own."
            )
        return np.arange(len(stamps))
    if (rows < 0).all():
        raise BadInput(
            f"{table.path}: none of its ids ({_listed(table.ids)}) is that of a stamp in "
            f"{stamps.path} ({_listed(stamps.ids)}); name the column with --column id=NAME."
        )
    used, times = np.unique(rows[rows >= 0], return_counts=True)
    if (times > 1).any():
        stamp = used[times > 1][0]
        both = [table.ids[row] for row in np.flatnonzero(rows == stamp).tolist()]
        raise BadInput(f"{table.path}: {_listed(both)} are the same stamp.")
    unlisted = np.setdiff1d(np.arange(len(stamps)), used)
    if unlisted.size:
        raise BadInput(
            f"{table.path}: has no row for {unlisted.size} of {count_text(len(stamps), 'stamp')} "
            f"({_listed([stamps.ids[row] for row in unlisted])})."
        )
    return rows


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (" …" if len(texts) > _SHOWN else "")


def subset(catalogue: Catalogue, rows: NDArray[np.intp]) -> Catalogue:
    """Return some rows of a catalogue."""
    columns: dict[str, Any] = {
        name: getattr(catalogue, name)[rows] for name in ("x", "y", "ra", "dec", "ci")
    }
    groups: dict[str, Any] = {
        name: {key: values[rows] for key, values in getattr(catalogue, name).items()}
        for name in ("magnitudes", "errors", "references")
    }
    chosen = rows.tolist()
    kept = {name: [values[row] for row in chosen] for name, values in catalogue.kept.items()}
    ids = [catalogue.ids[row] for row in chosen]
    return replace(catalogue, ids=ids, kept=kept, **columns, **groups)


@dataclass
class Pixels:
    """What the pixels say of each candidate, (candidate, band)."""

    observed: NDArray[np.bool_]
    sigma: NDArray[np.float64]
    """Noise, by the median absolute deviation; NaN where not observed."""
    partial: int = 0
    """Stamps with some pixels that have no data."""

    @property
    def noise(self) -> NDArray[np.float64]:
        """(band,) the median over the candidates; 1 for a band without noise."""
        noise = np.ones(len(BANDS))
        for k in range(len(BANDS)):
            values = self.sigma[self.observed[:, k], k]
            if (values > 0).any():
                noise[k] = np.median(values[values > 0])
        return noise

    def sky_sigma(self) -> NDArray[np.float64]:
        """(candidate, band) noise that quantisation goes by: crowded stamps have the usual one."""
        return np.fmin(self.sigma, self.noise)

    def notes(self) -> list[str]:
        """Return what was noticed."""
        if not self.partial:
            return []
        candidates = count_text(self.partial, "candidate has", "candidates have")
        return [f"{candidates} pixels without data (NaN or infinite)."]


def measure(stamps: StampSet, rows: NDArray[np.intp], progress: Progress = no_progress) -> Pixels:
    """Read all stamps once, for which bands were observed and how noisy they are."""
    shape = len(rows), len(BANDS)
    pixels = Pixels(np.zeros(shape, bool), np.full(shape, np.nan))
    for first in range(0, len(rows), _BLOCK):
        progress(first, len(rows), "reading stamps")
        block = stamps.read(rows[first : first + _BLOCK].tolist())
        part = slice(first, first + len(block))
        observed = has_data(block)
        pixels.observed[part] = observed
        inner = block[..., ::2, ::2].reshape(*block.shape[:2], -1)
        for n, band in np.argwhere(observed):
            values = inner[n, band][np.isfinite(inner[n, band])]
            if values.size:
                deviation = np.median(np.abs(values - np.median(values)))
                pixels.sigma[first + n, band] = 1.4826 * deviation
        pixels.partial += int((np.isnan(block).any(axis=(2, 3)) & observed).any(axis=1).sum())
    progress(len(rows), len(rows), "reading stamps")
    return pixels


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
        control=same.control,
        stamp_xy=stamps.stamp_xy[rows],
    )


def _sky(
    catalogue: Catalogue, stamps: StampSet, rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return RA and Dec of the table, by the stamps' own WCS in rows without them."""
    own_ra, own_dec = stamps.ra[rows], stamps.dec[rows]
    missing = ~(np.isfinite(catalogue.ra) & np.isfinite(catalogue.dec))
    both = ~missing & np.isfinite(own_ra)
    if both.any() and stamps.pixel_scale_arcsec:
        of_table = SkyCoord(catalogue.ra[both], catalogue.dec[both], unit="deg")
        distance = of_table.separation(SkyCoord(own_ra[both], own_dec[both], unit="deg")).arcsec
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
    return np.where(missing, own_ra, catalogue.ra), np.where(missing, own_dec, catalogue.dec)


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
