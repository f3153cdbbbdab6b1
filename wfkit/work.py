"""What a run works on: lanes, deliveries and waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from wfkit.collecting import Collected
from wfkit.draft import differs
from wfkit.events import Event, HumanResponseEvent, field_of, fits
from wfkit.scope import Recoveries, Scope
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
        sent: the types of these, for a step that may be tried again.
        sent_before: the types of what earlier attempts have sent.
        streamed, skip_streamed: the same for events written to the stream.
        asked: how many waits have begun for each kind of event, which numbers their default ids.
        open_waits: how many of its waits are open.
        answers: the answers its waits got, by waiter id, in order.
        replay: answers that an earlier run of the body got and this one gets again.
        answered: the last wait to get its event, while there is no slot for the step to go on.
        collected: what its calls of `collect_events` did.
        collected_before: what those of an earlier run of the body did, and the same calls of this one do again.
        first_start: when its first attempt began, in seconds on the run's clock.
        due: when it is to be tried again, in seconds on the run's clock.
        last_error, last_failed_at: what the attempt before this one raised, and when.
        scope: the returned list it comes of, None outside of all.
        brought: of a set that a signature gathers, the deliveries that brought its events.
        recoveries: how many failures each error handler has taken on the way to it.
    """

    attempt = 1
    sends = 0
    skip = 0
    sent: list[type] | None = None
    sent_before: list[type] | None = None
    streamed = 0
    skip_streamed = 0
    asked: dict[str, int] | None = None
    first_start: float | None = None
    open_waits = 0
    answers: dict[str, list[Event]] | None = None
    replay: dict[str, list[Event]] | None = None
    answered: Wait | None = None
    collected: list[Collected] | None = None
    collected_before: list[Collected] | None = None
    due: float = 0.0
    last_error: Exception | None = None
    last_failed_at: datetime | None = None
    scope: Scope | None = None
    brought: tuple[int, ...] = ()
    recoveries: Recoveries | None = None


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

    def has_been_sent(self, event: Event) -> bool:
        """Count a send of the body, and tell whether an earlier run of the body has made it.

        An attempt that goes another way than the one before it, and so sends other events, has made nothing yet.
        """
        self.sends += 1
        if self.lane.spec.retry_policy is not None:
            if self.sent is None:
                self.sent = []
            self.sent.append(type(event))
        if self.sends > self.skip:
            return False
        if self.sent_before is not None and self.sent_before[self.sends - 1] is not type(event):
            self.made, self.skip = max(self.made, self.skip), 0
            return False
        self.made += 1
        return True

    def start_over(self) -> None:
        """Make ready for another run of the body, which sends only what this one and those before it have not sent."""
        self.lineage, self.made, self.asked = self.id, 0, None
        if self.sends >= self.skip:
            self.skip, self.sent_before = self.sends, self.sent
        self.sends, self.sent = 0, None
        self.skip_streamed, self.streamed = max(self.skip_streamed, self.streamed), 0
        self.replay, self.answers = self.all_answers(), None
        self.collected_before, self.collected = self.all_collected(), None

    def all_collected(self) -> list[Collected]:
        """Return what this run of the body has collected, and what it would still have collected again."""
        return [*(self.collected or ()), *(self.collected_before or ())]

    def all_answers(self) -> dict[str, list[Event]]:
        """Return the answers this run of the body has got, and those it would still have got again."""
        got, to_come = self.answers or {}, self.replay or {}
        return {key: [*got.get(key, ()), *to_come.get(key, ())] for key in {**got, **to_come}}


class Wait:
    """A step's wait for one event.

    Attributes:
        asks: whether it is a person that is waited for.
        event: the answer, None until it is there, and for ever if the wait was given up.
        wake: called when the step may go on.
    """

    __slots__ = ("asks", "event", "event_type", "id", "requirements", "wake", "work")

    def __init__(
        self, work: Work, id: str, event_type: type[Event], requirements: dict[str, Any], wake: Callable[[], None]
    ) -> None:
        self.work = work
        self.id = id
        self.event_type = event_type
        self.requirements = requirements
        self.wake = wake
        self.asks = issubclass(event_type, HumanResponseEvent)
        self.event: Event | None = None

    def wants(self, event: Event) -> bool:
        """Whether an event is the one waited for."""
        if not fits(type(event), self.event_type, self.work.lane.spec.accept_event_subclasses):
            return False
        return not any(differs(field_of(event, key), value) for key, value in self.requirements.items())
