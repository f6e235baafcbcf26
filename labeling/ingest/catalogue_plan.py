"""What an import of a catalogue will write, checked beforehand; and the writing, all or nothing.

The candidates are written in batches under an import that is not finished, and appear all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from classifier.core.pack_locations import Location, pack_in
from labeling.db.bulk import batches
from labeling.ingest.both_sides import count_on_both_sides_again, forget_counts
from labeling.ingest.candidate_rows import Sources, renew_sides, write_candidates
from labeling.ingest.errors import BadInput
from labeling.ingest.pack_claims import claimed_pack, remove_abandoned_imports
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.tables import Catalogue
from labeling.models import CatalogueImport, Field
from labeling.rules.band_rule import BandRule

ReadStamps = Callable[[Sequence[int]], NDArray[np.float32]]
"""Returns (n, band, y, x) images of these rows of the catalogue, for a preview."""
WriteStamps = Callable[[Location, Progress], None]
"""Writes the stamp pack of an import under this path."""


@dataclass(frozen=True)
class CataloguePlan:
    """A catalogue that was read and checked, and what will be written; nothing is written yet.

    `report` is for JSON: counts by class, band and reason, notes, and the first rows.
    """

    field: Field
    catalogue: Catalogue
    sources: Sources
    write_stamps: WriteStamps
    fingerprint: str
    origin: int
    band_rule: BandRule
    report: dict[str, Any]
    forced: bool = False
    read_stamps: ReadStamps | None = None
    """For stamps that were cut elsewhere; others are cut from the field's mosaics."""
    existing: CatalogueImport | None = None
    """The finished import of the same file with the same options; nothing is to be written then."""

    def write(
        self, progress: Progress = no_progress, *, imported_by: User | None = None
    ) -> CatalogueImport:
        """Write the import, its stamps and its candidates, all or nothing; return the import.

        The same plan again returns the import that is there. Raises BadInput if the field has
        changed since.
        """
        remove_abandoned_imports()
        imports = self.field.imports.finished().filter(fingerprint=self.fingerprint)
        if existing := imports.first():
            return existing
        with claimed_pack() as pack:
            record = self._start(pack, imported_by)
            self.write_stamps(pack_in(settings.PACKS, pack), progress)
            total = len(self.catalogue)
            progress(0, total, "writing candidates")
            write_candidates(
                record,
                self.catalogue,
                self.sources,
                lambda rows: progress(rows, total, "writing candidates"),
            )
            self._finish(record)
        count_on_both_sides_again()
        return record

    def _start(self, pack: str, imported_by: User | None) -> CatalogueImport:
        """Store the unfinished import. Raises BadInput if another one is being written."""
        record = CatalogueImport(
            field=self.field,
            file_name=self.catalogue.path.name[-255:],
            fingerprint=self.fingerprint,
            origin=self.origin,
            rows=len(self.catalogue),
            report=self.report,
            pack=pack,
            magnitude_bands=" ".join(b for b in BANDS if b in self.catalogue.magnitudes),
            forced=self.forced,
            imported_by=imported_by,
            finished_at=None,
        )
        try:
            with transaction.atomic():
                # Imports into one field take turns: their ids are checked against each other's.
                (field,) = Field.objects.lock_rows([self.field])
                if field.split != self.field.split:
                    raise BadInput(
                        f"How field {field} divides its candidates was changed just now; import "
                        "the file again."
                    )
                if other := self.field.imports.unfinished().first():
                    raise BadInput(
                        f"Another import into field {self.field} is at work ({other.file_name}); "
                        "try again when it has finished."
                    )
                check_ids_are_new(self.field, self.catalogue)
                record.save()
        except IntegrityError:
            raise BadInput(
                f"{self.catalogue.path} was imported into field {self.field} just now."
            ) from None
        return record

    def _finish(self, record: CatalogueImport) -> None:
        """Make the candidates visible, all at once, under the band rule of this import."""
        with transaction.atomic():
            # Imports finish in turn, each with the sides of those before it.
            Field.objects.lock_rows([])
            renew_sides(record, self.catalogue, self.sources)
            (field,) = Field.objects.filter(pk=self.field.pk).lock_out_votes()
            record.finished_at = Now()
            record.save(update_fields=["finished_at", "report"])
            if field.band_rule != self.band_rule:
                field.change_band_rule(self.band_rule)
            field.set_guards()
            field.set_cold_start_order()
            forget_counts(field)
        record.refresh_from_db(fields=["finished_at"])


def check_ids_are_new(field: Field, catalogue: Catalogue) -> None:
    """Raise BadInput if the field has a candidate with an id of the catalogue."""
    if field.pk is None or not field.candidates.exists():
        return
    for batch in batches(catalogue.ids):
        candidates = field.candidates.filter(catalogue_id__in=batch).order_by()
        files = dict(candidates.values_list("catalogue_id", "catalogue_import__file_name"))
        if files:
            text = next(text for text in batch if text in files)
            raise BadInput(
                f"{catalogue.path}, row {catalogue.ids.index(text) + 1}: field {field} has a "
                f"candidate {text} already, from {files[text]}."
            )
