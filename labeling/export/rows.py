"""One row generator for every export and for the training set.

It asks a single SQL statement, so that what it yields is one snapshot of the database even
while experts vote.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import F, FilteredRelation, Q, Value
from django.db.models.functions import Coalesce

from classifier.core.bands import BANDS
from classifier.core.classes import PROBABILITY_COLUMNS, VOTE_COLUMNS
from labeling.rules.consensus import ConsensusProvenance, ConsensusStatus

if TYPE_CHECKING:
    from labeling.models.candidate import CandidateQuerySet

Row = dict[str, Any]

_CONSENSUS_COUNTS = ("n_votes", *VOTE_COLUMNS, "n_unsure")
_PHOTOMETRY = tuple(
    name for band in BANDS for name in (f"mag_{band.lower()}", f"mag_err_{band.lower()}")
)


def in_catalogue_order(candidates: CandidateQuerySet) -> CandidateQuerySet:
    """Ordered by field, then catalogue id: numbers by value, before any other ids."""
    return candidates.order_by(
        "field__name", F("catalogue_number").asc(nulls_last=True), "catalogue_id"
    )


def catalogue_rows(candidates: CandidateQuerySet) -> Iterator[Row]:
    """Yield, in catalogue order, what is known of each candidate, by column name.

    Has every column of `columns.COLUMNS`, and `candidate`, `pack` and `pack_row` for those
    who need the stamps. Unknown values are None.
    """
    network = FilteredRelation(
        "predictions", condition=Q(predictions__run=F("field__promoted_run"))
    )
    rows: Any = in_catalogue_order(candidates).annotate(network=network)
    for row in rows.values(**_expressions()).iterator():
        yield _finished(row)


def _expressions() -> dict[str, Any]:
    """What to ask the database for, by the name of the column."""
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
    }


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


def _finished(row: Row) -> Row:
    """The row under its published names; annotations may not be called like model fields."""
    done = {_RENAMED.get(name, name.removesuffix("_")): value for name, value in row.items()}
    if not done["n_votes"]:
        done["provenance"] = _without_votes(done)
    done["control_sample"] = int(done["control_sample"])
    return done


def _without_votes(row: Row) -> int | None:
    """Who had a say where nobody has voted: the network, and whoever has ruled, who sees it."""
    network = row["run"] is not None
    if row["consensus_status"] == ConsensusStatus.ADJUDICATED:
        return (ConsensusProvenance.NETWORK_AND_ONE if network else ConsensusProvenance.ONE).value
    return ConsensusProvenance.NETWORK.value if network else None
