"""The queue: what waits in a field for one expert, in order, and the verbs that lease it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction

from labeling.models.lease import Lease, Sample
from labeling.queue.parts import Lock, Part, Waiting, Wish
from labeling.rules.sampling import takes_control, takes_repeat

if TYPE_CHECKING:
    from labeling.models.candidate import Candidate
    from labeling.models.candidate_queryset import CandidateQuerySet
    from labeling.models.field import Field
    from labeling.models.lease import LeaseQuerySet

ANYTHING = Wish()


class Queue:
    """A field's candidates as one expert gets them."""

    def __init__(self, field: Field, expert: Any, wish: Wish) -> None:
        self._field, self._expert, self._wish = field, expert, wish
        self._waiting = Waiting(field, expert, wish)

    def lease(self, count: int, *, last_resort: bool) -> list[Lease]:
        """Lease the next ones; fewer, or none, when no more are waiting for this expert.

        The last resort is what they have put off, and what others hold for long.
        """
        if not count:
            return []
        wanted = self._samples(count)
        leases: list[Lease] = []
        while wanted:
            taken = self._lease_free(wanted) or self._lease_after_waiting(self._all_parts())
            if not taken and last_resort:
                taken = self._lease_put_off(len(wanted)) or self._take_over()
            if not taken:
                break
            leases += taken
            for sample in (Sample(lease.sample) for lease in taken):
                wanted.remove(sample if sample in wanted else wanted[0])
        return leases

    def _samples(self, count: int) -> list[Sample]:
        """Which sample each of the next leases comes from."""
        start = self._waiting.served()
        return [self._sample_at(place) for place in range(start, start + count)]

    def _sample_at(self, place: int) -> Sample:
        field = self._field
        if self._wish.unfinished:
            return Sample.POOL
        if takes_control(place, field.control_share, self._expert.pk):
            return Sample.CONTROL
        again = takes_repeat(place, field.repeat_share, field.control_share, self._expert.pk)
        return Sample.REPEAT if again else Sample.POOL

    @transaction.atomic
    def _lease_free(self, wanted: Sequence[Sample]) -> list[Lease]:
        """Lease the first candidates of these samples that nobody else is being given right now.

        All in one transaction, which waits for no lock: so it can hold several and block nobody.
        What is locked is leased, or others would be led past it for nothing; so no sample is asked
        twice, and what one that was asked before cannot make up for is left to the next call.
        """
        repeats = self._lease_repeats(wanted.count(Sample.REPEAT))
        n_control = wanted.count(Sample.CONTROL)
        n_pool = len(wanted) - len(repeats) - n_control
        pool = self._lock_free(Sample.POOL, n_pool)
        control = self._lock_free(Sample.CONTROL, n_control + n_pool - len(pool))
        if not n_pool:
            pool = self._lock_free(Sample.POOL, n_control - len(control))
        return repeats + self._lease_locked(_mixed(wanted, pool, control))

    def _lease_put_off(self, count: int) -> list[Lease]:
        """Lease what the expert has skipped."""
        with transaction.atomic():
            found = self._waiting.first(Part.PUT_OFF, Lock.FREE, count)
            leases = self._lease_locked(found)
        return leases or self._lease_after_waiting([Part.PUT_OFF])

    def _lock_free(self, sample: Sample, count: int) -> list[Candidate]:
        found: list[Candidate] = []
        for part in self._parts(sample):
            if missing := count - len(found):
                found += self._waiting.first(part, Lock.FREE, missing)
        return found

    def _parts(self, sample: Sample) -> Iterator[Part]:
        """The parts of a sample one after the other."""
        if self._wish.unfinished:
            yield from [Part.LEFT] if sample == Sample.POOL else []
        elif sample == Sample.CONTROL:
            yield Part.CONTROL
        elif self._field.promoted_run_id:
            yield from (Part.POOL, Part.UNREAD)
        else:
            yield Part.SHUFFLED

    def _lease_locked(self, found: list[Candidate]) -> list[Lease]:
        """Lease those of the locked candidates that still have room.

        Asked again after the lock: a lease committed between our snapshot and our lock is
        invisible to the query that found them, and visible to this one.
        """
        free = self._waiting.still(found) if found else []
        return Lease.objects.give(self._expert, free) if free else []

    def _all_parts(self) -> list[Part]:
        """The parts of both samples."""
        return [*self._parts(Sample.POOL), *self._parts(Sample.CONTROL)]

    def _lease_after_waiting(self, parts: Iterable[Part]) -> list[Lease]:
        """Lease the first candidate of these parts, locked or not.

        Locks of others are no reason to say that nothing is left: the last ones are waited for,
        one at a time, and nothing is held meanwhile.
        """
        for part in parts:
            while self._waiting.first(part, Lock.NONE, 1):
                with transaction.atomic():
                    first = self._waiting.first(part, Lock.WAIT, 1)
                    if leases := self._lease_locked(first):
                        return leases
        return []

    def _take_over(self) -> list[Lease]:
        """Lease what somebody else has held for long, where nothing else is left to do.

        The place changes hands, so votes and promises never exceed the votes needed.
        """
        while old := self._held_up().first():
            with transaction.atomic():
                old.candidate.lock()
                still = self._eligible().filter(pk=old.candidate_id).exists()
                if still and (lease := old.pass_on(self._expert)):
                    return [lease]
        return []

    def _eligible(self) -> CandidateQuerySet:
        """What the expert could vote on, whoever holds it."""
        eligible = self._field.candidates.eligible_for(self._expert).wished_for(self._wish)
        return eligible.left_by(self._expert) if self._wish.unfinished else eligible

    def _held_up(self) -> LeaseQuerySet:
        """What may be taken over at this moment, without what has just ended."""
        held_up = Lease.objects.held_up().filter(candidate__in=self._eligible())
        return held_up.select_related("candidate__field")

    def _lease_repeats(self, count: int) -> list[Lease]:
        """Lease again what the expert has voted on long ago, in random order."""
        found = self._waiting.first(Part.REPEAT, Lock.FREE, count) if count else []
        still = self._waiting.still(found, again=True) if found else []
        return Lease.objects.give(self._expert, still, Sample.REPEAT)


def _mixed(
    wanted: Sequence[Sample], pool: list[Candidate], control: list[Candidate]
) -> list[Candidate]:
    """Each place from its sample; what one lacks is taken from the other."""
    found = []
    for sample in wanted:
        first, second = (control, pool) if sample == Sample.CONTROL else (pool, control)
        if first or second:
            found.append((first or second).pop(0))
    return found
