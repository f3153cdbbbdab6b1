"""Any sequence of calls: the books always balance. Nothing is in two places, no slot is lost, no event disappears."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.books import Answer, Done, Note, Task, new_ledger
from wfkit.ledger import Ledger
from wfkit.work import Wait, Work

PICK = st.integers(min_value=0, max_value=1_000)


def answers_of(work: Work) -> int:
    """Return how many answers a delivery has got or would get again."""
    return sum(len(events) for table in (work.answers, work.replay) for events in (table or {}).values())


class Books(RuleBasedStateMachine):
    """Does what an engine may do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger: Ledger = new_ledger()
        self.open: list[Wait] = []
        self.sent = 0
        self.finished = 0
        self.answers_sent = 0
        self.answers_used = 0

    def _source(self, pick: int) -> Work | None:
        at_work = list(self.ledger.active)
        return at_work[pick % len(at_work)] if at_work and pick % 3 else None

    @rule(pick=PICK, kind=st.sampled_from([Task, Done, Note]))
    def send(self, pick: int, kind: Any) -> None:
        """Send an event from a delivery or from outside."""
        self.sent += len(self.ledger.send(kind(), self._source(pick)))

    @rule(n=PICK)
    def answer(self, n: int) -> None:
        """Send what only waits take."""
        self.answers_sent += 1
        self.ledger.send(Answer(n=n))

    @precondition(lambda self: self.ledger.ready)
    @rule()
    def take(self) -> None:
        """Begin the next delivery."""
        self.ledger.take()

    @precondition(lambda self: self.ledger.active)
    @rule(pick=PICK)
    def finish(self, pick: int) -> None:
        """End a delivery whose waits have all been left."""
        work = list(self.ledger.active)[pick % len(self.ledger.active)]
        self.open = [wait for wait in self.open if wait.work is not work]
        self.answers_used += answers_of(work)
        self.ledger.finish(work)
        self.finished += 1

    @precondition(lambda self: self.ledger.active)
    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        """Let a delivery fail."""
        work = list(self.ledger.active)[pick % len(self.ledger.active)]
        self.open = [wait for wait in self.open if wait.work is not work]
        self.ledger.retry(work)

    @precondition(lambda self: self.ledger.retrying)
    @rule(pick=PICK)
    def requeue(self, pick: int) -> None:
        """Let a failed delivery try again."""
        self.ledger.requeue(list(self.ledger.retrying)[pick % len(self.ledger.retrying)])

    @precondition(lambda self: self.ledger.active)
    @rule(pick=PICK)
    def wait(self, pick: int) -> None:
        """Let a delivery wait; a body with two branches may do so while another of its waits is open."""
        at_work = [*self.ledger.active, *self.ledger.waiting]
        wait = Wait(at_work[pick % len(at_work)], "w", Answer, {}, lambda: None)
        if self.ledger.wait(wait) is None:
            self.open.append(wait)

    @precondition(lambda self: self.ledger.waits)
    @rule(pick=PICK)
    def time_out(self, pick: int) -> None:
        """Let the time of a wait be up."""
        self.ledger.answer([*self.ledger.waits][pick % len(self.ledger.waits)], None)

    @precondition(lambda self: self.open)
    @rule(pick=PICK)
    def abandon(self, pick: int) -> None:
        """Let a body give a wait up, or come back from it."""
        wait = self.open.pop(pick % len(self.open))
        self.ledger.abandon(wait)

    @invariant()
    def every_delivery_is_in_one_place(self) -> None:
        """What was sent is ready, queued, active, waiting, retrying or finished."""
        ledger = self.ledger
        queued = [work for lane in ledger.lanes for work in lane.queue or ()]
        places = [*ledger.ready, *queued, *ledger.active, *ledger.waiting, *ledger.retrying]
        assert len(set(places)) == len(places)
        assert len(places) + self.finished == self.sent

    @invariant()
    def no_answer_is_lost_or_given_twice(self) -> None:
        """An answer is kept for a wait to come, or one delivery has it."""
        ledger = self.ledger
        kept = sum(isinstance(event, Answer) for event in ledger.unclaimed)
        queued = [work for lane in ledger.lanes for work in lane.queue or ()]
        live = [*ledger.ready, *queued, *ledger.active, *ledger.waiting, *ledger.retrying]
        assert kept + sum(map(answers_of, live)) + self.answers_used == self.answers_sent

    @invariant()
    def slots_add_up(self) -> None:
        """A lane's free slots and those in use are `num_workers`."""
        for lane in self.ledger.lanes:
            used = sum(work.lane is lane for work in (*self.ledger.ready, *self.ledger.active))
            assert lane.free + used == lane.spec.num_workers

    @invariant()
    def nothing_waits_for_a_free_slot(self) -> None:
        """Nobody queues while a slot is free."""
        for lane in self.ledger.lanes:
            assert lane.free <= 0 or not (lane.queue or lane.resuming)

    @invariant()
    def who_waits_has_a_wait_or_an_answer(self) -> None:
        """A waiting delivery has an open wait or lines up with its answer; an open wait keeps its delivery waiting."""
        ledger = self.ledger
        for work in ledger.waiting:
            lined_up = work in (work.lane.resuming or ())
            assert lined_up != any(wait.work is work for wait in ledger.waits)
        assert all(wait.work in ledger.waiting for wait in ledger.waits)

    @invariant()
    def who_lines_up_waits(self) -> None:
        """Only waiting deliveries line up to resume."""
        for lane in self.ledger.lanes:
            assert all(work in self.ledger.waiting for work in lane.resuming or ())


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
