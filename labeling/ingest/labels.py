"""Reference labels that are added to existing candidates later, from a table with their ids."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from classifier.core.classes import MorphologicalClass
from labeling.db.bulk import batches
from labeling.db.bulk_rows import pause_after
from labeling.ingest.errors import BadInput
from labeling.ingest.missing_values import MissingValues
from labeling.ingest.table_files import load_table
from labeling.ingest.table_options import TableOptions
from labeling.ingest.table_reader import ColumnNames, TableReader
from labeling.models import Field, ReferenceLabel
from labeling.number_texts import count_text
from labeling.training.label_source import LabelSource

Labels = dict[str, dict[str, int]]
"""Classes 1 to 4 by source and catalogue id."""


@dataclass(frozen=True)
class LabelPlan:
    """New labels by source and candidate, and counts of what the file has; nothing is written."""

    new: dict[str, dict[int, int]]
    counts: dict[str, dict[str, int]]
    """Labels by class, by source."""
    n_existing: int
    unknown: list[str]
    """Catalogue ids that the field does not have."""

    @property
    def n_new(self) -> int:
        """Number of labels that are to be written."""
        return sum(map(len, self.new.values()))

    def write(self) -> None:
        """Insert the labels, all or none."""
        rows = [
            ReferenceLabel(candidate_id=pk, source=source, label=label)
            for source, labels in self.new.items()
            for pk, label in labels.items()
        ]
        with pause_after(), transaction.atomic():
            ReferenceLabel.objects.bulk_create(rows, batch_size=1000)


def plan_labels(
    field: Field, path: Path, options: TableOptions, *, skip_unknown: bool = False
) -> LabelPlan:
    """Read the labels of a table by the candidates' ids; write nothing.

    Raises BadInput for ids that the field does not have, unless they are to be skipped, and for
    labels that differ from those of the same source that are there.
    """
    labels = _read(path, options)
    keys = _keys(field, {text for of_source in labels.values() for text in of_source})
    unknown = sorted({text for of in labels.values() for text in of if text not in keys})
    if unknown and not skip_unknown:
        raise BadInput(
            f"{path}: field {field} has no candidate {', '.join(unknown[:5])}"
            f"{' …' if len(unknown) > 5 else ''} ({count_text(len(unknown), 'id')}); "
            "--skip-unknown leaves them out."
        )
    new: dict[str, dict[int, int]] = {}
    n_existing = 0
    for source, of_source in labels.items():
        labels_by_key = {keys[text]: label for text, label in of_source.items() if text in keys}
        existing = _existing(field, source)
        for text, pk in keys.items():
            if pk in existing and pk in labels_by_key and existing[pk] != labels_by_key[pk]:
                raise BadInput(
                    f"{path}: candidate {text} has class {existing[pk]} from “{source}” already, "
                    f"and class {labels_by_key[pk]} here; give the source another name."
                )
        new[source] = {pk: label for pk, label in labels_by_key.items() if pk not in existing}
        n_existing += len(labels_by_key) - len(new[source])
    counts = {source: _counts(of_source) for source, of_source in labels.items()}
    return LabelPlan(new, counts, n_existing, unknown)


def _read(path: Path, options: TableOptions) -> Labels:
    """Return the classes of each source by catalogue id; those not inspected are left out."""
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    if not options.references:
        raise BadInput(f"{path}: name the columns of classes, --reference SOURCE=COLUMN.")
    for source in options.references:
        if not LabelSource(source).is_reference or not 0 < len(source) <= 80:
            raise BadInput(f"{path}: a reference label may not be called {source!r}.")
    chosen: list[ColumnNames] = []

    def choose(names: list[str], *, has_header: bool) -> set[str]:
        if options.header and not has_header and names and path.suffix.lower() != ".tab":
            raise BadInput(
                f"{path}: the first line holds numbers where the names of the columns belong; "
                "number them: --no-header --column id=1 …"
            )
        # A LEGUS table has no header, and begins with the id.
        mapped = dict(options.columns) or ({} if has_header else {"id": "1"})
        chosen.append(ColumnNames(path, names, mapped))
        classes = {chosen[-1].column(column) for column in options.references.values()}
        return classes | {column for column in (chosen[-1].find("id"),) if column}

    data = load_table(path, options, choose)
    if not data.n_rows:
        raise BadInput(f"{path}: holds no labels.")
    reader = TableReader(data, chosen[-1], MissingValues.of(options.missing))
    ids = reader.ids()
    above = len(MorphologicalClass) if options.artefact_classes else None
    return {
        source: {
            text: label
            for text, label in zip(
                ids,
                reader.classes(chosen[-1].column(column), artefacts_above=above).tolist(),
                strict=True,
            )
            if label
        }
        for source, column in options.references.items()
    }


def _keys(field: Field, ids: set[str]) -> dict[str, int]:
    """Return the primary keys of the field's candidates with these ids."""
    keys: dict[str, int] = {}
    for batch in batches(sorted(ids)):
        candidates = field.candidates.filter(catalogue_id__in=batch).order_by()
        keys.update(candidates.values_list("catalogue_id", "pk"))
    return keys


def _existing(field: Field, source: str) -> dict[int, int]:
    """Return the field's labels of a source, by candidate."""
    labels = ReferenceLabel.objects.of(source).filter(candidate__field=field)
    return dict(labels.values_list("candidate", "label"))


def _counts(labels: dict[str, int]) -> dict[str, int]:
    """Return how many labels each class has."""
    counts = Counter(labels.values())
    return {str(int(label)): counts[label] for label in MorphologicalClass}
