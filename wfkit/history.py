"""What a run's records tell, put together: executions of steps, and the events that led from one to the next.

Causality is read, never guessed: an `EventSent` and the `StepStarted` of its receivers carry the same (parent, n). The
sender is the delivery whose number is that parent. After a completed collect the parent is a number made from the
collected set; then the sender is told by the record before it (a step that returned this very event) or by the step's
latest collect. What a list step or a join has got is told by its `EventsGathered`; where that is missing, by the events
themselves.

Nothing is looked for among what was before: a run of 100,000 records is read in the time that ten of 10,000 take.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

from wfkit.events import CollectionReleaseEvent, Event, HumanResponseEvent, InputRequiredEvent, StepFailedEvent
from wfkit.lineage import delivery_id, stirred
from wfkit.records import (
    EventBuffered,
    EventReplaced,
    EventsCollected,
    EventSent,
    EventsGathered,
    EventStreamed,
    Record,
    RunEnded,
    RunIdle,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepHeld,
    StepReleased,
    StepResumed,
    StepSkipped,
    StepStarted,
    StepWaiting,
)
from wfkit.standing import COUNTED, Execution, Passage, Stage, Standing

__all__ = ["COUNTED", "Execution", "History", "Passage", "Stage"]


class History:
    """The story of one run, read from its records.

    Args:
        records: what happened, oldest first. More can be read later, with `read`.
        name: of the workflow, for records that do not begin with the run's beginning.

    Attributes:
        workflow: its name.
        standing: how its executions stand, and how often.
        executions: in the order in which they first started.
        by_id: the same by their lineage numbers.
        passages: the events, in the order in which they were sent.
        sets: for each completed collect the executions that brought the events, and the one that got them.
        empties: who returned a list of which nothing was left to gather, and who was called with that.
        sends: how often each event type was sent; of a StepFailedEvent each handler's by itself, as (type, handler).
        end: how the run ended, None while it goes on.
        idle: what it waits for, if nothing can move.
        complete: whether the records begin with the run's beginning.
        restored: whether they begin with a snapshot.
    """

    def __init__(self, records: Iterable[Record] = (), name: str = "workflow") -> None:
        self.workflow = name
        self.standing = Standing()
        self.executions = self.standing.executions
        self.by_id = self.standing.by_id
        self.passages: list[Passage] = []
        self.sets: list[tuple[tuple[Execution, ...], Execution]] = []
        self.empties: list[tuple[Execution, Execution]] = []
        self.sends: dict[Any, int] = {}
        self.end: RunEnded | None = None
        self.idle: RunIdle | None = None
        self.complete = False
        self.restored = False
        self.place = 0  # of the record that is being read
        self._by_pair: dict[tuple[int, int], Passage] = {}
        self._lineages: dict[int, Execution] = {}
        self._returned: deque[tuple[Event, Execution]] = deque()  # and not sent yet, as far as is known
        self._open: OrderedDict[Passage, None] = OrderedDict()  # questions without an answer, and who asked them
        self._asking: dict[Execution | None, deque[Passage]] = {}
        self._sent_by: dict[int, int] = {}  # how often each delivery has sent
        self._scopes: dict[str, Execution] = {}  # by name, who returned the list
        self._asked: set[int] = set()  # questions that were sent, and those that were only shown so far, by identity
        self._shown: dict[int, Passage] = {}
        # By identity of the event, which the records keep alive: all its ways, and how many of them a step has gone.
        self._ways: dict[int, list[Passage]] = {}
        self._gone: dict[tuple[int, str | None], int] = {}
        self._gathering: Execution | None = None  # has started with several events, and is yet to be told which
        self._brought: dict[str, tuple[int, dict[int, Passage]]] = {}
        self.read(records)

    def read(self, records: Iterable[Record]) -> None:
        """Read on, and see what stands at the end."""
        for record in records:
            self.take(record)
        self.close()

    def take(self, record: Record) -> None:
        """Read one record more; `close` follows when there are no more for now."""
        kind = type(record)
        if self._gathering is not None and kind is not EventsGathered:
            self._gather()
        reader = _READERS.get(kind)
        if reader is not None:
            reader(self, record)
        self.place += 1

    def close(self) -> None:
        """Note what only the end of the records tells."""
        if self._gathering is not None:
            self._gather()
        self._keep_returned()
        self.standing.close()

    def sender_of(self, record: EventSent) -> Execution | None:
        """Return who sent an event; None for somebody outside, or if those records are gone."""
        if record.source is None:
            return None
        return self.by_id.get(record.parent) or self._lineages.get(record.parent)

    def counts_now(self) -> dict[str, dict[str, int]]:
        """Return how many deliveries of each step are how, as `Standing.counts` has it."""
        counts = self.standing.copy_counts()
        if self._gathering is not None:
            counts[self._gathering.step]["queued"] -= len(self._gathering.events)
        return counts

    # -- executions --------------------------------------------------------------------------------------------

    def _started(self, record: StepStarted) -> None:
        self.idle = None
        execution = self.standing.execution(record.id, record.step)
        execution.attempts = record.attempt
        first = record.attempt == 1
        self.standing.turn(self.place, execution, "running", None if first else "retrying")
        if _is(record.event, CollectionReleaseEvent):
            execution.events, execution.gathers = tuple(record.event.events), True
            if first:
                self._gathering = execution
                opener = self._scopes.get(record.event.stream_id)
                if opener is not None and not record.event.events:
                    self.empties.append((opener, execution))
            return
        execution.events = (record.event,)
        if first:
            pair = (record.parent, record.n)
            passage = self._by_pair.get(pair)
            if passage is None:  # the record of the sending is gone
                passage = self._add(Passage(record.event, self.by_id.get(record.parent), False))
                self._by_pair[pair] = passage
            self._hand_over(passage, execution)

    def _hand_over(self, passage: Passage, execution: Execution) -> None:
        """Note that an event has come out of a step's queue."""
        self.standing.unqueue(execution.step, execution.step in passage.targets)
        if execution not in passage.takers:
            passage.takers.append(execution)
        execution.got.append(passage)

    def _finished(self, record: StepFinished) -> None:
        execution = self.standing.execution(record.id, record.step)
        execution.error = None
        self.standing.turn(self.place, execution, "done")
        if self._returned:
            self._keep_returned()
        if type(record.event) is tuple:
            self._scopes[_scope_of(record.id, self._sent_by.get(record.id, 0))] = execution
        self._returned.extend((event, execution) for event in events_in(record.event))

    def _failed(self, record: StepFailed) -> None:
        execution = self.standing.execution(record.id, record.step)
        execution.error, execution.attempts = record.error, record.attempt
        self.standing.turn(self.place, execution, "failed" if record.retry_in is None else "retrying")

    def _cancelled(self, record: StepCancelled) -> None:
        self.standing.turn(self.place, self.standing.execution(record.id, record.step), "cancelled")

    def _waiting(self, record: StepWaiting) -> None:
        execution = self.standing.execution(record.id, record.step)
        execution.waits[record.waiter_id] = record.event_type.__name__
        if execution.stage != "waiting":
            self.standing.turn(self.place, execution, "waiting")

    def _resumed(self, record: StepResumed) -> None:
        execution = self.standing.execution(record.id, record.step)
        execution.waits.pop(record.waiter_id, None)
        if not execution.waits and execution.stage != "running":
            self.standing.turn(self.place, execution, "running", "waiting")
        if record.event is None:
            return
        ways = self._ways.get(id(record.event))
        if ways is None:  # the record of the sending is gone
            ways = [self._add(Passage(record.event, None, False))]
        passage = self._next_way(record.event, None) or ways[-1]
        if passage.outside:
            self._answered(passage, execution)
        passage.takers.append(execution)

    def _answered(self, passage: Passage, execution: Execution) -> None:
        """Note that a waiting step got an answer: to its own question, and not to the oldest one as was thought."""
        thought = passage.answers
        if thought is not None and thought.sender in passage.takers:
            return
        own = self._asking.get(execution)
        while own:
            asked = own.popleft()
            if asked in self._open:
                del self._open[asked]
                passage.answers = asked
                if thought is not None:
                    self._open[thought] = None
                    self._open.move_to_end(thought, last=False)
                return
            if asked is thought:
                return

    def _held(self, record: StepHeld) -> None:
        self.standing.turn(self.place, self.standing.execution(record.id, record.step), "held")

    def _released(self, record: StepReleased) -> None:
        self.standing.turn(self.place, self.standing.execution(record.id, record.step), "running", "held")

    def _replaced(self, record: EventReplaced) -> None:
        execution, event = self.standing.execution(record.id, record.step), record.event
        execution.edited = True
        execution.events = tuple(event.events) if _is(event, CollectionReleaseEvent) else (event,)

    def _skipped(self, record: StepSkipped) -> None:
        self.standing.execution(record.id, record.step).skipped = True

    def _ended(self, record: RunEnded) -> None:
        self.end = record
        self.standing.end(self.place)

    # -- events ------------------------------------------------------------------------------------------------

    def _add(self, passage: Passage) -> Passage:
        self.passages.append(passage)
        self._ways.setdefault(id(passage.event), []).append(passage)
        return passage

    def _sent(self, record: EventSent) -> None:
        self.idle = None
        event, targets, pair = record.event, record.targets, (record.parent, record.n)
        passage = self._shown.pop(id(event), None) if self._shown else None
        if self._returned and record.source is not None:
            self._note_sent(event)
        if passage is None:
            passage = Passage(event, self.sender_of(record), record.source is None, targets, pair, record.source or "")
            self._add(passage)
        else:
            passage.targets, passage.sent, passage.source = targets, pair, record.source or ""
        self._by_pair[pair] = passage
        self._sent_by[record.parent] = self._sent_by.get(record.parent, 0) + 1
        kind: Any = type(event)
        if targets and _is(event, StepFailedEvent):
            kind = (kind, targets[0])
        self.sends[kind] = self.sends.get(kind, 0) + 1
        for step in targets:
            self.standing.queue(step)
        if _is(event, InputRequiredEvent):
            self._ask(passage)
            self._asked.add(id(event))
        elif record.source is None and targets and self._open and _is(event, HumanResponseEvent):
            passage.answers = self._open.popitem(last=False)[0]

    def _ask(self, passage: Passage) -> None:
        if passage not in self._open:
            self._open[passage] = None
            self._asking.setdefault(passage.sender, deque()).append(passage)

    def _note_sent(self, event: Event) -> None:
        for place, (returned, _) in enumerate(self._returned):
            if returned is event:
                del self._returned[place]
                return

    def _streamed(self, record: EventStreamed) -> None:
        """Note a question that a step has shown. One that it returns has left an `EventSent`, too: they are one."""
        if record.step is not None:
            execution = self.standing.execution(record.id, record.step)
            # A question that a step returns is shown when it has finished; anything else, while it is at work.
            if execution.stage is None and not _is(record.event, InputRequiredEvent):
                self.standing.presume(execution, "running")
        if _is(record.event, InputRequiredEvent) and id(record.event) not in self._asked:
            # Shown once more after a restart: who asked is not in these records, and nobody outside has.
            outside = record.step is None and not self.restored
            passage = self._add(Passage(record.event, self.by_id.get(record.id), outside))
            self._ask(passage)
            self._shown[id(record.event)] = passage

    def _keep_returned(self) -> None:
        """Tell of events that a step returned, and that were not sent because the run had been ended."""
        for event, execution in self._returned:
            self._add(Passage(event, execution, False, late=True))
        self._returned.clear()

    # -- several events ----------------------------------------------------------------------------------------

    def _buffered(self, record: EventBuffered | EventsCollected) -> None:
        execution = self.standing.execution(record.id, record.step)
        if execution.stage is None:
            self.standing.presume(execution, "running")

    def _collected(self, record: EventsCollected) -> None:
        self._buffered(record)
        execution = self.standing.execution(record.id, record.step)
        brought = tuple(self.by_id[id] for id in record.ids if id in self.by_id and id != record.id)
        self.sets.append((brought, execution))
        self._lineages[record.lineage] = execution

    def _gather(self, ids: tuple[int, ...] = ()) -> None:
        """Note what a list step or a join has got: told by its record, else by the events themselves."""
        execution, self._gathering = self._gathering, None
        assert execution is not None
        known = self._deliveries(execution.step) if ids else {}
        for place, event in enumerate(execution.events):
            passage = known.get(ids[place]) if place < len(ids) else None
            if passage is None:
                passage = self._next_way(event, execution.step)
            if passage is None:  # the record of the sending is gone
                passage = self._add(Passage(event, None, False))
            self._hand_over(passage, execution)

    def _gathered(self, record: EventsGathered) -> None:
        if self._gathering is not None:
            self._gather(record.ids if record.id == self._gathering.id else ())

    def _deliveries(self, step: str) -> dict[int, Passage]:
        """Return the events that were sent to a gathering step so far, by what their deliveries are called."""
        read, known = self._brought.get(step, (0, {}))
        for place in range(read, len(self.passages)):
            passage = self.passages[place]
            if passage.sent is not None and step in passage.targets:
                known[delivery_id(*passage.sent, step)] = passage
        self._brought[step] = len(self.passages), known
        return known

    def _next_way(self, event: Event, step: str | None) -> Passage | None:
        """Return the first way of an event to a step, or to none, that nobody has gone; one object may go often."""
        ways = self._ways.get(id(event), ())
        place = self._gone.get((id(event), step), 0)
        while place < len(ways) and not (step in ways[place].targets if step else not ways[place].targets):
            place += 1
        self._gone[id(event), step] = place + 1
        return ways[place] if place < len(ways) else None

    # -- the run -----------------------------------------------------------------------------------------------

    def _began(self, record: RunStarted) -> None:
        self.workflow, self.restored = record.workflow, record.restored
        self.complete = not record.restored

    def _idled(self, record: RunIdle) -> None:
        self.idle = record


def events_in(returned: Any) -> tuple[Event, ...]:
    """Return the events in what a step returned, as its record has it."""
    return returned if type(returned) is tuple else () if returned is None else (returned,)


def _is(event: Event, kind: type[Event]) -> bool:
    """Whether an event is of a kind. By its type: its `__class__` is the user's, and may even raise."""
    return issubclass(type(event), kind)


def _scope_of(id: int, sent: int) -> str:
    """Return the name of the scope that a delivery opens by returning a list, after so many sends."""
    return f"{stirred(id + sent):016x}"


_READERS: dict[type, Callable[[History, Any], None]] = {
    RunStarted: History._began,
    EventSent: History._sent,
    StepStarted: History._started,
    StepFinished: History._finished,
    StepFailed: History._failed,
    StepCancelled: History._cancelled,
    StepWaiting: History._waiting,
    StepResumed: History._resumed,
    StepHeld: History._held,
    StepReleased: History._released,
    EventReplaced: History._replaced,
    StepSkipped: History._skipped,
    EventBuffered: History._buffered,
    EventsCollected: History._collected,
    EventsGathered: History._gathered,
    EventStreamed: History._streamed,
    RunIdle: History._idled,
    RunEnded: History._ended,
}
