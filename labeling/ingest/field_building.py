"""Build a field from mosaics alone: import them, detect and select candidates, import these.

All or nothing: a new field whose catalogue cannot be imported is removed again. While it is built,
the claim NAME.building in ASTERISM_HOME/claims is held, so that a killed build is removed too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import ProtectedError

from labeling.db.table_locks import wait_for_writers
from labeling.files.claims import claimed, settle_abandoned
from labeling.ingest.aligned_files import remove_unused_files
from labeling.ingest.catalogue_plan import CataloguePlan
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue, plan_catalogue
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import FieldPlan, draft_field
from labeling.ingest.progress import Progress, no_progress
from labeling.ingest.source_catalogue import SourceCatalogue, SourceOptions, make_catalogue
from labeling.models import CatalogueImport, Field
from labeling.number_texts import count_text


@dataclass(frozen=True)
class FieldBuild:
    """Mosaics that were checked, and the candidates selected on them; nothing is written yet."""

    field_plan: FieldPlan
    catalogue: SourceCatalogue

    def plan(
        self, name: str, options: CatalogueOptions, progress: Progress = no_progress
    ) -> CataloguePlan:
        """Return the plan of the import of the catalogue, under this name of its file.

        Raises BadInput.
        """
        field = draft_field(self.field_plan.name, self.field_plan)
        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            self.catalogue.write(path)
            mosaics = field.mosaic_by_band.values()
            return plan_catalogue(field, path, options, progress, mosaics=mosaics)

    def write(
        self,
        path: Path,
        options: CatalogueOptions,
        progress: Progress = no_progress,
        *,
        imported_by: User | None = None,
    ) -> CatalogueImport:
        """Write the catalogue to `path`, the field, and its candidates; all or nothing.

        Raises BadInput, OSError.
        """
        # A refusal must come before the catalogue of an earlier build is replaced.
        self.plan(path.name, options, progress)
        with _claimed_build(self.field_plan, path):
            self.catalogue.write(path)
            field = self.field_plan.write(progress)
            record, _ = import_catalogue(field, path, options, progress, imported_by=imported_by)
        return record


@contextmanager
def _claimed_build(plan: FieldPlan, path: Path) -> Iterator[None]:
    """Claim the field and the catalogue, and remove what is new of them unless it is imported.

    Raises BadInput if somebody has made the field since the plan.
    """
    if plan.report["is_new"] and Field.objects.filter(name=plan.name).exists():
        raise BadInput(f"The field {plan.name} was made meanwhile; try again.")
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "field": plan.name,
        "is_new": plan.report["is_new"],
        "catalogue": str(path.resolve()),
        "is_new_file": not path.exists(),
    }
    claim = _claims() / f"{plan.name}.building"
    with claimed(claim, json.dumps(about), lambda: _settle(about)):
        yield


def remove_abandoned_builds() -> list[str]:
    """Remove what killed builds have left; return the names of the fields."""

    def settle(claim: Path, content: str) -> list[str]:
        # A claim without content was killed before anything was written.
        return _settle(json.loads(content)) if content else []

    return settle_abandoned(_claims(), "*.building", settle)


def _claims() -> Path:
    folder: Path = settings.HOME / "claims"
    return folder


def _settle(about: dict[str, Any]) -> list[str]:
    """Remove a new field and a new catalogue unless the catalogue is imported."""
    path = Path(about["catalogue"])
    with transaction.atomic():
        # The server may still commit what a dead process has written.
        wait_for_writers(Field)
        imports = CatalogueImport.objects.finished().filter(field__name=about["field"])
        if imports.filter(file_name=path.name).exists():
            return []
    if about["is_new_file"]:
        path.unlink(missing_ok=True)
    return _remove(about["field"]) if about["is_new"] else []


def _remove(name: str) -> list[str]:
    """Remove a new field, unless somebody has imported candidates into it meanwhile."""
    field = Field.objects.filter(name=name, imports=None).first()
    if field is None:
        return []
    paths = [mosaic.path for mosaic in field.mosaics.all()]
    with suppress(ProtectedError):
        field.delete()
        remove_unused_files(paths)
    return [name]


def plan_build(
    field_plan: FieldPlan, options: SourceOptions, progress: Progress = no_progress
) -> FieldBuild:
    """Detect and select candidates on the mosaics of a plan; write nothing. Raises BadInput."""
    if field_plan.alignments:
        bands = ", ".join(field_plan.alignments)
        raise BadInput(
            f"The mosaics of {bands} must be resampled first: run import_field {field_plan.name} "
            f"with --align, then build_field {field_plan.name} without mosaics."
        )
    field = draft_field(field_plan.name, field_plan)
    cuts = replace(options.cuts, distance_mpc=field.distance_mpc or None)
    catalogue = make_catalogue(field.mosaic_by_band, replace(options, cuts=cuts), progress)
    if not len(catalogue.table):
        raise BadInput(
            f"No candidates are left of {count_text(catalogue.report['sources'], 'source')}; "
            "loosen the cuts, which a dry run shows with what each removes."
        )
    return FieldBuild(field_plan, catalogue)
