"""What a run works on: lanes, deliveries and waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from wfkit.collecting import Buffer, Collected
from wfkit.draft import differs
from wfkit.events import Event, name_of
from wfkit.steps import StepSpec


class Lane:
    """A step as it runs: its free worker slots, and what queues for them.

    The queues are made when something first has to queue; a run makes a lane for every step.
    """

    __slots__ = ("free", "queue", "resuming", "spec")

    def __init__(self, spec: StepSpec) -> None:
        self.spec = spec
        self.free = spec.num_workers
        self.queue: deque[Work] | None = None
        self.resuming: deque[Work] | None = None

    def line_up(self, work: Work) -> None:
        """Put a delivery at the end of the queue."""
        if self.queue is None:
            self.queue = deque()
        self.queue.append(work)

    def line_up_first(self, work: Work) -> None:
        """Put a delivery at the head of the queue."""
        if self.queue is None:
            self.queue = deque()
        self.queue.appendleft(work)

    def line_up_to_resume(self, work: Work) -> None:
        """Put a delivery that wants its slot back behind others that do."""
        if self.resuming is None:
            self.resuming = deque()
        self.resuming.append(work)


class Seldom:
    """What few deliveries ever need: a default on the class, so that it costs the others nothing.

    Attributes:
        attempt: how often the delivery has been tried, this time included.
        sends: events that the body has sent so far; the first `skip` of them an earlier run of it has already sent.
        streamed, skip_streamed: the same for events written to the stream.
        asked: waits begun, which numbers their default ids.
        answers: the answers its waits got, by waiter id, in order.
        replay: answers that an earlier run of the body got and this one gets again.
        answered: the last wait to get its event, while there is no slot for the step to go on.
        collected: what its calls of `collect_events` did.
        brought: buffers that have used its event up in an earlier attempt.
    """

    attempt = 1
    sends = 0
    skip = 0
    streamed = 0
    skip_streamed = 0
    asked = 0
    first_start: float | None = None
    last_error: Exception | None = None
    last_failed_at: float | None = None
    answers: dict[str, list[Event]] | None = None
    replay: dict[str, list[Event]] | None = None
    answered: Wait | None = None
    collected: list[Collected] | None = None
    brought: frozenset[Buffer] = frozenset()

    def all_answers(self) -> dict[str, list[Event]]:
        """Return the answers this run of the body has got, and those it would still have got again."""
        got, to_come = self.answers or {}, self.replay or {}
        return {key: [*got.get(key, ()), *to_come.get(key, ())] for key in {**got, **to_come}}


class Work(Seldom):
    """One delivery: one event for one step.

    Attributes:
        id: lineage number. `parent` and `n` say which delivery sent the event and its how-manyth send that was.
        lineage: what this delivery's own sends descend from: its id, or the set it collected.
        made: how many events it has sent under that lineage.
    """

    __slots__ = ("event", "id", "lane", "lineage", "made", "n", "parent")

    def __init__(self, lane: Lane, event: Event, id: int, parent: int, n: int) -> None:
        self.lane = lane
        self.event = event
        self.id = self.lineage = id
        self.parent = parent
        self.n = n
        self.made = 0


class Wait:
    """A step's wait for one event.

    Attributes:
        event: the answer, None until it is there, and for ever if the wait was given up.
        wake: called when the step may go on.
    """

    __slots__ = ("event", "event_type", "id", "requirements", "wake", "work")

    def __init__(
        self, work: Work, id: str, event_type: type[Event], requirements: dict[str, Any], wake: Callable[[], None]
    ) -> None:
        self.work = work
        self.id = id
        self.event_type = event_type
        self.requirements = requirements
        self.wake = wake
        self.event: Event | None = None

    def wants(self, event: Event) -> bool:
        """Whether an event is the one waited for."""
        kind = type(event)
        if kind is not self.event_type and not (
            issubclass(kind, self.event_type)
            if self.work.lane.spec.accept_event_subclasses
            else name_of(kind) == name_of(self.event_type)
        ):
            return False
        return not any(differs(event.get(key), value) for key, value in self.requirements.items())
