"""The deliveries of a modelled run, their groups, and the lines in which they stand. See `run_model.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.acts import Act, Key, Message


@dataclass(eq=False)
class Group:
    """A returned list and all that comes of it.

    Attributes:
        number: no other group has it.
        outer: the group around it.
        live: deliveries and groups in it that have not ended; at 0 it closes.
        members: what the steps that gather have got, step by step.
        halves: what `join` has got and not used.
        fired: the steps that have got their list.
    """

    number: int
    outer: Group | None
    live: int = 0
    closed: bool = False
    members: dict[str, list[Message]] = field(default_factory=dict)
    halves: dict[str, list[Message]] = field(default_factory=dict)
    fired: set[str] = field(default_factory=set)


@dataclass
class Collected:
    """What a call to collect came to: the set, empty if it was not complete. `told`: whether the records say so."""

    taken: tuple[Key, ...]
    told: bool = False


@dataclass(eq=False)
class Delivery:
    """A message on its way through one step.

    Attributes:
        state: "lined up", "called" (it has a slot and may begin), "active", "waiting", "resuming" (it has its answer
            and wants its slot back), "retrying" or "ended".
        acts: what its body has done so far.
        sent, shown: how many messages have gone out; `sends` and `shows` count those of the present body.
        answers: what its waits got, by their number; the present body has begun `asks` waits.
        collected: what its calls to collect came to; the present body has made `collects` of them.
        twins: those that lined up together with it, in any order; 0 if it stands where it stands.
        group: the returned list that it comes of.
        events: the numbers of the events that its body gets.
    """

    key: Key
    message: Message
    state: str = "lined up"
    attempt: int = 1
    acts: list[Act] = field(default_factory=list)
    sent: int = 0
    sends: int = 0
    shown: int = 0
    shows: int = 0
    asks: int = 0
    answers: dict[int, Message] = field(default_factory=dict)
    expected: Message | None = None
    collected: list[Collected] = field(default_factory=list)
    collects: int = 0
    twins: int = 0
    group: Group | None = None
    events: tuple[int, ...] = ()

    def start_over(self) -> None:
        """Forget what only the present body has done."""
        self.sends = self.shows = self.asks = self.collects = 0
        self.expected = None


class Line:
    """A step's worker slots and the deliveries that want one. Who is called has a slot and has not begun yet."""

    def __init__(self, workers: int) -> None:
        self.free = workers
        self.resuming: list[Delivery] = []
        self.queue: list[Delivery] = []
        self.called: list[Delivery] = []

    def hand_out(self) -> None:
        """Give free slots to those that want theirs back, then to the queue."""
        while self.free and (self.resuming or self.queue):
            self.free -= 1
            if self.resuming:
                self.resuming.pop(0).state = "active"
            else:
                self.called.append(self.queue.pop(0))
                self.called[-1].state = "called"

    def begin(self, delivery: Delivery) -> bool:
        """Take a delivery off the line; False if it is not its turn."""
        first = self.called[0] if self.called else None
        if first is None:
            return False
        if first is not delivery:
            if not delivery.twins or delivery.twins != first.twins:
                return False
            if delivery in self.queue:
                self.queue[self.queue.index(delivery)] = first
                first.state = "lined up"
            else:
                self.called[self.called.index(delivery)] = first
        self.called.pop(0)
        delivery.state = "active"
        return True
