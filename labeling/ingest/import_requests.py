"""What a person has entered for an import through the page, and the plans that follow from it.

The options of a job are JSON: `field`, `galaxy`, `distance_mpc`, `pixel_scale_arcsec`,
`split`, `needs_wcs`, `align`; `files` with `use`, `band` and `hdu` by number of the upload;
`catalogue` with the options of a catalogue, in which `table` has those of a table; `stamps` with
those of stamps that were cut elsewhere; `detect`, to find the candidates on the mosaics, with its
limits in `detection`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from django.conf import settings

from labeling.files.archives import ZIP_ERRORS, is_zip, unpack_zip
from labeling.files.limits import UNPACKING_ERRORS, LimitExceeded, check_fits, open_unpacked
from labeling.ingest.abandoned import remove_abandoned
from labeling.ingest.catalogue_plan import CataloguePlan
from labeling.ingest.catalogues import CatalogueOptions, plan_catalogue
from labeling.ingest.errors import BadInput
from labeling.ingest.field_building import FieldBuild, plan_build
from labeling.ingest.mosaic_requests import MosaicRequest
from labeling.ingest.mosaics import FieldPlan, draft_field, plan_field
from labeling.ingest.progress import Progress
from labeling.ingest.source_catalogue import N_SIGMA, SourceOptions
from labeling.ingest.stamp_fields import draft_stamp_field, write_stamp_field
from labeling.ingest.stamp_imports import StampImportOptions, plan_stamps
from labeling.ingest.stamp_sets import StampOptions
from labeling.ingest.table_options import TableOptions
from labeling.models import CatalogueImport, Field, ImportJob, ImportStage, Upload
from labeling.rules.selection import FAINTEST_M_V, MAX_ERROR_MAG, MIN_BANDS, Cuts

MOSAIC, CATALOGUE, STAMPS, UNUSED = "mosaic", "catalogue", "stamps", "unused"

LEGUS_LIMITS: Mapping[str, float | None] = {
    "sigma": N_SIGMA,
    "min_ci": None,
    "max_error": MAX_ERROR_MAG,
    "faintest": FAINTEST_M_V,
}
"""Limits of the candidates that are found on mosaics; without `min_ci`, that of stars is measured,
and without another one, its cut is left out."""

_STAMP_ENDINGS = (".fits", ".fit", ".fits.gz", ".fits.fz", ".fits.bz2", ".png")
_STAMP_FILES = (".npy", ".npz", ".png")
_FITS_START = b"SIMPLE  ="
_DAMAGE = (*UNPACKING_ERRORS, LookupError, TypeError, ValueError, fits.VerifyError)
_OF_FIELD = ("galaxy", "distance_mpc", "pixel_scale_arcsec", "split")


@dataclass(frozen=True)
class RequestedFile:
    """An uploaded file and how it is to be used."""

    upload: Upload
    use: str
    band: str | None = None
    hdu: int | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self.upload.path


class ImportRequest:
    """The files of a job and how they are to be read."""

    def __init__(self, job: ImportJob) -> None:
        self.job = job
        self.options: Mapping[str, Any] = job.options

    @cached_property
    def files(self) -> list[RequestedFile]:
        """The uploads, each with its use as it was entered or guessed. Raises BadInput."""
        entered = self.options.get("files", {})
        files = []
        for upload in self.job.uploads.all():
            if not upload.is_complete:
                raise BadInput(f"{upload.name}: {upload.received} of {upload.size} bytes arrived.")
            values = entered.get(str(upload.pk), {})
            use = values.get("use") or guess_use(upload.path)
            files.append(RequestedFile(upload, use, values.get("band") or None, values.get("hdu")))
        return files

    @property
    def mosaics(self) -> list[RequestedFile]:
        """The files that are mosaics."""
        return [file for file in self.files if file.use == MOSAIC]

    @property
    def catalogue(self) -> RequestedFile | None:
        """The file that is the catalogue, if there is one. Raises BadInput if there are two."""
        catalogues = [file for file in self.files if file.use == CATALOGUE]
        if len(catalogues) > 1:
            names = ", ".join(file.upload.name for file in catalogues)
            raise BadInput(
                f"{names}: one import takes one catalogue; set the others to “not used”, and "
                "import them afterwards."
            )
        return catalogues[0] if catalogues else None

    @property
    def catalogue_options(self) -> CatalogueOptions:
        """How the catalogue is read and checked."""
        values = dict(self.options.get("catalogue", {}))
        table = dict(values.pop("table", {}))
        for name in ("keep", "missing"):
            if name in table:
                table[name] = tuple(table[name])
        return CatalogueOptions(table=TableOptions(**table), **values)

    @property
    def stamps(self) -> list[Path]:
        """The files of stamps that were cut elsewhere; folders for archives. Raises BadInput."""
        files = [file for file in self.files if file.use == STAMPS]
        if files and self.mosaics:
            raise BadInput(
                f"{files[0].upload.name}: a field has mosaics or stamps that were cut elsewhere; "
                f"set this file or {self.mosaics[0].upload.name} to “not used”."
            )
        return [_unpacked(file) for file in files]

    @property
    def finds_candidates(self) -> bool:
        """True if candidates are to be found on the mosaics."""
        return bool(self.options.get("detect"))

    @property
    def stamp_options(self) -> StampImportOptions:
        """How stamps that were cut elsewhere are read."""
        catalogue, values = self.catalogue_options, self.options.get("stamps", {})
        return StampImportOptions(
            stamps=StampOptions(tuple(values.get("bands", ())), values.get("dataset")),
            table_path=self.catalogue.path if self.catalogue else None,
            table=catalogue.table,
            origin=1 if catalogue.origin is None else catalogue.origin,
            lossless=catalogue.lossless,
            min_observed=catalogue.min_observed,
            min_detected=catalogue.min_detected,
        )

    @property
    def source_options(self) -> SourceOptions:
        """How candidates are found on the mosaics; as LEGUS does unless the limits are others."""
        values = {**LEGUS_LIMITS, **self.options.get("detection", {})}
        min_ci = values["min_ci"]
        cuts = Cuts(
            min_ci=min_ci,
            max_error_mag=values["max_error"],
            min_bands=self._min_detected,
            faintest_m_v=values["faintest"],
        )
        return SourceOptions(
            n_sigma=values["sigma"] or N_SIGMA,
            cuts=cuts,
            measure_min_ci=min_ci is None,
            luminosity="if possible",
        )

    @property
    def _min_detected(self) -> int:
        """Bands in which a candidate must be detected: as entered, or as the field has it."""
        if entered := self.catalogue_options.min_detected:
            return entered
        field = Field.objects.filter(name=self.options["field"]).first()
        return field.min_detected if field else MIN_BANDS

    def plan_field(self, progress: Progress) -> FieldPlan | None:
        """Return the plan of the field's mosaics; None if there are none. Raises BadInput."""
        if not self.mosaics and not self.finds_candidates:
            return None
        requests = [MosaicRequest(file.path, file.band, file.hdu) for file in self.mosaics]
        plan = plan_field(
            self.options["field"],
            requests,
            needs_wcs=self.options.get("needs_wcs", True),
            # The preview asks about them, and whoever confirms it has answered.
            filters_from_names=self.job.stage == ImportStage.IMPORT,
            align=self.options.get("align", False),
            progress=progress,
            **self._columns,
        )
        if plan.alignments and (self.catalogue or self.finds_candidates):
            raise BadInput(
                f"The mosaics of {', '.join(plan.alignments)} are resampled first: import the "
                "mosaics alone, and the candidates afterwards."
            )
        return plan

    @property
    def _columns(self) -> dict[str, Any]:
        """The values of the field that were entered."""
        return {name: self.options.get(name) for name in _OF_FIELD}

    def draft_field(self, plan: FieldPlan | None) -> Field:
        """Return the field as it will be, without writing anything. Raises BadInput."""
        if not self.stamps:
            return draft_field(self.options["field"], plan)
        options = self.stamp_options.stamps
        return draft_stamp_field(self.options["field"], self.stamps, options, **self._columns)

    def plan_build(self, plan: FieldPlan | None, progress: Progress) -> FieldBuild | None:
        """Return the candidates found on the mosaics; None if none are wanted. Raises BadInput."""
        if not self.finds_candidates or plan is None:
            return None
        others = [file for file in self.files if file.use in (CATALOGUE, STAMPS)]
        if others:
            raise BadInput(
                f"{others[0].upload.name}: candidates come from a file, or are found on "
                "the mosaics; set this file to “not used”, or remove the tick."
            )
        return plan_build(plan, self.source_options, progress)

    def plan_catalogue(
        self, field: Field, build: FieldBuild | None, progress: Progress
    ) -> CataloguePlan | None:
        """Return the plan of the candidates; None if there are none. Raises BadInput."""
        if self.stamps:
            return plan_stamps(field, self.stamps, self.stamp_options, progress)
        if build:
            return build.plan(self._found_path.name, self.catalogue_options, progress)
        if self.catalogue is None:
            return None
        return plan_catalogue(
            field,
            self.catalogue.path,
            self.catalogue_options,
            progress,
            mosaics=field.mosaic_by_band.values(),
        )

    @property
    def _found_path(self) -> Path:
        """The catalogue of candidates that are found on the mosaics."""
        folder: Path = settings.HOME / "catalogues"
        return folder / f"{self.options['field']}.ecsv"

    def write(self, progress: Progress) -> tuple[Field, CatalogueImport | None]:
        """Plan everything, then write it; nothing is written if a plan is refused by BadInput."""
        user = self.job.requested_by
        remove_abandoned()
        field_plan = self.plan_field(progress)
        if build := self.plan_build(field_plan, progress):
            record = build.write(
                self._found_path, self.catalogue_options, progress, imported_by=user
            )
            return record.field, record
        field = self.draft_field(field_plan)
        plan = self.plan_catalogue(field, None, progress)
        if plan and self.stamps:
            record = write_stamp_field(plan, self._columns, progress, imported_by=user)
            return record.field, record
        if field_plan:
            field = field_plan.write(progress)
        if plan is None:
            return field, None
        return field, replace(plan, field=field).write(progress, imported_by=user)


def _unpacked(file: RequestedFile) -> Path:
    """Return the file, or the folder of what an archive holds. Raises BadInput."""
    if not is_zip(file.path):
        return file.path
    folder = file.path.with_suffix("")
    try:
        unpack_zip(file.path, folder, _STAMP_ENDINGS)
    except LimitExceeded as error:
        raise BadInput(f"{file.path}: {error}.") from None
    except ZIP_ERRORS as error:
        raise BadInput(f"{file.path}: not a readable zip archive ({error}).") from None
    return folder


def guess_use(path: Path) -> str:
    """Return STAMPS, MOSAIC or CATALOGUE by what the file holds. Raises BadInput.

    A FITS file of stamps is taken for a mosaic until a person says what it is.
    """
    if is_zip(path) or path.suffix.lower() in _STAMP_FILES:
        return STAMPS
    try:
        with suppress(*UNPACKING_ERRORS), open_unpacked(path) as stream:
            if not stream.read(len(_FITS_START)).startswith(_FITS_START):
                return CATALOGUE
        check_fits(path)
        return MOSAIC if _has_image(path) else CATALOGUE
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None


def _has_image(path: Path) -> bool:
    """True if an HDU is an image; also for damaged files, of which the reader says the reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        with suppress(*_DAMAGE), fits.open(path) as file:
            return any(hdu.is_image and len(hdu.shape) > 1 for hdu in file)
    return True
