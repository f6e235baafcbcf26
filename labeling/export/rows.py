"""One row generator for every export and for the training set.

It runs a single SQL statement, so that the rows are one snapshot of the database even while
experts vote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from classifier.core.bands import BANDS
from classifier.core.classes import CALIBRATED_COLUMNS, PROBABILITY_COLUMNS, VOTE_COLUMNS
from labeling.export.kept import name_in_survey
from labeling.models.adjudication import Adjudication
from labeling.models.training_run import TrainingRun
from labeling.models.vote import Vote
from labeling.rules.consensus import ConsensusProvenance, ConsensusStatus
from labeling.rules.run_calibration import RunCalibration

if TYPE_CHECKING:
    from labeling.models.candidate import CandidateQuerySet

Row = dict[str, Any]

_CONSENSUS_COUNTS = ("n_votes", *VOTE_COLUMNS, "n_unsure")
_PHOTOMETRY = tuple(
    name for band in BANDS for name in (f"mag_{band.lower()}", f"mag_err_{band.lower()}")
)


def in_catalogue_order(candidates: CandidateQuerySet) -> CandidateQuerySet:
    """Order candidates by field and catalogue id: numbers by value, before other ids."""
    return candidates.order_by(
        "field__name", F("catalogue_number").asc(nulls_last=True), "catalogue_id"
    )


def catalogue_rows(candidates: CandidateQuerySet, kept: Sequence[str] = ()) -> Iterator[Row]:
    """Yield a row for each candidate in catalogue order, by column name.

    Rows have every column of `columns.COLUMNS`, and `candidate`, `pack` and `pack_row` for the
    training set. Unknown values are None. `kept` are names of `kept_names`, whose values follow.
    """
    network = FilteredRelation(
        "predictions", condition=Q(predictions__run=F("field__promoted_run"))
    )
    rows: Any = in_catalogue_order(candidates).annotate(network=network)
    more = {"survey_values": F("kept")} if kept else {}
    calibrate = _Calibrations()
    for row in rows.values(**_expressions(), **more).iterator():
        values = row.pop("survey_values", {})
        yield calibrate(_rename(row)) | {name: values.get(name_in_survey(name)) for name in kept}


class _Calibrations:
    """Add the calibrated probabilities to rows; each run's temperature is read once.

    It never changes after the end of a run, and needs not be of the moment of the other columns.
    """

    def __init__(self) -> None:
        self._by_run: dict[int, RunCalibration] = {}

    def __call__(self, row: Row) -> Row:
        """Return the row with the columns; None where there is no temperature or prediction."""
        values, labels = None, None
        if (run := row["run"]) is not None:
            if run not in self._by_run:
                self._by_run[run] = TrainingRun.objects.get(pk=run).calibration
            labels = self._by_run[run].labels or None
            values = self._by_run[run].calibrated([row[name] for name in PROBABILITY_COLUMNS])
        row |= zip(CALIBRATED_COLUMNS, values or repeat(None), strict=False)
        row["calibration_labels"] = labels
        return row


def _expressions() -> dict[str, Any]:
    """Return the database expressions by name; `_RENAMED` gives the published names."""
    zero = Value(0)
    return {
        "candidate": F("pk"),
        "pack": F("catalogue_import__pack"),
        "row_in_pack": F("pack_row"),
        "field_name": F("field__name"),
        "id_in_catalogue": F("catalogue_id"),
        "ra_deg": F("ra"),
        "dec_deg": F("dec"),
        "x_pix": F("x") + 1.0,
        "y_pix": F("y") + 1.0,
        "class_consensus": F("consensus__label"),
        "mean": F("consensus__class_mean"),
        "consensus_status": Coalesce(
            "consensus__status", Value(ConsensusStatus.INSUFFICIENT.value)
        ),
        **{f"{name}_": Coalesce(f"consensus__{name}", zero) for name in _CONSENSUS_COUNTS},
        "vote_agreement": F("consensus__agreement"),
        "vote_entropy_nats": F("consensus__vote_entropy"),
        "people": F("consensus__provenance"),
        "class_network": F("network__label"),
        **{f"{name}_": F(f"network__{name}") for name in PROBABILITY_COLUMNS},
        "entropy_nats": F("network__entropy"),
        "members_agree": F("network__ensemble_agreement"),
        "run": F("network__run"),
        **{f"{name}_": F(name) for name in (*_PHOTOMETRY, "ci", "observed", "set_aside")},
        "in_control": F("control"),
        "ruled_again": _is_ruled_again(),
        "n_imported": _imported_votes(),
    }


def _imported_votes() -> Coalesce:
    """Return the number of live votes that were cast elsewhere."""
    votes = Vote.objects.live().imported().filter(candidate=OuterRef("pk")).order_by()
    return Coalesce(Subquery(votes.values("candidate").annotate(n=Count("pk")).values("n")), 0)


def _is_ruled_again() -> Coalesce:
    """Return an expression: the curator whose ruling stands had ruled on the candidate before."""
    earlier = Adjudication.objects.filter(
        candidate=OuterRef("candidate"), curator=OuterRef("curator"), pk__lt=OuterRef("pk")
    )
    rulings = Adjudication.objects.filter(candidate=OuterRef("pk"))
    return Coalesce(Subquery(rulings.annotate(n=Exists(earlier)).values("n")[:1]), Value(False))  # noqa: FBT003


_RENAMED = {
    "row_in_pack": "pack_row",
    "field_name": "field",
    "id_in_catalogue": "catalogue_id",
    "mean": "class_mean",
    "vote_agreement": "agreement",
    "people": "provenance",
    "members_agree": "ensemble_agreement",
    "observed_": "bands_observed",
    "in_control": "control_sample",
}


def _rename(row: Row) -> Row:
    """Return the row with its published names; annotations may not have names of model fields."""
    renamed = {_RENAMED.get(name, name.removesuffix("_")): value for name, value in row.items()}
    ruled_again = renamed.pop("ruled_again")
    if not renamed["n_votes"]:
        renamed["provenance"] = _provenance_without_votes(renamed, ruled_again=ruled_again)
    renamed["control_sample"] = int(renamed["control_sample"])
    return renamed


def _provenance_without_votes(row: Row, *, ruled_again: bool) -> int | None:
    """Return the provenance of a row without votes.

    A curator who ruled saw the network, but for a first ruling on a control candidate: until then
    it is hidden from them.
    """
    network = row["run"] is not None
    if row["consensus_status"] == ConsensusStatus.ADJUDICATED:
        visible = network and (ruled_again or not row["control_sample"])
        return (ConsensusProvenance.NETWORK_AND_ONE if visible else ConsensusProvenance.ONE).value
    return ConsensusProvenance.NETWORK.value if network else None
