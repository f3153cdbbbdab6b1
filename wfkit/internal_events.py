"""What the steps of a run do, as events: for `handler.stream_events(expose_internal=True)`.

Nothing in a run makes these. A `Translator` makes them of the records, for whoever asks.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from enum import StrEnum

from wfkit.events import Event, InputRequiredEvent, StopEvent, name_of
from wfkit.plan import Plan
from wfkit.records import (
    EventSent,
    EventStreamed,
    Record,
    RunIdle,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepResumed,
    StepStarted,
    StepWaiting,
)

ENQUEUED = "<enqueued>"


class StepState(StrEnum):
    """What a step does with an event: it queues for a free worker, is at work, or is not, any more or for now."""

    PREPARING = "preparing"
    RUNNING = "running"
    NOT_RUNNING = "not_running"


class InternalDispatchEvent(Event):
    """Base of the events that tell what happens inside a run. No step takes them."""


class StepStateChanged(InternalDispatchEvent):
    """A worker of a step began or ended its work on an event, or an event queues for one.

    A step that waits for an event is not running; when it goes on it is running again, maybe as another worker.

    Attributes:
        name: the step's.
        step_state: what it does from now on.
        worker_id: which of the step's workers it is, "0", "1" and so on: the lowest number that is free. For an event
            that queues, "<enqueued>".
        input_event_name: the class of the event it works on.
        output_event_name: when it has returned, the class of what it returned, or the classes in a returned list with
            commas between them; None for nothing, for a failure and for a wait.
    """

    name: str
    step_state: StepState
    worker_id: str
    input_event_name: str
    output_event_name: str | None = None


class UnhandledEvent(InternalDispatchEvent):
    """No step and no wait took an event. It is kept, so a wait that begins later may still take it.

    Attributes:
        event_type: the event's class.
        qualified_name: the same with its module.
        step_name: the step that returned or sent it, None for somebody outside the run.
        idle: whether no step was at work, and nothing queued for one.
    """

    event_type: str
    qualified_name: str
    step_name: str | None
    idle: bool


class WorkflowIdleEvent(InternalDispatchEvent):
    """Nothing in the run moves until an event comes from outside, or a wait is given up."""


class Lane:
    """A step's workers: which numbers are taken, and what queues for one.

    Attributes:
        slots: how many work at once; None for a step whose events are gathered first, so that none of them queues.
        busy: how many are at work.
        queued: sent and not yet begun, each as the pair of `parent` and `n` that its records have in common.
    """

    __slots__ = ("_freed", "_next", "busy", "name", "queued", "slots")

    def __init__(self, name: str, slots: int | None) -> None:
        self.name = name
        self.slots = slots
        self.busy = 0
        self.queued: set[tuple[int, int]] = set()
        self._freed: list[int] = []
        self._next = 0

    def hire(self) -> int:
        """Return the lowest number that is free; it is taken from now on."""
        self.busy += 1
        if self._freed:
            return heapq.heappop(self._freed)
        self._next += 1
        return self._next - 1

    def dismiss(self, worker: int) -> None:
        """Give a number back."""
        self.busy -= 1
        heapq.heappush(self._freed, worker)


class Delivery:
    """One event in one step.

    Attributes:
        input: the event's class.
        worker: the number of its worker, None while it waits.
        waits: its open waits, by id and type.
    """

    __slots__ = ("input", "lane", "waits", "worker")

    def __init__(self, lane: Lane, event: Event) -> None:
        self.lane = lane
        self.input = type(event).__name__
        self.worker: int | None = None
        self.waits: list[tuple[str, type[Event]]] = []

    def run(self) -> StepStateChanged:
        """Take a worker."""
        self.worker = self.lane.hire()
        return self._changed(StepState.RUNNING, str(self.worker), None)

    def rest(self, output: str | None = None) -> StepStateChanged:
        """Give the worker back."""
        worker, self.worker = self.worker, None
        assert worker is not None
        self.lane.dismiss(worker)
        return self._changed(StepState.NOT_RUNNING, str(worker), output)

    def _changed(self, state: StepState, worker: str, output: str | None) -> StepStateChanged:
        return StepStateChanged(
            name=self.lane.name,
            step_state=state,
            worker_id=worker,
            input_event_name=self.input,
            output_event_name=output,
        )


class Translator:
    """Turns the records of one run, in their order, into what its stream with internal events shows.

    The events that the run itself streams are among it; the run's last event is not.

    What records do not say, it cannot tell:

    - A delivery whose `StepStarted` it has not seen, because it came late, is left out.
    - PREPARING is told of an event that finds all workers taken when it is sent. An event that queues behind a step
      which has its answer, or its next attempt due, and has not gone on yet, is not told of; nor are those that were
      queued already in a run restored from a snapshot, or that a step gathers.
    - Which wait takes an event is said only when the waiting step goes on. An event that an open wait may take, going
      by its type, is called unhandled when that wait has ended another way or the run is idle, not at once.

    Args:
        plan: the run's steps.

    Example:
        translate = Translator(plan)
        shown = [event for record in records for event in translate(record)]
    """

    def __init__(self, plan: Plan) -> None:
        self._lanes = {
            spec.name: Lane(spec.name, spec.num_workers if spec.gathers is None else None) for spec in plan.steps
        }
        self._begun: dict[int, Delivery] = {}  # by the ids of the deliveries
        self._retrying: set[int] = set()
        self._stop: Event | None = None  # what has ended the run
        self._doubtful: list[EventSent] = []  # taken by a wait, or by nobody

    def __call__(self, record: Record) -> Iterable[Event]:
        """Return what a record shows, in order."""
        match record:
            case EventStreamed():
                return (record.event,)
            case EventSent():
                return self._sent(record)
            case StepStarted():
                return self._started(record)
            case StepFinished():
                if isinstance(record.event, StopEvent):
                    self._stop = record.event
                return self._ended(record.id, _names(record.event))
            case StepFailed():
                if record.retry_in is not None:
                    self._retrying.add(record.id)
                return self._ended(record.id, None)
            case StepCancelled():
                delivery = self._begun.pop(record.id, None)
                return () if delivery is None or delivery.worker is None else (delivery.rest(),)
            case StepWaiting():
                return self._waiting(record)
            case StepResumed():
                return self._resumed(record)
            case RunIdle():
                return (*self._settle(idle=True), WorkflowIdleEvent())
            case _:
                return ()

    # -- events ------------------------------------------------------------------------------------------------

    def _sent(self, record: EventSent) -> Iterable[Event]:
        if record.targets:
            return [told for name in record.targets if (told := self._queue(name, record)) is not None]
        event = record.event
        if isinstance(event, InputRequiredEvent) or event is self._stop:
            return ()
        if self._takers(event):
            self._doubtful.append(record)
            return ()
        return (self._unhandled(record),)

    def _queue(self, name: str, record: EventSent) -> StepStateChanged | None:
        """Note that an event is on its way to a step; says so if no worker is free for it."""
        lane = self._lanes[name]
        if lane.slots is None:
            return None
        full = lane.busy + len(lane.queued) >= lane.slots
        lane.queued.add((record.parent, record.n))
        if not full:
            return None
        return StepStateChanged(
            name=name,
            step_state=StepState.PREPARING,
            worker_id=ENQUEUED,
            input_event_name=type(record.event).__name__,
        )

    def _takers(self, event: Event) -> list[Delivery]:
        """Return the deliveries that wait for events of this type."""
        kind = type(event)
        return [
            delivery
            for delivery in self._begun.values()
            if any(issubclass(kind, wanted) or name_of(kind) == name_of(wanted) for _, wanted in delivery.waits)
        ]

    def _unhandled(self, record: EventSent) -> UnhandledEvent:
        kind = type(record.event)
        at_work = self._retrying or any(lane.busy or lane.queued for lane in self._lanes.values())
        return UnhandledEvent(
            event_type=kind.__name__,
            qualified_name=".".join(name_of(kind)),
            step_name=record.source,
            idle=not at_work,
        )

    def _settle(self, idle: bool = False) -> list[UnhandledEvent]:
        """Tell of the doubtful events that no wait takes any more.

        In an idle run no wait has an event that its step has not seen, but for a step with several waits: it counts as
        waiting until all of them have ended.
        """
        still = []
        told = []
        for record in self._doubtful:
            takers = self._takers(record.event)
            if takers and not (idle and all(len(delivery.waits) == 1 for delivery in takers)):
                still.append(record)
            else:
                told.append(self._unhandled(record))
        self._doubtful = still
        return told

    # -- steps -------------------------------------------------------------------------------------------------

    def _started(self, record: StepStarted) -> Iterable[Event]:
        lane = self._lanes[record.step]
        lane.queued.discard((record.parent, record.n))
        self._retrying.discard(record.id)
        delivery = self._begun[record.id] = Delivery(lane, record.event)
        return (delivery.run(),)

    def _ended(self, id: int, output: str | None) -> Iterable[Event]:
        delivery = self._begun.pop(id, None)
        if delivery is None:
            return ()
        # A body can end while a task of its still waits: then it was at work all the same.
        began = () if delivery.worker is not None else (delivery.run(),)
        return (*began, delivery.rest(output), *self._settle())

    def _waiting(self, record: StepWaiting) -> Iterable[Event]:
        delivery = self._begun.get(record.id)
        if delivery is None:
            return ()
        delivery.waits.append((record.waiter_id, record.event_type))
        return () if delivery.worker is None else (delivery.rest(),)

    def _resumed(self, record: StepResumed) -> Iterable[Event]:
        for place, sent in enumerate(self._doubtful):
            if sent.event is record.event:
                del self._doubtful[place]
                break
        delivery = self._begun.get(record.id)
        if delivery is None:
            return ()
        left = delivery.waits
        delivery.waits = [wait for wait in left if wait[0] != record.waiter_id]
        goes_on = left and not delivery.waits  # else it had not waited, or has other waits open
        return (*((delivery.run(),) if goes_on else ()), *self._settle())


def _names(returned: object) -> str | None:
    """Name the class of what a step returned, or the classes in the list it returned."""
    events = returned if isinstance(returned, tuple) else () if returned is None else (returned,)
    return ", ".join(dict.fromkeys(type(event).__name__ for event in events)) or None
