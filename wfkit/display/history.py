"""What a run's records tell, put together: executions of steps, and the events that led from one to the next.

Causality is read, never guessed: an `EventSent` and the `StepStarted` of its receivers carry the same (parent, n). The
sender is the delivery whose number is that parent. After a completed collect the parent is a number made from the
collected set; then the sender is told by the record before it (a step that returned this very event) or by the step's
latest collect.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wfkit.display.figure import State
from wfkit.events import CollectionReleaseEvent, Event, HumanResponseEvent, InputRequiredEvent
from wfkit.lineage import stirred
from wfkit.records import (
    EventsCollected,
    EventSent,
    EventStreamed,
    Record,
    RunEnded,
    RunIdle,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepResumed,
    StepStarted,
    StepWaiting,
)


@dataclass(slots=True)
class Execution:
    """One delivery to one step, all its attempts together.

    Attributes:
        id: its lineage number.
        step: the name of the step.
        number: the how-manyth execution of this step, from 1.
        state: how it stands.
        attempts: how often it was tried.
        error: what it raised last, if that was not made good.
        waits: event types it waits for, by waiter id.
        retrying: whether it will be tried again.
    """

    id: int
    step: str
    number: int
    state: State = "running"
    attempts: int = 1
    error: BaseException | None = None
    waits: dict[str, str] = field(default_factory=dict)
    retrying: bool = False


@dataclass(slots=True)
class Passage:
    """One event on its way.

    Attributes:
        event: the event.
        sender: the execution that sent it; None for somebody outside, or for a sender whose records are gone.
        outside: whether somebody outside sent it.
        targets: the steps it was queued for.
        takers: the executions it went to.
        late: whether it was returned when the run had already been ended by another event.
        answers: for an event from a person, the question it answers.
    """

    event: Event
    sender: Execution | None
    outside: bool
    targets: tuple[str, ...] = ()
    takers: list[Execution] = field(default_factory=list)
    late: bool = False
    answers: Passage | None = None


class History:
    """The story of one run, read from its records.

    Attributes:
        workflow: its name.
        executions: in the order in which they first started.
        passages: the events, in the order in which they were sent.
        sets: for each completed collect the executions that brought the events, and the one that got them.
        empties: who returned a list of which nothing was left to gather, and who was called with that.
        end: how the run ended, None while it goes on.
        idle: what it waits for, if nothing can move.
        complete: whether the records begin with the run's beginning.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.workflow = "workflow"
        self.executions: list[Execution] = []
        self.passages: list[Passage] = []
        self.sets: list[tuple[tuple[Execution, ...], Execution]] = []
        self.empties: list[tuple[Execution, Execution]] = []
        self.end: RunEnded | None = None
        self.idle: RunIdle | None = None
        self.complete = False
        self._by_id: dict[int, Execution] = {}
        self._counts: dict[str, int] = {}
        self._by_pair: dict[tuple[int, int], Passage] = {}
        self._lineages: dict[int, Execution] = {}
        self._returned: list[tuple[Event, Execution]] = []
        self._open: list[Passage] = []  # questions without an answer
        self._sends: dict[int, int] = {}
        self._scopes: dict[str, Execution] = {}  # by name, who returned the list
        self._asked: set[int] = set()  # questions that were sent, and those that were only shown so far, by identity
        self._shown: dict[int, Passage] = {}
        # By identity of the event, which the records keep alive: what nobody took, and what a step may gather.
        self._untaken: dict[int, Passage] = {}
        self._for_gathering: dict[int, list[Passage]] = {}
        for record in records:
            self._read(record)
        self._keep_returned()
        if self.end is not None:
            for execution in self.executions:
                if execution.state in ("running", "waiting"):
                    execution.state = "cancelled"

    def _read(self, record: Record) -> None:
        match record:
            case EventSent():
                self._sent(record)
            case StepStarted():
                self._started(record)
            case StepFinished(id=id, step=step, event=event):
                execution = self._execution(id, step)
                execution.state, execution.error = "done", None
                self._keep_returned()
                if isinstance(event, tuple):
                    self._scopes[_scope_of(id, self._sends.get(id, 0))] = execution
                returned = event if isinstance(event, tuple) else () if event is None else (event,)
                self._returned = [(event, execution) for event in returned]
            case StepFailed(id=id, step=step):
                execution = self._execution(id, step)
                execution.error, execution.attempts = record.error, record.attempt
                execution.retrying = record.retry_in is not None
                execution.state = "waiting" if execution.retrying else "failed"
            case StepCancelled(id=id, step=step):
                self._execution(id, step).state = "cancelled"
            case StepWaiting(id=id, step=step):
                execution = self._execution(id, step)
                execution.state = "waiting"
                execution.waits[record.waiter_id] = record.event_type.__name__
            case StepResumed():
                self._resumed(record)
            case EventsCollected():
                self._collected(record)
            case EventStreamed():
                self._streamed(record)
            case RunStarted(workflow=name, restored=restored):
                self.workflow, self.complete = name, not restored
            case RunIdle():
                self.idle = record
            case RunEnded():
                self.end = record
        if isinstance(record, (EventSent, StepStarted)):
            self.idle = None

    def _execution(self, id: int, step: str) -> Execution:
        found = self._by_id.get(id)
        if found is None:
            number = self._counts[step] = self._counts.get(step, 0) + 1
            found = self._by_id[id] = Execution(id, step, number)
            self.executions.append(found)
        return found

    def _add(self, passage: Passage) -> Passage:
        self.passages.append(passage)
        return passage

    def _started(self, record: StepStarted) -> None:
        execution = self._execution(record.id, record.step)
        execution.state, execution.attempts, execution.retrying = "running", record.attempt, False
        if isinstance(record.event, CollectionReleaseEvent):
            if record.attempt == 1:
                for event in record.event.events:
                    self._gathered(event, execution)
                opener = self._scopes.get(record.event.stream_id)
                if opener is not None and not record.event.events:
                    self.empties.append((opener, execution))
        elif record.attempt == 1:
            pair = (record.parent, record.n)
            passage = self._by_pair.get(pair)
            if passage is None:  # the record of the sending is gone
                passage = self._by_pair[pair] = self._add(Passage(record.event, self._by_id.get(record.parent), False))
            if execution not in passage.takers:
                passage.takers.append(execution)

    def _gathered(self, event: Event, execution: Execution) -> None:
        """Note that an execution got an event with others; the same object may have been sent several times."""
        sent = self._for_gathering.get(id(event), ())
        passage = next((found for found in sent if execution not in found.takers), None)
        if passage is None:  # the record of the sending is gone
            passage = self._add(Passage(event, None, False))
        passage.takers.append(execution)

    def _sent(self, record: EventSent) -> None:
        sender = None if record.source is None else self._sender(record)
        passage = self._shown.pop(id(record.event), None)
        if passage is None:
            passage = self._add(Passage(record.event, sender, record.source is None, record.targets))
        self._by_pair[record.parent, record.n] = passage
        self._sends[record.parent] = self._sends.get(record.parent, 0) + 1
        if record.targets:
            self._for_gathering.setdefault(id(record.event), []).append(passage)
        if isinstance(record.event, InputRequiredEvent):
            if all(found is not passage for found in self._open):
                self._open.append(passage)
            self._asked.add(id(record.event))
        elif not record.targets:
            self._untaken[id(record.event)] = passage
        if record.source is None and isinstance(record.event, HumanResponseEvent) and record.targets and self._open:
            passage.answers = self._open.pop(0)

    def _streamed(self, record: EventStreamed) -> None:
        """Note a question that a step has shown. One that it returns has left an `EventSent`, too: they are one."""
        if isinstance(record.event, InputRequiredEvent) and id(record.event) not in self._asked:
            passage = self._add(Passage(record.event, self._by_id.get(record.id), record.step is None))
            self._open.append(passage)
            self._shown[id(record.event)] = passage

    def _sender(self, record: EventSent) -> Execution | None:
        place = next((index for index, (event, _) in enumerate(self._returned) if event is record.event), None)
        if place is not None:
            del self._returned[place]
        return self._by_id.get(record.parent) or self._lineages.get(record.parent)

    def _keep_returned(self) -> None:
        """Tell of events that a step returned, and that were not sent because the run had been ended."""
        for event, execution in self._returned:
            self._add(Passage(event, execution, False, late=True))
        self._returned = []

    def _collected(self, record: EventsCollected) -> None:
        execution = self._execution(record.id, record.step)
        brought = tuple(self._by_id[id] for id in record.ids if id in self._by_id and id != record.id)
        self.sets.append((brought, execution))
        self._lineages[record.lineage] = execution

    def _resumed(self, record: StepResumed) -> None:
        execution = self._execution(record.id, record.step)
        execution.waits.pop(record.waiter_id, None)
        execution.state = "waiting" if execution.waits else "running"
        if record.event is None:
            return
        passage = self._untaken.pop(id(record.event), None) or next(
            (found for found in reversed(self.passages) if found.event is record.event), None
        )
        if passage is None:  # the record of the sending is gone
            passage = self._add(Passage(record.event, None, False))
        passage.takers.append(execution)
        if passage.outside:
            own = [asked for asked in self._open if asked.sender is execution]
            if own:
                passage.answers = own[0]
                self._open.remove(own[0])


def _scope_of(id: int, sent: int) -> str:
    """Return the name of the scope that a delivery opens by returning a list, after so many sends."""
    return f"{stirred(id + sent):016x}"
