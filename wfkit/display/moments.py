"""The moments of a playback: records, as rows of numbers that point into tables of runs, events and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Final

from wfkit.display.atlas import NOWHERE, Atlas
from wfkit.display.payloads import name_of_event
from wfkit.display.words import brief, field_name
from wfkit.events import (
    CollectionReleaseEvent,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StepFailedEvent,
    StopEvent,
)
from wfkit.history import History, events_in
from wfkit.records import (
    ChildStreamed,
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
    StateChanged,
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
from wfkit.standing import Execution

OUTSIDE: Final = -1
NOTHING: Final = -1
MOST_LISTED: Final = 40  # events or runs that one moment names
_KEYS: Final = 12
_REASON: Final = 300
_NOTABLE: Final = (StopEvent, InputRequiredEvent, HumanResponseEvent, StepFailedEvent)


class Moments:
    """Turns records into moments, and keeps the tables they point into.

    Args:
        history: has just read each record that is told here.
        atlas: where things are on the picture.

    Attributes:
        rows: the moments, each (time, kind, ...).
        runs: the executions that are told of, with their numbers.
        events: the events, in the order of their numbers.
        places: where on the picture each of them belongs.
        errors: what steps raised, and what ended the run.
        raisers: the names of the steps that raised them, "" where none did.
        notable: numbers of events that somebody will look for.
        strangers: steps that the flow does not have, with the places they are given.
    """

    def __init__(self, history: History, atlas: Atlas) -> None:
        self.history = history
        self.atlas = atlas
        self.rows: list[list[Any]] = []
        self.runs: dict[Execution, int] = {}
        self.events: list[Event] = []
        self.places: list[int] = []
        self.errors: list[BaseException] = []
        self.raisers: list[str] = []
        self.notable: dict[int, None] = {}
        self.strangers: dict[str, int] = {}
        self._event_numbers: dict[int, int] = {}  # by identity; the records keep them alive
        self._error_numbers: dict[int, int] = {}

    def tell(self, record: Record, time: float) -> None:
        """Add the moment of a record."""
        teller = _TELLERS.get(type(record))
        if teller is not None:
            self.rows.append([time, *teller(self, record)])

    # -- tables ------------------------------------------------------------------------------------------------

    def step(self, name: str) -> int:
        """Return the place of a step; one that the flow does not have gets a place after all others."""
        place = self.atlas.step(name)
        if place == NOWHERE:
            place = self.strangers.setdefault(name, len(self.atlas.places) + len(self.strangers))
        return place

    def run(self, execution: Execution | None) -> int:
        """Return the number of an execution."""
        return OUTSIDE if execution is None else self.runs.setdefault(execution, len(self.runs))

    def event(self, event: Event | None, steps: Sequence[str] = ()) -> int:
        """Return the number of an event.

        Args:
            event: the event.
            steps: those it went to.
        """
        if event is None:
            return NOTHING
        number = self._event_numbers.get(id(event))
        if number is None:
            number = self._event_numbers[id(event)] = len(self.events)
            self.events.append(event)
            self.places.append(self.atlas.event(type(event), steps))
            if issubclass(type(event), _NOTABLE):
                self.notable[number] = None
        return number

    def name(self, number: int) -> str:
        """Return what to call an event."""
        return name_of_event(self.events[number])

    def error(self, error: BaseException | None, step: str = "") -> int:
        """Return the number of an error, and note the step that raised it."""
        if error is None:
            return NOTHING
        number = self._error_numbers.setdefault(id(error), len(self.errors))
        if number == len(self.errors):
            self.errors.append(error)
            self.raisers.append(step)
        return number

    # -- records -----------------------------------------------------------------------------------------------

    def _at(self, record: Any) -> int:
        return self.run(self.history.by_id.get(record.id))

    def _began(self, record: RunStarted) -> list[Any]:
        return ["began", record.restored]

    def _sent(self, record: EventSent) -> list[Any]:
        number = self.event(record.event, record.targets)
        if record.source is None:
            self.notable[number] = None
        sender = self.run(self.history.sender_of(record))
        return ["sent", number, sender, [self.step(step) for step in record.targets]]

    def _started(self, record: StepStarted) -> list[Any]:
        return ["started", self._at(record), record.attempt]

    def _finished(self, record: StepFinished) -> list[Any]:
        made = events_in(record.event)[:MOST_LISTED]
        return ["finished", self._at(record), [self.event(event) for event in made]]

    def _failed(self, record: StepFailed) -> list[Any]:
        execution = self.history.by_id.get(record.id)
        if execution is not None and not execution.gathers and execution.events:
            self.notable[self.event(execution.events[0], (record.step,))] = None
        delay = record.retry_in
        if delay is not None and not isfinite(delay):  # no run makes that, and JSON cannot say it
            delay = 0.0
        return ["failed", self._at(record), self.error(record.error, record.step), delay]

    def _cancelled(self, record: StepCancelled) -> list[Any]:
        return ["cancelled", self._at(record)]

    def _waiting(self, record: StepWaiting) -> list[Any]:
        return ["waiting", self._at(record), brief(record.event_type.__name__, 120)]

    def _resumed(self, record: StepResumed) -> list[Any]:
        return ["resumed", self._at(record), self.event(record.event)]

    def _held(self, record: StepHeld) -> list[Any]:
        return ["held", self._at(record)]

    def _released(self, record: StepReleased) -> list[Any]:
        return ["released", self._at(record)]

    def _replaced(self, record: EventReplaced) -> list[Any]:
        event = None if issubclass(type(record.event), CollectionReleaseEvent) else record.event
        return ["replaced", self._at(record), self.event(event, (record.step,))]

    def _stood_in(self, record: StepSkipped) -> list[Any]:
        return ["stood_in", self._at(record)]

    def _buffered(self, record: EventBuffered) -> list[Any]:
        return ["buffered", self._at(record), self.event(record.event)]

    def _collected(self, record: EventsCollected) -> list[Any]:
        found = (self.history.by_id.get(id) for id in record.ids)
        runs = dict.fromkeys(execution for execution in found if execution is not None)
        return ["collected", self._at(record), [self.run(execution) for execution in list(runs)[:MOST_LISTED]]]

    def _gathered(self, record: EventsGathered) -> list[Any]:
        execution = self.history.by_id.get(record.id)
        senders = dict.fromkeys(way.sender for way in execution.got if way.sender is not None) if execution else {}
        return ["collected", self._at(record), [self.run(sender) for sender in list(senders)[:MOST_LISTED]]]

    def _streamed(self, record: EventStreamed) -> list[Any]:
        run = OUTSIDE if record.step is None else self._at(record)
        return ["streamed", run, self.event(record.event)]

    def _child_streamed(self, record: ChildStreamed) -> list[Any]:
        return ["streamed", OUTSIDE, self.event(record.event)]

    def _changed(self, record: StateChanged) -> list[Any]:
        at_work = list(self.history.standing.at_work.get(record.step or "", ()))
        run = self.run(at_work[0]) if len(at_work) == 1 else OUTSIDE
        keys = [field_name(key) for key in record.keys[:_KEYS]]
        return ["state", run, record.change, [*keys, "…"] if len(record.keys) > _KEYS else keys]

    def _idle(self, record: RunIdle) -> list[Any]:
        return ["idle", brief(record.waiting_for, _REASON), record.stuck]

    def _ended(self, record: RunEnded) -> list[Any]:
        return ["ended", record.outcome, self.event(record.event), self.error(record.error)]


_TELLERS: dict[type, Callable[[Moments, Any], list[Any]]] = {
    RunStarted: Moments._began,
    EventSent: Moments._sent,
    StepStarted: Moments._started,
    StepFinished: Moments._finished,
    StepFailed: Moments._failed,
    StepCancelled: Moments._cancelled,
    StepWaiting: Moments._waiting,
    StepResumed: Moments._resumed,
    StepHeld: Moments._held,
    StepReleased: Moments._released,
    EventReplaced: Moments._replaced,
    StepSkipped: Moments._stood_in,
    EventBuffered: Moments._buffered,
    EventsCollected: Moments._collected,
    EventsGathered: Moments._gathered,
    EventStreamed: Moments._streamed,
    ChildStreamed: Moments._child_streamed,
    StateChanged: Moments._changed,
    RunIdle: Moments._idle,
    RunEnded: Moments._ended,
}
