"""Import a field's mosaics: read them all, check their grids, write the rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from astropy.wcs import WCS
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from classifier.core.bands import reference_band
from labeling.imaging.calibration import Calibration
from labeling.imaging.celestial import compass, pixel_scale_arcsec
from labeling.imaging.grids import Grid, compare_grids, covered_share, grid_shift
from labeling.imaging.mosaics import MosaicFile, UnusableImage
from labeling.ingest.aligned_files import claimed_files, remove_unused_files
from labeling.ingest.alignment import HINT, Alignment
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaic_requests import MosaicRequest, StatedZeroPoint
from labeling.ingest.mosaic_sources import MosaicSource, calibration_columns, read_source
from labeling.ingest.progress import Progress, no_progress
from labeling.models import Field, Mosaic
from labeling.models.mosaic import by_band

__all__ = [
    "FieldPlan",
    "MosaicRequest",
    "draft_field",
    "import_field",
    "plan_field",
    "read_mosaics",
]

_SCALE_TOLERANCE = 0.01
"""By which a stated scale may differ from that of the WCS."""


@dataclass(frozen=True)
class FieldPlan:
    """Mosaics that were read and checked, and what will be written; nothing is written yet.

    `report` is for JSON: what was recognised in each file, and how the grids lie to each other.
    `questions` are what a person must confirm before it can be written. `rows` are columns of
    Mosaic by band, `columns` those of Field. `alignments` are the mosaics, by band, that are
    resampled before. `sources` holds what was read, so that it is not read again to write.
    """

    name: str
    report: dict[str, Any]
    questions: tuple[str, ...]
    rows: dict[str, dict[str, Any]]
    columns: dict[str, Any]
    alignments: Mapping[str, Alignment] = field(default_factory=dict)
    sources: Mapping[str, MosaicSource] = field(default_factory=dict, repr=False)

    def write(self, progress: Progress = no_progress) -> Field:
        """Write the field and its mosaics, all or none. Raises BadInput, for questions too."""
        if self.questions:
            raise BadInput(self.questions[0])
        former = Mosaic.objects.filter(field__name=self.name)
        former_paths = list(former.values_list("path", flat=True))
        with claimed_files(alignment.path for alignment in self.alignments.values()):
            rows = self.rows | {
                band: alignment.run(progress).row for band, alignment in self.alignments.items()
            }
            progress(0, 1, "writing the field")
            field = _save_field(self.name, rows, self.columns)
        remove_unused_files(former_paths)
        shutil.rmtree(settings.RGB_CACHE / self.name, ignore_errors=True)
        progress(1, 1, "writing the field")
        return field


@dataclass(frozen=True)
class _Frame:
    """Where the pixels of a mosaic lie, of a file or of a mosaic that was imported before."""

    path: Path
    shape: tuple[int, int]
    wcs: WCS | None

    @property
    def size(self) -> str:
        """Width and height."""
        return f"{self.shape[1]} x {self.shape[0]}"

    @property
    def grid(self) -> Grid | None:
        """The pixels on the sky; None without a WCS."""
        return None if self.wcs is None else Grid(self.wcs, self.shape)


def draft_field(name: str, plan: FieldPlan | None) -> Field:
    """Return the field with its mosaics as a plan would write them; nothing is written.

    Raises BadInput without a plan and a field.
    """
    field = Field.objects.filter(name=name).first()
    if field is None and plan is None:
        raise BadInput(f"There is no field {name} yet; add its mosaics to this import.")
    # A new field has no rows anywhere; no row has the primary key 0.
    field = field or Field(pk=0, name=name, galaxy=name)
    mosaics = {mosaic.band: mosaic for mosaic in field.mosaics.all()} if field.pk else {}
    for column, value in plan.columns.items() if plan else ():
        setattr(field, column, value)
    for band, row in plan.rows.items() if plan else ():
        mosaic = mosaics.setdefault(band, Mosaic(field=field, band=band))
        for column, value in row.items():
            setattr(mosaic, column, value)
    field.mosaic_by_band = by_band(mosaics.values())
    return field


def import_field(name: str, requests: Sequence[MosaicRequest], **options: Any) -> Field:
    """Create or update a field with these mosaics; all of them, or none. See `plan_field`."""
    return plan_field(name, requests, **options).write()


def plan_field(
    name: str,
    requests: Sequence[MosaicRequest],
    *,
    needs_wcs: bool = True,
    filters_from_names: bool = False,
    align: bool = False,
    zero_points: Sequence[StatedZeroPoint] = (),
    progress: Progress = no_progress,
    **columns: Any,
) -> FieldPlan:
    """Read and check the mosaics of a new or existing field; write nothing.

    `filters_from_names` confirms filters that only the names of the files give. With `align`,
    mosaics on another grid than the reference band's are resampled, not refused. `columns` are
    values of Field (galaxy, distance_mpc, pixel_scale_arcsec, simulated, votes_needed, split,
    min_observed, min_detected); None leaves a column unchanged. Raises BadInput, naming file and
    reason.
    """
    existing = Field.objects.filter(name=name).first()
    if existing and (file_name := existing.stamps_cut_elsewhere):
        raise BadInput(
            f"The stamps of field {name} were cut elsewhere ({file_name}), and it has no mosaics: "
            "import mosaics into a new field."
        )
    _check_columns(existing, name, columns)
    sources = _read_all(requests, zero_points, needs_wcs=needs_wcs, progress=progress)
    frames = _frames(existing, sources)
    if not frames:
        raise BadInput(f"Field {name} needs at least one mosaic.")
    reference = frames[reference_band(frames)]
    covered = {b: covered_share(frames[b].grid, reference.grid) for b in sources}
    alignments = _alignments(sources, frames, reference) if align else {}
    frames |= {band: replace(reference, path=frames[band].path) for band in alignments}
    for frame in frames.values():
        _check_grid(frame, reference)
    if existing and existing.imports.exists():
        _check_replacement(existing, {band: frames[band] for band in sources})
    rows = {band: source.row for band, source in sources.items() if band not in alignments}
    rows |= _recalibrated(existing, zero_points, set(sources), set(frames))
    values = _complete_columns(sources.values(), reference, columns)
    questions = [] if filters_from_names else [source.question for source in sources.values()]
    report = {
        "field": name,
        "is_new": existing is None,
        "pixel_scale_arcsec": values["pixel_scale_arcsec"],
        "band_rule": _band_rule(existing, values),
        "mosaics": [
            source.report
            | {"offset_px": grid_shift(frames[band].grid, reference.grid)}
            | {"covered_share": covered[band]}
            | ({"notes": [*source.notes, alignments[band].note]} if band in alignments else {})
            for band, source in sources.items()
        ],
        "questions": [question for question in questions if question],
    }
    return FieldPlan(name, report, tuple(report["questions"]), rows, values, alignments, sources)


def no_mosaics(field: Field) -> str:
    """Return a sentence for commands that need the mosaics of a field without any."""
    if field.stamps_cut_elsewhere:
        return (
            f"The stamps of field {field} were cut elsewhere, and it has no mosaics: add more "
            "candidates with import_stamps."
        )
    return f"Field {field} has no mosaics yet: run import_field first."


def read_mosaics(field: Field, rows: Iterable[Mosaic]) -> dict[str, MosaicFile]:
    """Read these mosaics of a field, by band. Raises BadInput if one is unreadable, or changed."""
    rows = list(rows)
    if not rows:
        raise BadInput(no_mosaics(field))
    try:
        files = {row.band: row.read() for row in rows}
    except UnusableImage as error:
        raise BadInput(f"{error} It belongs to field {field}.") from None
    for row in rows:
        if row.fingerprint and row.fingerprint != files[row.band].fingerprint:
            raise BadInput(
                f"{row.path}: its pixels have changed since it was imported into field {field}; "
                "bring the former file back, or import it again with import_field."
            )
    return files


def _check_columns(existing: Field | None, name: str, columns: dict[str, Any]) -> None:
    """Raise BadInput for invalid columns of Field, before minutes are spent on its files."""
    values = {column: value for column, value in columns.items() if value is not None}
    unchanged = {"pk": existing.pk, "split": existing.split} if existing else {}
    field = Field(name=name, **({"galaxy": name} | unchanged | values))
    with _validation(f"Field {name}"):
        field.full_clean(validate_unique=False, validate_constraints=False)


def _read_all(
    requests: Sequence[MosaicRequest],
    zero_points: Sequence[StatedZeroPoint],
    *,
    needs_wcs: bool,
    progress: Progress,
) -> dict[str, MosaicSource]:
    """Read the files by band. Raises BadInput if two are of one band."""
    stated = {zero_point.band: zero_point for zero_point in zero_points}
    if len(stated) < len(zero_points):
        raise BadInput("--zero-point: give one zero point for each band.")
    sources: dict[str, MosaicSource] = {}
    for step, request in enumerate(requests):
        progress(step, len(requests), f"reading {request.path.name}")
        source = read_source(request, needs_wcs=needs_wcs)
        if source.band in sources:
            raise BadInput(
                f"{request.path}: band {source.band} has a mosaic already, "
                f"{sources[source.band].mosaic.path}."
            )
        sources[source.band] = replace(source, zero_point=stated.get(source.band))
        try:
            # Measures the width of stars while this file is at work.
            sources[source.band].row  # noqa: B018
        except UnusableImage as error:
            raise BadInput(str(error)) from None
    progress(len(requests), len(requests), "all mosaics are read")
    return sources


def _frames(existing: Field | None, sources: dict[str, MosaicSource]) -> dict[str, _Frame]:
    """Return the frames of the files, and of the field's mosaics in all other bands."""
    rows = existing.mosaics.exclude(band__in=sources) if existing else ()
    return {
        band: _Frame(source.mosaic.path, source.mosaic.shape, source.mosaic.wcs)
        for band, source in sources.items()
    } | {row.band: _Frame(Path(row.path), (row.height, row.width), row.wcs) for row in rows}


def _recalibrated(
    existing: Field | None,
    zero_points: Sequence[StatedZeroPoint],
    read: set[str],
    bands: set[str],
) -> dict[str, dict[str, Any]]:
    """Return the calibrations of mosaics that stay as they are, but for a stated zero point."""
    rows = {row.band: row for row in existing.mosaics.all()} if existing else {}
    changes = {}
    for zero_point in zero_points:
        if zero_point.band not in bands:
            raise BadInput(f"--zero-point: the field has no mosaic in band {zero_point.band}.")
        if zero_point.band not in read:
            row = rows[zero_point.band]
            calibration = Calibration(
                photflam=row.photflam, photplam=row.photplam, exposure_s=row.exposure_s
            )
            stated = zero_point.applied(calibration, row.filter)
            changes[zero_point.band] = calibration_columns(stated)
    return changes


def _complete_columns(
    sources: Iterable[MosaicSource], reference: _Frame, columns: dict[str, Any]
) -> dict[str, Any]:
    """Return the columns of Field that are not None, and those that the mosaics give."""
    values = {column: value for column, value in columns.items() if value is not None}
    grid = reference.grid
    scale = pixel_scale_arcsec(grid.wcs, grid.shape) if grid else None
    if "pixel_scale_arcsec" in values:
        _check_scale(values["pixel_scale_arcsec"], scale, reference)
    elif scale is None:
        raise BadInput(f"{reference.path}: has no WCS; give the scale with --pixel-scale.")
    values.setdefault("pixel_scale_arcsec", scale)
    if any(source.mosaic.simulated for source in sources):
        values["simulated"] = True
    if grid is not None:
        values["north_deg"], values["east_left"] = compass(grid.wcs, grid.shape)
    return values


def _check_scale(stated: float, measured: float | None, reference: _Frame) -> None:
    """Raise BadInput if a stated scale contradicts the WCS."""
    if measured is not None and not abs(stated / measured - 1) < _SCALE_TOLERANCE:
        raise BadInput(
            f"{reference.path}: by its WCS a pixel has {measured:.4f} arcsec, not {stated:g}; "
            "leave --pixel-scale out."
        )


def _alignments(
    sources: Mapping[str, MosaicSource], frames: Mapping[str, _Frame], reference: _Frame
) -> dict[str, Alignment]:
    """Return the mosaics, by band, that cover the reference's sky with other pixels."""
    alignments = {}
    for band, source in sources.items():
        grid, onto = frames[band].grid, reference.grid
        if grid is None or onto is None:
            continue
        comparison = compare_grids(grid, onto)
        if comparison.overlap and (difference := comparison.mismatch(reference.path.name)):
            alignments[band] = Alignment(source, onto, difference)
    return alignments


def _check_grid(mosaic: _Frame, reference: _Frame) -> None:
    """Raise BadInput unless the mosaic has the pixels of the reference, shifted by whole ones.

    The sizes may differ, except without a WCS.
    """
    grid, reference_grid = mosaic.grid, reference.grid
    if grid is None or reference_grid is None:
        if mosaic.shape != reference.shape:
            raise BadInput(
                f"{mosaic.path}: without WCS all mosaics must have one size; this one has "
                f"{mosaic.size} px, and {reference.path.name} has {reference.size} px."
            )
        return
    if mismatch := compare_grids(grid, reference_grid).mismatch(reference.path.name):
        raise BadInput(f"{mosaic.path}: {mismatch}; {HINT}.")


def _check_replacement(field: Field, frames: Mapping[str, _Frame]) -> None:
    """Raise BadInput if a mosaic differs from the one that the field's stamps were cut from.

    Its path may change.
    """
    existing = {mosaic.band: mosaic for mosaic in field.mosaics.all()}
    for band, frame in frames.items():
        mosaic = existing.get(band)
        if mosaic is None or not _same_frame(mosaic, frame):
            raise BadInput(
                f"{frame.path}: field {field} has candidates whose stamps were cut from other "
                "mosaics; import this one into a new field."
            )


def _same_frame(mosaic: Mosaic, frame: _Frame) -> bool:
    """True if each pixel of the file lies at the same position as in the field's mosaic."""
    if (mosaic.height, mosaic.width) != frame.shape:
        return False
    if mosaic.wcs is None or frame.wcs is None:
        return mosaic.has_wcs == (frame.wcs is not None)
    comparison = compare_grids(Grid(frame.wcs, frame.shape), Grid(mosaic.wcs, frame.shape))
    return comparison.is_same_grid and comparison.whole_shift == (0, 0)


def _band_rule(existing: Field | None, values: dict[str, Any]) -> dict[str, int]:
    """Return the band rule that the field will have."""
    field = existing or Field()
    names = ("min_observed", "min_detected")
    return {name: values.get(name, getattr(field, name)) for name in names}


@transaction.atomic
def _save_field(name: str, rows: dict[str, dict[str, Any]], columns: dict[str, Any]) -> Field:
    """Write the field and its mosaics."""
    field = Field.objects.filter(name=name).first() or Field(name=name)
    for column, value in columns.items():
        setattr(field, column, value)
    field.galaxy = field.galaxy or name
    rule = field.band_rule
    is_new_rule = field.pk is not None and Field.objects.get(pk=field.pk).band_rule != rule
    _save_valid(field, f"Field {name}")
    if is_new_rule:
        field.change_band_rule(rule)
    for band, values in rows.items():
        row = field.mosaics.filter(band=band).first() or Mosaic(field=field, band=band)
        for column, value in values.items():
            setattr(row, column, value)
        _save_valid(row, row.path)
    return field


def _save_valid(row: Field | Mosaic, source: str) -> None:
    """Save the row. Raises BadInput, naming its source and the invalid columns."""
    with _validation(source):
        row.full_clean()
    row.save()


@contextmanager
def _validation(source: str) -> Iterator[None]:
    """Turn a ValidationError into BadInput, naming the source and the invalid columns."""
    try:
        yield
    except ValidationError as error:
        errors = "; ".join(f"{name}: {texts[0]}" for name, texts in error.message_dict.items())
        raise BadInput(f"{source}: {errors}") from None
