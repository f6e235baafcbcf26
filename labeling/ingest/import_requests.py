"""What a person has entered for an import through the page, and the plans that follow from it.

The options of a job are JSON: `field`, `galaxy`, `distance_mpc`, `pixel_scale_arcsec`,
`needs_wcs`; `files` with `use`, `band` and `hdu` by number of the upload; `catalogue` with the
options of a catalogue, in which `table` has those of a table.
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

from labeling.files.limits import UNPACKING_ERRORS, LimitExceeded, check_fits, open_unpacked
from labeling.ingest.catalogue_plan import CataloguePlan
from labeling.ingest.catalogues import CatalogueOptions, plan_catalogue
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaic_requests import MosaicRequest
from labeling.ingest.mosaics import FieldPlan, draft_field, plan_field
from labeling.ingest.progress import Progress
from labeling.ingest.table_options import TableOptions
from labeling.models import CatalogueImport, Field, ImportJob, ImportStage, Upload

MOSAIC, CATALOGUE, UNUSED = "mosaic", "catalogue", "unused"

_FITS_START = b"SIMPLE  ="
_DAMAGE = (*UNPACKING_ERRORS, LookupError, TypeError, ValueError, fits.VerifyError)
_OF_FIELD = ("galaxy", "distance_mpc", "pixel_scale_arcsec")


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

    def plan_field(self, progress: Progress) -> FieldPlan | None:
        """Return the plan of the field's mosaics; None if there are none. Raises BadInput."""
        if not self.mosaics:
            return None
        requests = [MosaicRequest(file.path, file.band, file.hdu) for file in self.mosaics]
        columns: dict[str, Any] = {name: self.options.get(name) for name in _OF_FIELD}
        return plan_field(
            self.options["field"],
            requests,
            needs_wcs=self.options.get("needs_wcs", True),
            # The preview asks about them, and whoever confirms it has answered.
            filters_from_names=self.job.stage == ImportStage.IMPORT,
            progress=progress,
            **columns,
        )

    def plan_catalogue(self, field: Field, progress: Progress) -> CataloguePlan | None:
        """Return the plan of the catalogue; None if there is none. Raises BadInput."""
        if self.catalogue is None:
            return None
        return plan_catalogue(
            field,
            self.catalogue.path,
            self.catalogue_options,
            progress,
            mosaics=field.mosaic_by_band.values(),
        )

    def draft_field(self, plan: FieldPlan | None) -> Field:
        """Return the field with its mosaics as they will be, without writing anything."""
        return draft_field(self.options["field"], plan)

    def write(self, progress: Progress) -> tuple[Field, CatalogueImport | None]:
        """Plan everything, then write it; nothing is written if a plan is refused by BadInput."""
        field_plan = self.plan_field(progress)
        field = self.draft_field(field_plan)
        plan = self.plan_catalogue(field, progress)
        if field_plan:
            field = field_plan.write(progress)
        if plan is None:
            return field, None
        plan = replace(plan, field=field)
        return field, plan.write(progress, imported_by=self.job.requested_by)


def guess_use(path: Path) -> str:
    """Return MOSAIC for a FITS file with an image, else CATALOGUE. Raises BadInput."""
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
