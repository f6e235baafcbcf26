"""labeling.db.prepared: the same answers as the querysets, however often they are asked."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling.db.prepared import Delete, Param, PreparedQuery, Update, Upsert, execute_together
from labeling.models import Candidate, Consensus, Lease, Vote
from labeling.queue.parts import Lock, Part, QueueFilter, _first_query
from tests.labeling.world import at_once, lease_to, vote

BRIGHT = PreparedQuery(
    lambda: Candidate.objects.filter(x__lt=Param("x"), set_aside="").order_by("-pk")[:2]
)
BY_ID = PreparedQuery(lambda: Vote.objects.filter(pk=Param("uuid", models.UUIDField())))
LATER = PreparedQuery(
    lambda: (
        Lease.objects.live().filter(expires_at__gt=Param("now")).values_list("candidate", "sample")
    )
)


@pytest.mark.parametrize("x", [5.0, 15.0, 35.0, 35.0])
def test_a_prepared_query_gives_the_result_of_its_queryset(field, x):
    found = BRIGHT.objects(x=x)
    assert found == list(field.candidates.filter(x__lt=x).order_by("-pk")[:2])
    assert all(one.catalogue_id == str(one.pack_row + 1) for one in found)


def test_values_are_converted_as_by_the_orm(candidate, ada):
    cast = vote(candidate, ada, 2, display={"stretch": "log"})
    lease = lease_to(candidate, ada)
    ((found,), rows) = BY_ID.objects(uuid=cast.pk), LATER.rows(now=timezone.now())
    assert (found.label, found.display, found.cast_at) == (2, {"stretch": "log"}, cast.cast_at)
    assert rows == [(candidate.pk, "control" if candidate.control else "pool")]
    assert LATER.rows(now=lease.expires_at + timedelta(seconds=1)) == []


def test_the_sql_is_compiled_once(field, django_assert_num_queries):
    BRIGHT.objects(x=1.0)
    written = BRIGHT._compiled
    with django_assert_num_queries(1):
        BRIGHT.objects(x=20.0)
    assert BRIGHT._compiled is written


@pytest.mark.django_db(transaction=True)
def test_a_query_works_on_each_new_connection(candidate):
    assert at_once(3, lambda _: BRIGHT.objects(x=11.0)) == [[candidate]] * 3
    connection.close()
    assert BRIGHT.objects(x=11.0) == [candidate]


def test_a_query_prepared_in_a_rolled_back_transaction_stays_usable(field):
    statement = PreparedQuery(lambda: Candidate.objects.filter(pk=Param("pk")))
    with transaction.atomic():
        statement.objects(pk=1)
        transaction.set_rollback(True)
    assert statement.objects(pk=0) == []


@pytest.mark.parametrize("lock", [Lock.NONE, Lock.SKIP_LOCKED])
@pytest.mark.parametrize(
    ("part", "index"),
    [
        (Part.POOL, "pool_in_order"),
        (Part.UNPREDICTED, "open_in_random_order"),
        (Part.RANDOM, "open_in_random_order"),
        (Part.CONTROL, "open_in_random_order"),
    ],
)
def test_the_next_candidate_is_the_first_of_an_index_though_tables_are_small(
    field, ada, part, index, lock
):
    statement = _first_query.__wrapped__(part, lock, 1, QueueFilter())
    params = {"expert": ada.pk, "field": field.pk, "needed": 3, "run": 0}
    with CaptureQueriesContext(connection) as asked:
        statement.objects(**params)
    with connection.cursor() as cursor:
        how = "EXPLAIN QUERY PLAN"
        if connection.vendor == "postgresql":
            how = "EXPLAIN"
            # It plans anew when it has counted the rows, few as they are.
            cursor.execute("ANALYZE")
        cursor.execute(f"{how} {asked[-1]['sql'].rpartition('; ')[2]}")
        plan = "\n".join(str(line) for line in cursor)
    assert index in plan
    ways = ("Seq Scan", "Materialize", "Hash", "Merge", "Sort", "SCAN", "TEMP B-TREE")
    assert not [way for way in ways if way in plan]


def test_an_upsert_replaces_the_row_of_its_key(candidate):
    put = Upsert(Consensus, "candidate")
    put(Consensus(candidate=candidate, n_votes=1, agreement=0.5))
    put(Consensus(candidate=candidate, n_votes=2, agreement=None))
    assert list(Consensus.objects.values_list("n_votes", "agreement")) == [(2, None)]


def test_an_upsert_sets_the_primary_key_of_a_new_row(candidate, ada):
    lease = Lease(candidate=candidate, expert=ada, sample="pool", expires_at=timezone.now())
    Upsert(Lease, "candidate", "expert")(lease)
    assert Lease.objects.get() == lease
    lease.delete()
    assert not Lease.objects.exists()


def test_an_upsert_without_a_key_never_replaces_a_row(candidate, ada):
    put, cast = Upsert(Vote), Vote(pk=uuid4(), candidate=candidate, voter=ada, label=3)
    put(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        put(cast)
    assert Vote.objects.get() == cast


def test_an_update_changes_the_named_fields_only(candidate, ada):
    lease = lease_to(candidate, ada)
    lease.sample, lease.skipped_at = "control", timezone.now()
    execute_together([(Update(Lease, "skipped_at"), lease)])
    lease.refresh_from_db()
    assert lease.sample == "pool"
    assert lease.skipped_at


def test_a_delete_removes_one_row(candidate, ada, bea):
    first, second = (lease_to(candidate, expert) for expert in (ada, bea))
    remove = Delete(Lease)
    execute_together([(remove, first)])
    execute_together([(remove, first)])
    assert Lease.objects.get() == second


def test_several_writes_are_executed_together_or_not_at_all(candidate, ada, bea):
    lease = lease_to(candidate, ada)
    cast, again = (Vote(pk=uuid4(), candidate=candidate, voter=ada, label=n) for n in (1, 2))
    insert, end_lease = Upsert(Vote), (Delete(Lease), lease)
    with pytest.raises(IntegrityError), transaction.atomic():
        execute_together([end_lease, (insert, cast), (insert, again)])
    assert (list(Vote.objects.all()), list(Lease.objects.all())) == ([], [lease])
    execute_together([end_lease, (insert, cast)])
    assert (list(Vote.objects.all()), list(Lease.objects.all())) == ([cast], [])
