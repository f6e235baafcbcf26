"""manage.py audit: recompute every derived row and count the differences."""

import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Exists, OuterRef, Prefetch

from classifier.core.pack_locations import pack_in, stored_packs
from labeling.db.consistent_read import one_moment
from labeling.ingest.abandoned import remove_abandoned
from labeling.ingest.aligned_files import orphaned_files
from labeling.ingest.both_sides import store_count_on_both_sides
from labeling.ingest.sky_audit import sky_faults
from labeling.models import Candidate, CatalogueImport, Consensus, Field, Prediction, Vote
from labeling.number_texts import count_text
from labeling.rules.consensus import ConsensusStatus, Verdict
from labeling.rules.strategies import ColdStart


class Command(BaseCommand):
    """Compare the stored rows with those computed from votes and names."""

    help = "Recompute every derived row and print the differences; exit 1 if there are any."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the option."""
        parser.add_argument(
            "--mend-positions",
            action="store_true",
            help="write RA, Dec and compass anew where an earlier version misread the WCS",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print each difference, then their number."""
        if options["mend_positions"]:
            for fault in [fault for fault in sky_faults() if fault.can_be_mended]:
                fault.mend()
                self.stdout.write(f"Mended: {fault.text}.")
        for name in remove_abandoned():
            self.stdout.write(f"Removed what an interrupted import of {name} has left.")
        # As of one moment: a vote between a candidate and its votes would look like a difference.
        with one_moment():
            differences = [
                *self._in_fields(),
                *self._in_candidates(),
                *_orphans(),
                *_positions(),
            ]
        for line in (*differences, *_on_both_sides()):
            self.stdout.write(line)
        self.stdout.write(f"{len(differences)} differences")
        if differences:
            sys.exit(1)

    def _in_fields(self) -> Iterator[str]:
        """Fields that go by another run than the last that was put to use and not rolled back."""
        for field in Field.objects.order_by("pk"):
            standing = field.promotions.filter(rolled_back_at=None).first()
            if field.promoted_run_id != (standing and standing.run_id):
                yield f"{field}: goes by another run than its promotions say"
            wrong = sum(guard != stored for _, guard, stored in field.guards())
            if wrong:
                candidates = count_text(wrong, "candidate is", "candidates are")
                yield f"{field}: {candidates} wrongly in the guard, or not in it"

    def _in_candidates(self) -> Iterator[str]:
        rows = Candidate.objects.select_related("field", "consensus").order_by("pk")
        counting = Prefetch("votes", Vote.objects.live(), to_attr="counting")
        control = Prefetch("votes", Vote.objects.control_votes(), to_attr="control_votes")
        rows = rows.prefetch_related(counting, control, "adjudications", "predictions")
        for candidate in rows.iterator(2000):
            for line in _differences(candidate):
                yield f"{candidate}: {line}"


def _orphans() -> Iterator[str]:
    """Yield what belongs to no import: predictions without a candidate, files without rows."""
    candidates = Candidate.with_unfinished.filter(pk=OuterRef("candidate"))
    if n := Prediction.objects.filter(~Exists(candidates)).count():
        predictions = count_text(n, "prediction is", "predictions are")
        yield f"{predictions} of candidates that do not exist"
    packs = set(CatalogueImport.objects.values_list("pack", flat=True))
    for name in stored_packs(settings.PACKS):
        if name not in packs:
            pack = pack_in(settings.PACKS, name)
            yield f"the stamp pack {pack} belongs to no import; delete it"
    for path in orphaned_files():
        yield f"the resampled mosaic {path} belongs to no field; delete it"


def _positions() -> Iterator[str]:
    """Yield what is wrong with positions on the sky, and the remedy."""
    for fault in sky_faults():
        remedy = "; audit --mend-positions writes the right values" if fault.can_be_mended else ""
        yield f"{fault.text}{remedy}"


def _on_both_sides() -> Iterator[str]:
    """Yield notes on sources that measure networks under one id, and train them under another.

    They are no differences: a side once given never changes. The numbers are stored, for pages.
    """
    for field in Field.objects.order_by("pk"):
        if n := store_count_on_both_sides(field):
            candidates = count_text(n, "candidate lies", "candidates lie")
            yield (
                f"Note: {field}: {candidates} within a pixel of one on the other side of the split "
                "(control sample, training pool); they stay where they are."
            )


def _differences(candidate: Candidate) -> list[str]:
    """Return the differences between stored and recomputed values of a candidate."""
    placed = Candidate(
        field=candidate.field, catalogue_id=candidate.catalogue_id, x=candidate.x, y=candidate.y
    )
    placed.derive_columns()
    wrong = []
    if candidate.control != placed.control and not candidate.control_inherited:
        wrong.append("is in the wrong sample")
    begins = candidate.field.cold_start == ColdStart.SPREAD and candidate.shuffle < 0
    if candidate.shuffle != placed.shuffle and not begins:
        wrong.append("has the wrong place in random order")
    if candidate.catalogue_number != placed.catalogue_number:
        wrong.append("has the wrong place in the catalogue")
    stored: Consensus | None = getattr(candidate, "consensus", None)
    verdict = candidate.verdict(candidate.counting)  # type: ignore[attr-defined]
    needs_votes = candidate.needs_votes(verdict, candidate.control_votes)  # type: ignore[attr-defined]
    if candidate.open != needs_votes:
        wrong.append("is open where no votes are needed, or closed where they are")
    candidate.open = needs_votes
    wrong += _misplaced(candidate, verdict)
    if stored is None:
        silent = not verdict.n_votes and verdict.status != ConsensusStatus.ADJUDICATED
        return wrong if silent else [*wrong, "has votes or a ruling, and no consensus"]
    stale = (f"consensus.{name} is not what the votes say" for name in stored.differences(verdict))
    return [*wrong, *stale]


def _misplaced(candidate: Candidate, verdict: Verdict) -> list[str]:
    """Predictions that stand elsewhere in the queue than they should."""
    promoted = candidate.field.promoted_run_id or 0
    return [
        f"stands at the wrong place in the queue of run {prediction.run_id}"
        for prediction in candidate.predictions.all()
        # Older runs are set right when the field goes back to them, or past them.
        if prediction.run_id >= promoted
        and prediction.set_queue(candidate.waits_in, candidate.field.strategy, verdict.counts)
    ]
