"""The facts of a run.

Everything that happens leaves one record, and every picture, log, replay and test reads these and nothing else. A
record is a named tuple: as small and as quick to make as Python has, equal by value, immutable.

Fields that come back everywhere:

time:    seconds on the run's clock.
id:      the lineage number of a delivery, that is of one event handed to one step. It is worked out from the delivery
         that sent the event, from the how-manyth send that was, and from the receiving step. It is neither random nor
         a clock, so the same run has the same ids every time.
parent, n: which delivery sent an event (0: somebody outside the run) and its how-manyth send this was, from 0. An
         `EventSent` and the `StepStarted` of its receivers carry the same pair: that is the causality of a run.
step:    the name of a step.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from wfkit.events import ChildEvent, Event

Outcome: TypeAlias = Literal["done", "failed", "timed out", "cancelled"]
Change: TypeAlias = Literal["set", "edit_state", "set_state", "clear"]


class RunStarted(NamedTuple):
    """A run began, or began again from a snapshot."""

    time: float
    run_id: str
    workflow: str
    restored: bool


class EventSent(NamedTuple):
    """An event went on its way.

    `source` is the step that returned or sent it, None for somebody outside; `targets` are the steps it was queued
    for. No targets: nobody took it. A wait that takes an event says so in its own `StepResumed`.
    """

    time: float
    event: Event
    source: str | None
    parent: int
    n: int
    targets: tuple[str, ...]


class StepStarted(NamedTuple):
    """A step began to work on an event. `attempt` counts from 1."""

    time: float
    id: int
    step: str
    event: Event
    parent: int
    n: int
    attempt: int


class StepFinished(NamedTuple):
    """A step returned. `event` is what it returned, a tuple for a list of events, or None."""

    time: float
    id: int
    step: str
    event: Event | tuple[Event, ...] | None


class StepFailed(NamedTuple):
    """A step raised. `retry_in` is the delay in seconds before the next attempt, None if there is none."""

    time: float
    id: int
    step: str
    error: BaseException
    attempt: int
    retry_in: float | None


class StepCancelled(NamedTuple):
    """A step was cancelled, because its run ended before it did."""

    time: float
    id: int
    step: str


class StepWaiting(NamedTuple):
    """A step waits for an event and has given its worker slot back."""

    time: float
    id: int
    step: str
    waiter_id: str
    event_type: type[Event]


class StepResumed(NamedTuple):
    """A waiting step got its event, or None if the wait timed out. Without a `StepWaiting` before: it was there."""

    time: float
    id: int
    step: str
    waiter_id: str
    event: Event | None


class StepHeld(NamedTuple):
    """A hook holds a step back, before its body or after it: what passes until its `StepReleased` is not the step's."""

    time: float
    id: int
    step: str


class StepReleased(NamedTuple):
    """A hook has let go of a step that it held. Missing where the run ended first."""

    time: float
    id: int
    step: str


class EventReplaced(NamedTuple):
    """A hook has given a step another event than the one it had started on, as a person does in a debugger."""

    time: float
    id: int
    step: str
    event: Event


class StepSkipped(NamedTuple):
    """A hook has given what a step returns: its body did not run, or what came of it does not count."""

    time: float
    id: int
    step: str


class EventBuffered(NamedTuple):
    """`collect_events` put an event aside until the others are there."""

    time: float
    id: int
    step: str
    buffer_id: str
    event: Event


class EventsCollected(NamedTuple):
    """`collect_events` had all it wanted.

    `ids` are the deliveries that brought the events, in the order asked for. `lineage` stands for the set of them: it
    is the `parent` of what the step sends from now on.
    """

    time: float
    id: int
    step: str
    buffer_id: str
    ids: tuple[int, ...]
    lineage: int


class EventsGathered(NamedTuple):
    """A step whose signature gathers several events has started with them.

    `ids` are the deliveries that brought the events, in the order of its `CollectionReleaseEvent`; they were put aside
    and never start by themselves. `wfkit.lineage.delivery_id` makes them from the `EventSent` of each. Not told when a
    run goes on from a snapshot that was made after the set was complete and before the step started.
    """

    time: float
    id: int
    step: str
    ids: tuple[int, ...]


class EventStreamed(NamedTuple):
    """An event was written to the stream for whoever watches the run."""

    time: float
    id: int
    step: str | None
    event: Event


class ChildStreamed(NamedTuple):
    """A run that a step of this one has started has written to its stream; `event` says which, and what."""

    time: float
    event: ChildEvent


class StateChanged(NamedTuple):
    """The store changed. `keys` are the dotted paths that were touched; `step` is None for a change from outside."""

    time: float
    step: str | None
    change: Change
    keys: tuple[str, ...]


class RunIdle(NamedTuple):
    """Nothing in the run can move by itself. `waiting_for` says in words what it waits for.

    `stuck` is True when no question is open and no step takes an event from outside: then it will stay so.
    """

    time: float
    waiting_for: str
    stuck: bool


class RunEnded(NamedTuple):
    """A run ended. `event` is the last event of its stream; `error` is what awaiting it raises, or None."""

    time: float
    outcome: Outcome
    event: Event
    error: BaseException | None


Record: TypeAlias = (
    RunStarted
    | EventSent
    | StepStarted
    | StepFinished
    | StepFailed
    | StepCancelled
    | StepWaiting
    | StepResumed
    | StepHeld
    | StepReleased
    | EventReplaced
    | StepSkipped
    | EventBuffered
    | EventsCollected
    | EventsGathered
    | EventStreamed
    | ChildStreamed
    | StateChanged
    | RunIdle
    | RunEnded
)


def spell(id: int) -> str:
    """Write a delivery's lineage number the way it is shown to people: eight hexadecimal digits.

    Example:
        assert spell(0x0123456789ABCDEF) == "01234567"
    """
    return f"{id:016x}"[:8]


def as_dict(record: Record) -> dict[str, Any]:
    """Return a record as a dictionary with its kind, for JSON and for tables."""
    return {"kind": type(record).__name__, **record._asdict()}
