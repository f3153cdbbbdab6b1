"""The books of one run: what is queued, active, waiting and collected.

The ledger decides, the engine moves. There is no asyncio here, no clock and no user code: every method is plain and
immediate, so all decisions can be tested without an event loop. In asyncio the code between two awaits is atomic,
which is all the locking this needs.

A delivery (`Work`) is one event on its way through one step::

    send -> [lane queue] -> ready -> take -> active -> finish
                                       |  ^
                                 wait  v  | answered, and a slot is free
                                      waiting

A slot of the lane is reserved when work becomes ready, and handed on directly when work finishes, so `num_workers`
holds and the order stays first in, first out without ever counting anything again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from wfkit.collecting import Buffer, Collected
from wfkit.events import Event, HumanResponseEvent, InputRequiredEvent
from wfkit.lineage import WORD, A, B
from wfkit.plan import Plan
from wfkit.scope import Scope
from wfkit.work import Lane, Wait, Work

UNCLAIMED_LIMIT = 1_000


def child_of(lane: Lane, event: Event, parent: int) -> Work:
    """Make the first delivery that descends from a number."""
    parent &= WORD
    return Work(lane, event, (parent * A + lane.spec.seed) & WORD, parent, 0)


class Ledger:
    """What one run has to do, is doing and waits for.

    Args:
        plan: the steps and their routes.
    """

    __slots__ = (
        "active",
        "buffers",
        "from_outside",
        "lanes",
        "noted",
        "on_note",
        "plan",
        "questions",
        "ready",
        "retrying",
        "routes",
        "unclaimed",
        "waiting",
        "waits",
    )

    scoped = False  # whether steps return lists, gather or handle errors: see ScopedLedger

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.routes = plan.routes
        self.lanes = [Lane(spec) for spec in plan.steps]
        self.ready: deque[Work] = deque()
        self.active: dict[Work, None] = {}
        self.waiting: dict[Work, None] = {}
        self.retrying: dict[Work, None] = {}
        self.waits: dict[Wait, None] = {}  # in the order in which they began
        self.buffers: dict[tuple[str, str], Buffer] = {}
        self.unclaimed: list[Event] = []
        self.questions: list[Event] = []
        self.from_outside = 0
        self.noted: set[str] = set()
        self.on_note: Callable[[str, str], None] | None = None

    # -- events ------------------------------------------------------------------------------------------------

    def send(self, event: Event, source: Work | None = None, only: int | None = None) -> tuple[str, ...]:
        """Queue an event for every step that takes it, and give it to the wait that wants it.

        A wait takes the event away from its own step only. An event that nobody takes is kept for a later wait.

        Args:
            event: the event.
            source: the delivery that sends it, None for somebody outside the run.
            only: index of the one step that shall get it.

        Returns:
            The names of the steps it was queued for.
        """
        route = self.routes.get(type(event)) or self.plan.route(type(event))
        if source is None:
            parent, n = 0, self.from_outside
            self.from_outside = n + 1
            if self.questions and isinstance(event, HumanResponseEvent):
                del self.questions[0]
        else:
            parent, n = source.lineage, source.made
            source.made = n + 1
        base = parent * A + n * B
        if only is None and not self.waits and not self.scoped:
            for index in route.steps:
                lane = self.lanes[index]
                work = Work(lane, event, (base + lane.spec.seed) & WORD, parent, n)
                if lane.free > 0:
                    lane.free -= 1
                    self.ready.append(work)
                else:
                    lane.line_up(work)
            if not route.steps:
                self._keep(event)
            return route.names
        return self._send_selectively(event, route.steps if only is None else (only,), base, parent, n, source)

    def _send_selectively(
        self, event: Event, steps: tuple[int, ...], base: int, parent: int, n: int, source: Work | None
    ) -> tuple[str, ...]:
        """Queue an event of which one step alone, or all but the step that waits for it, shall hear."""
        answered = next((wait for wait in self.waits if wait.wants(event)), None)
        if answered is not None:
            self.answer(answered, event)
        names, surplus = [], False
        for index in steps:
            lane = self.lanes[index]
            if answered is not None and answered.work.lane is lane:
                continue
            placed = self._place(Work(lane, event, (base + lane.spec.seed) & WORD, parent, n), source)
            if placed:
                names.append(lane.spec.name)
            surplus = surplus or placed is None
        if not names and answered is None and not surplus:
            self._keep(event)
        return tuple(names)

    def _place(self, work: Work, source: Work | None) -> bool | None:
        """Give a delivery to its step. Returns whether the step can have it, None if it has had enough of its kind."""
        self.enqueue(work)
        return True

    def settle(self, scopes: Sequence[Scope]) -> None:
        """Deliver what is complete after the books were read from a snapshot."""

    def leave(self, work: Work) -> None:
        """Note that a delivery has ended and that all it sent is on its way."""

    def enqueue(self, work: Work) -> None:
        """Make a delivery ready if its lane has a free slot, else put it at the end of the lane's queue."""
        lane = work.lane
        if lane.free > 0:
            lane.free -= 1
            self.ready.append(work)
        else:
            lane.line_up(work)

    def _keep(self, event: Event) -> None:
        """Keep an event that nobody took, for a wait that has not begun yet; the oldest go first when it is full."""
        if not isinstance(event, InputRequiredEvent):  # those are taken by the person outside
            self.unclaimed.append(event)
            if len(self.unclaimed) > UNCLAIMED_LIMIT:
                lost = type(self.unclaimed.pop(0)).__name__
                self.note(
                    f"So many events wait to be taken that the oldest are let go, a {lost} first. Add a step for it."
                )

    def note(self, text: str) -> None:
        """Say something that whoever runs this should know, once."""
        if text not in self.noted:
            self.noted.add(text)
            if self.on_note is not None:
                self.on_note(self.plan.name, text)

    def ask(self, event: InputRequiredEvent) -> None:
        """Note a question to a person; the next answer from outside closes the oldest one."""
        self.questions.append(event)

    # -- work --------------------------------------------------------------------------------------------------

    def take(self) -> Work:
        """Take the next delivery that is ready and has a slot; it is active from now on."""
        work = self.ready.popleft()
        self.active[work] = None
        return work

    def finish(self, work: Work) -> None:
        """Close a delivery and hand its slot on."""
        if self.waits or work not in self.active:
            self._drop_waits(work)
        del self.active[work]
        lane = work.lane
        if lane.queue or lane.resuming:
            self._release(lane)
        else:
            lane.free += 1

    def _drop_waits(self, work: Work) -> None:
        """Forget the waits that a body has left open; it counts as active again."""
        if work.open_waits:
            for wait in [wait for wait in self.waits if wait.work is work]:
                self._end(wait)
        self._go_on_without_slot(work)

    def at_work(self, work: Work) -> bool:
        """Whether a delivery has begun and not ended."""
        return work in self.active or work in self.waiting

    def _release(self, lane: Lane) -> None:
        lane.free += 1
        if lane.free > 0 and lane.resuming:
            lane.free -= 1
            self._resume(lane.resuming.popleft())
        elif lane.free > 0 and lane.queue:
            lane.free -= 1
            self.ready.append(lane.queue.popleft())

    def retry(self, work: Work) -> None:
        """Take a failed delivery off its lane until `requeue`."""
        self.finish(work)
        self.retrying[work] = None
        self.start_over(work)
        work.attempt += 1

    def start_over(self, work: Work) -> None:
        """Make ready for the body of an active delivery to be run once more within the same attempt."""
        work.start_over()

    def requeue(self, work: Work) -> None:
        """Put a delivery that waited for another attempt at the head of its lane's queue."""
        del self.retrying[work]
        lane = work.lane
        if lane.free > 0:
            lane.free -= 1
            self.ready.append(work)
        else:
            lane.line_up_first(work)

    def steps_at_work(self) -> list[str]:
        """Return the names of the steps at work, waiting ones and those about to be tried again included."""
        return list(dict.fromkeys(work.lane.spec.name for work in (*self.active, *self.waiting, *self.retrying)))

    @property
    def idle(self) -> bool:
        """Whether nothing can move until somebody outside does something."""
        return not (self.ready or self.active or self.retrying)

    @property
    def question_open(self) -> bool:
        """Whether a person has been asked something and has not answered."""
        return bool(self.questions) or any(wait.asks for wait in self.waits)

    # -- waiting -----------------------------------------------------------------------------------------------

    def wait(self, wait: Wait) -> Event | None:
        """Begin a wait: return the event if it is already there, else free the slot and return None.

        A step counts as waiting, and has no slot, as long as any wait of its is open.
        """
        work = wait.work
        if work.replay and work.replay.get(wait.id):
            event = work.replay[wait.id].pop(0)
            self._note_answer(wait, event)
            return event
        for index, event in enumerate(self.unclaimed):
            if wait.wants(event):
                del self.unclaimed[index]
                self._note_answer(wait, event)
                return event
        self.waits[wait] = None
        work.open_waits += 1
        if work in self.active:
            del self.active[work]
            self.waiting[work] = None
            self._release(work.lane)
        elif work.answered is not None:  # it was to go on, but now waits again
            answered = self._leave_the_line(work)
            answered.wake()
        return None

    def answer(self, wait: Wait, event: Event | None) -> None:
        """End a wait with its event, or with None to give it up; the step goes on when it has a slot again."""
        self._end(wait)
        work, lane = wait.work, wait.work.lane
        if event is not None:
            self._note_answer(wait, event)
        if work.open_waits:
            wait.wake()
            return
        work.answered = wait
        if lane.free > 0:
            lane.free -= 1
            self._resume(work)
        else:
            lane.line_up_to_resume(work)

    def _end(self, wait: Wait) -> None:
        del self.waits[wait]
        wait.work.open_waits -= 1

    def abandon(self, wait: Wait) -> None:
        """Drop a wait that the step itself gave up. The body goes on at once, even if its slot has been taken.

        An answer that the step will not see, because it came at the last moment, is for the next wait that wants it.
        """
        work = wait.work
        if wait in self.waits:
            self._end(wait)
        if not work.open_waits:
            self._go_on_without_slot(work)
        event, wait.event = wait.event, None
        if event is not None:
            got = (work.answers or {})[wait.id]
            got[:] = [other for other in got if other is not event]
            following = next((other for other in self.waits if other.wants(event)), None)
            if following is not None:
                self.answer(following, event)
            else:
                self.unclaimed.insert(0, event)

    def _go_on_without_slot(self, work: Work) -> None:
        if work in self.waiting:
            del self.waiting[work]
            self.active[work] = None
            if work.answered is not None:
                self._leave_the_line(work)
            work.lane.free -= 1

    def _leave_the_line(self, work: Work) -> Wait:
        """Take a delivery out of those that want their slot back; return the wait it was to go on from."""
        answered, work.answered = work.answered, None
        assert answered is not None
        assert work.lane.resuming is not None
        work.lane.resuming.remove(work)
        return answered

    def _resume(self, work: Work) -> None:
        """Let a delivery that has a slot again go on with its answer."""
        del self.waiting[work]
        self.active[work] = None
        answered, work.answered = work.answered, None
        if answered is not None:
            answered.wake()

    def _note_answer(self, wait: Wait, event: Event) -> None:
        wait.event = event
        if wait.work.answers is None:
            wait.work.answers = {}
        wait.work.answers.setdefault(wait.id, []).append(event)

    # -- collecting --------------------------------------------------------------------------------------------

    def collect(self, work: Work, event: Event, expected: Sequence[type[Event]], buffer_id: str) -> Collected | None:
        """Put an event aside; when one is there for each entry of `expected`, take them out in that order.

        The delivery that completes a set descends from all deliveries of the set: which of them came last is chance.

        Returns:
            What was done, which for a body that is run again is what the same call did then; None for an event of a
            kind that is not expected.
        """
        collected = self._again(work, event, buffer_id) if work.collected_before else None
        if collected is None:
            buffer = self.buffers.get((work.lane.spec.name, buffer_id)) or self.buffer(work.lane.spec.name, buffer_id)
            collected = buffer.collect(event, work.id, expected)
            if collected is None:
                return None
        if work.collected is None:
            work.collected = []
        work.collected.append(collected)
        if collected.taken:
            work.lineage, work.made = collected.lineage, 0
        return collected

    def _again(self, work: Work, event: Event, buffer_id: str) -> Collected | None:
        """Return what the same call did in an earlier run of the body; None if this one goes another way."""
        earlier = work.collected_before.pop(0) if work.collected_before else None
        if earlier is not None and not earlier.is_of(event, buffer_id):
            earlier = work.collected_before = None
        return earlier

    def buffer(self, step: str, buffer_id: str) -> Buffer:
        """Return the buffer of a step under a name, a new one the first time."""
        subclasses = self.plan.steps[self.plan.by_name[step]].accept_event_subclasses
        return self.buffers.setdefault((step, buffer_id), Buffer(buffer_id, subclasses))

    # -- end ---------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget all work: a run that ended leaves nothing behind, however it ended."""
        for table in (self.ready, self.active, self.waiting, self.retrying, self.waits, self.buffers):
            if table:
                table.clear()
        self.unclaimed, self.questions, self.lanes = [], [], []
