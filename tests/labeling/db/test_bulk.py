"""labeling.db.bulk: rows from arrays."""

import numpy as np
import pytest

from labeling.db.bulk import BATCH_SIZE, BulkInsert
from labeling.models import Prediction
from tests.labeling.world import make_run

COUNT = BATCH_SIZE + 10


@pytest.fixture
def columns(field, admin):
    """Columns of predictions: some diversities are NaN, and some queues masked."""
    number = np.arange(COUNT)
    queue = np.ma.array(np.full(COUNT, field.pk), mask=number % 4 == 0)
    return {
        "run_id": np.full(COUNT, make_run(field, admin).pk),
        # The database does not check candidates.
        "candidate_id": 1_000_000 + number,
        "label": 1 + number % 4,
        **{f"p_class{k}": np.full(COUNT, k / 10) for k in range(1, 5)},
        "entropy": number / COUNT,
        "ensemble_agreement": np.ones(COUNT),
        "diversity": np.where(number % 3 == 0, np.nan, 0.1 * number),
        "queue_id": queue,
        "priority": np.zeros(COUNT),
    }


def test_it_inserts_each_row_and_writes_masked_numbers_and_nan_as_null(columns):
    BulkInsert(Prediction, *columns)(columns)
    rows = Prediction.objects.order_by("candidate_id").values_list(*columns)
    columns["diversity"] = np.ma.masked_invalid(columns["diversity"])
    expected = zip(*(array.tolist() for array in columns.values()), strict=True)
    assert list(rows) == list(expected)
    assert rows[0][-3:-1] == (None, None)


def test_without_rows_no_query_is_executed(columns, django_assert_num_queries):
    with django_assert_num_queries(0):
        BulkInsert(Prediction, *columns)({name: array[:0] for name, array in columns.items()})
