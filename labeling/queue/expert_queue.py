"""The queue of one expert in one field: which candidates they get next, and their leases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from labeling.db.clock import database_now
from labeling.models.candidate import Candidate, CandidateQuerySet
from labeling.models.field import Field
from labeling.models.lease import WRITE_LEASE, Lease, LeaseQuerySet, Sample
from labeling.models.vote import Vote
from labeling.queue.parts import Lock, Part, Pick, QueueFilter, WaitingCandidates
from labeling.rules.sampling import takes_control, takes_repeat


class ExpertQueue:
    """A field's candidates in the order in which one expert gets them.

    `n_served` is the number of candidates that the expert was served so far, if it is known.
    """

    def __init__(
        self,
        field: Field,
        expert: User,
        chosen: QueueFilter | None = None,
        *,
        n_served: int | None = None,
    ) -> None:
        self._field, self._expert = field, expert
        self._filter = chosen or QueueFilter()
        self._waiting = WaitingCandidates(field, expert, self._filter)
        self._n_served = n_served

    def lease(self, count: int, *, last_resort: bool = True) -> list[Lease]:
        """Lease the next candidates, by acquisition value mixed with the control sample.

        Returns fewer, or none, when no more are waiting for this expert. The last resort is what
        they skipped, and what others have held for long.
        """
        if not count:
            return []
        samples = self._samples(count)
        leases: list[Lease] = []
        while samples:
            new = self._lease_next(samples, last_resort=last_resort)
            if not new:
                break
            leases += new
            for lease in new:
                # A lease that the expert's choice gave has no sample.
                same = (sample for sample in samples if sample == lease.sample)
                samples.remove(next(same, samples[0]))
        return leases

    def _lease_next(self, samples: Sequence[Sample], *, last_resort: bool) -> list[Lease]:
        """Lease candidates of these samples from the first source that has any."""
        new = self._lease_unlocked(samples) or self._lease_after_waiting(self._all_parts())
        if new or not last_resort:
            return new
        return self._lease_skipped(len(samples)) or self._take_over()

    def _samples(self, count: int) -> list[Sample]:
        """Return the sample from which each of the next leases comes."""
        start = self._waiting.n_served() if self._n_served is None else self._n_served
        self._n_served = None
        return [self._sample_of(number) for number in range(start, start + count)]

    def _sample_of(self, number: int) -> Sample:
        """Return the sample of the expert's candidate of this number, counted from 0."""
        field = self._field
        if self._filter.unfinished:
            return Sample.POOL
        if takes_control(number, field.control_share, self._expert.pk):
            return Sample.CONTROL
        repeat = takes_repeat(number, field.repeat_share, field.control_share, self._expert.pk)
        return Sample.REPEAT if repeat else Sample.POOL

    @transaction.atomic
    def _lease_unlocked(self, samples: Sequence[Sample]) -> list[Lease]:
        """Lease the first candidates of these samples that nobody else has locked.

        One transaction that waits for no lock, so it may hold several and blocks nobody. All that
        it locks it leases; therefore no sample is read twice, and what an earlier one cannot make
        up for is left to the next call.
        """
        repeats = self._lease_repeats(samples.count(Sample.REPEAT))
        n_control = samples.count(Sample.CONTROL)
        n_pool = len(samples) - len(repeats) - n_control
        pool = self._lock_first(Sample.POOL, n_pool)
        control = self._lock_first(Sample.CONTROL, n_control + n_pool - len(pool))
        if not n_pool:
            pool = self._lock_first(Sample.POOL, n_control - len(control))
        return repeats + self._lease_locked(_interleaved(samples, pool, control))

    def _lease_skipped(self, count: int) -> list[Lease]:
        """Lease what the expert skipped."""
        with transaction.atomic():
            leases = self._lease_locked(self._waiting.first(Part.SKIPPED, Lock.SKIP_LOCKED, count))
        return leases or self._lease_after_waiting([Part.SKIPPED])

    def _lock_first(self, sample: Sample, count: int) -> list[Pick]:
        picks: list[Pick] = []
        for part in self._parts(sample):
            if missing := count - len(picks):
                picks += self._waiting.first(part, Lock.SKIP_LOCKED, missing)
        return picks

    def _parts(self, sample: Sample) -> Iterator[Part]:
        """Yield the parts of a sample in their order."""
        if self._filter.unfinished:
            yield from [Part.UNFINISHED] if sample == Sample.POOL else []
        elif sample == Sample.CONTROL:
            yield Part.CONTROL
        elif self._field.promoted_run_id:
            yield from (Part.POOL, Part.UNPREDICTED)
        else:
            yield Part.RANDOM

    def _lease_locked(self, picks: list[Pick]) -> list[Lease]:
        """Lease those of the locked candidates that still have room.

        Read again after the lock: a lease committed between our snapshot and our lock is invisible
        to the query that picked them, and visible to this one.
        """
        return self._grant(self._waiting.still_waiting(picks)) if picks else []

    def _grant(self, picks: Iterable[Pick], sample: Sample | None = None) -> list[Lease]:
        """Lease these candidates, whose locks the caller holds, for the field's lease time."""
        picks = list(picks)
        by_choice = set() if sample else self._candidates_of_choice(picks)
        leases = [
            Lease(
                candidate=pick.candidate,
                expert=self._expert,
                sample="" if pick.candidate.pk in by_choice else sample or _sample(pick.candidate),
                strategy=pick.strategy,
                leased_at=pick.read_at,
                renewed_at=pick.read_at,
                expires_at=pick.read_at + timedelta(minutes=self._field.lease_minutes),
            )
            for pick in picks
        ]
        for lease in leases:
            WRITE_LEASE(lease)
        return leases

    def _candidates_of_choice(self, picks: Iterable[Pick]) -> set[int]:
        """Return those control candidates that are in the queue by the expert's choice alone.

        They voted on them by hand, and did not get them from the control sample: neither before
        nor now, since these are what they have not finished, skipped, or take over.
        """
        again = {
            pick.candidate.pk
            for pick in picks
            if pick.candidate.control and pick.part != Part.CONTROL
        }
        if not again:
            return again
        columns = ("candidate", "sample")
        leases = Lease.objects.of(self._expert).filter(candidate__in=again).order_by()
        votes = Vote.objects.by(self._expert).filter(candidate__in=again).order_by()
        samples = set(leases.values_list(*columns).union(votes.values_list(*columns)))
        served = {pk for pk, sample in samples if sample == Sample.CONTROL}
        return {pk for pk, _ in samples} - served

    def _all_parts(self) -> list[Part]:
        return [*self._parts(Sample.POOL), *self._parts(Sample.CONTROL)]

    def _lease_after_waiting(self, parts: Iterable[Part]) -> list[Lease]:
        """Lease the first candidate of these parts, after waiting for its lock if need be.

        Locks of others do not mean that nothing is left: the last candidates are waited for, one
        at a time, while nothing else is held.
        """
        for part in parts:
            while self._waiting.first(part, Lock.NONE, 1):
                with transaction.atomic():
                    first = self._waiting.first(part, Lock.WAIT, 1)
                    if leases := self._lease_locked(first):
                        return leases
        return []

    def _take_over(self) -> list[Lease]:
        """Lease what somebody else has held for long, when nothing else is left to do.

        The promise changes hands, so votes and promises never exceed the votes needed.
        """
        while overdue := self._overdue().first():
            with transaction.atomic():
                overdue.candidate.lock()
                eligible = self._eligible().filter(pk=overdue.candidate_id).exists()
                if eligible and overdue.end_overdue():
                    pick = Pick(overdue.candidate, overdue.strategy, database_now())
                    return self._grant([pick])
        return []

    def _eligible(self) -> CandidateQuerySet:
        """Candidates that the expert could vote on, whoever holds them."""
        eligible = self._field.candidates.eligible_for(self._expert)
        return eligible.chosen_by(self._expert, **asdict(self._filter))

    def _overdue(self) -> LeaseQuerySet:
        """Leases that may be taken over at this moment."""
        overdue = Lease.objects.overdue().filter(candidate__in=self._eligible())
        return overdue.select_related("candidate__field")

    def _lease_repeats(self, count: int) -> list[Lease]:
        """Lease again, in random order, candidates that the expert voted on long ago."""
        picks = self._waiting.first(Part.REPEAT, Lock.SKIP_LOCKED, count) if count else []
        waiting = self._waiting.still_waiting(picks, repeats=True) if picks else []
        return self._grant(waiting, Sample.REPEAT)


def _sample(candidate: Candidate) -> Sample:
    return Sample.CONTROL if candidate.control else Sample.POOL


def _interleaved(samples: Sequence[Sample], pool: list[Pick], control: list[Pick]) -> list[Pick]:
    """Return the picks in the order of the samples; what one lacks is taken from the other."""
    picks = []
    for sample in samples:
        first, second = (control, pool) if sample == Sample.CONTROL else (pool, control)
        if first or second:
            picks.append((first or second).pop(0))
    return picks
