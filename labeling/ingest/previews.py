"""Previews of imports: what was recognised in the files, and what an import would do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from labeling.imaging.selection_figures import draw_selection
from labeling.ingest.catalogue_plan import CataloguePlan
from labeling.ingest.errors import BadInput
from labeling.ingest.import_requests import ImportRequest
from labeling.ingest.page_words import for_page
from labeling.ingest.preview_pictures import draw_images, draw_map, draw_stamps
from labeling.ingest.progress import Progress
from labeling.ingest.source_catalogue import SourceCatalogue
from labeling.ingest.table_files import load_table
from labeling.models import Field

MAX_POINTS = 2000
"""Positions on the map."""
MAX_COLUMNS = 500
"""Names of columns to choose from."""


class Preview:
    """The content of a preview, in JSON; when a file is refused, what was read until then."""

    def __init__(self, request: ImportRequest) -> None:
        self.content: dict[str, Any] = {}
        self._request = request

    def make(self, progress: Progress) -> None:
        """Plan the import and draw its pictures. Raises BadInput."""
        request, content = self._request, self.content
        progress(0, 1, "looking at the files")
        content["uses"] = {str(file.upload.pk): file.use for file in request.files}
        if request.catalogue:
            content["columns"] = self._column_names()
        field_plan = request.plan_field(progress)
        if field_plan:
            mosaics = field_plan.report["mosaics"]
            texts = [*field_plan.questions, *(note for row in mosaics for note in row["notes"])]
            notes = [for_page(text, request.job) for text in texts]
            content["field"] = {**field_plan.report, "notes": notes}
        field = request.draft_field(field_plan)
        build = request.plan_build(field_plan, progress)
        if build:
            self._show_selection(build.catalogue)
        plan = request.plan_catalogue(field, build, progress)
        if plan:
            notes = [for_page(note, request.job) for note in plan.report.get("notes", [])]
            content["catalogue"] = {**plan.report, "notes": notes}
            content["recognised"] = plan.catalogue.columns
            content["is_imported"] = plan.existing is not None
        progress(0, 1, "drawing the map and stamps")
        self._draw(field, plan)

    def _show_selection(self, catalogue: SourceCatalogue) -> None:
        """Add what each cut removes, and draw the figures of it into the folder of the job."""
        sentences = [for_page(text, self._request.job) for text in catalogue.sentences()]
        self.content["selection"] = {"sentences": sentences}
        draw_selection(
            self._request.job.directory, catalogue.photometry, catalogue.selection, catalogue.cuts
        )

    def _column_names(self) -> list[str]:
        """Return the names of the catalogue's columns, for choices; none if it cannot be read."""
        assert self._request.catalogue
        all_names: list[str] = []

        def remember(names: list[str], *, has_header: bool) -> set[str]:
            all_names.extend(names[:MAX_COLUMNS])
            return set(names[:1])

        table = replace(self._request.catalogue_options.table, columns={}, references={}, keep=())
        with suppress(BadInput):
            load_table(self._request.catalogue.path, table, remember)
        return all_names

    def _draw(self, field: Field, plan: CataloguePlan | None) -> None:
        """Draw the map and up to five stamps into the folder of the job."""
        folder = self._request.job.directory
        folder.mkdir(parents=True, exist_ok=True)
        if field.pk is not None and field.mosaic_by_band:
            self.content["map"] = draw_map(folder, field)
        if plan is None:
            return
        x, y = plan.sources.x, plan.sources.y
        is_used = np.array([not reason for reason in plan.sources.reasons])[plan.sources.reason]
        self.content["points"] = {
            name: _points(x[rows], y[rows])
            for name, rows in (("used", is_used), ("set_aside", ~is_used))
        }
        rows = np.flatnonzero(is_used)
        chosen = rows[np.linspace(0, len(rows) - 1, min(5, len(rows))).astype(int)]
        if plan.read_stamps and len(chosen):
            draw_images(folder, plan.read_stamps(chosen.tolist()))
        elif len(chosen):
            draw_stamps(folder, field, x[chosen], y[chosen])
        self.content["stamps"] = [
            {"id": plan.catalogue.ids[row], "x": float(x[row]) + 1, "y": float(y[row]) + 1}
            for row in chosen.tolist()
        ]


def _points(x: Any, y: Any) -> list[list[float]]:
    """Return at most MAX_POINTS positions [x, y], evenly from all."""
    step = max(1, -(-len(x) // MAX_POINTS))
    usable = np.isfinite(x) & np.isfinite(y)
    pairs = np.column_stack([x[usable], y[usable]])[::step]
    return [[round(a, 1), round(b, 1)] for a, b in pairs.tolist()]
