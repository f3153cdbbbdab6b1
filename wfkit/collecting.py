"""Gathering events of several kinds: the buffers behind `collect_events`.

An arrival costs the same whether the first or the five-thousandth event comes in: it is appended to a queue of its
kind, and the expected list is looked through only once enough events are there for it to be possibly complete.
Nothing is copied and nothing is lost: what a completed set does not need stays for the next one, first in, first out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from wfkit.events import Event, fits, name_of
from wfkit.lineage import WORD, stirred
from wfkit.steps import seed_of


class Item:
    """An event put aside, with the delivery that brought it.

    `recoveries` is what failures on its way have used up of the error handlers; only signatures that gather need it.
    """

    __slots__ = ("event", "id", "recoveries")

    def __init__(self, event: Event, id: int, recoveries: Mapping[str, int] | None = None) -> None:
        self.event = event
        self.id = id
        self.recoveries = recoveries


class Collected:
    """What one call of `collect_events` came to. A body that is run again gets the same from the same call.

    So an event is put aside once and a set belongs to the delivery that completed it, whatever becomes of its attempts.
    Rejected: giving everything back before another attempt. Another delivery could then complete the set, and what the
    first one had sent for it would have been sent for nothing, or twice.

    Attributes:
        buffer_id: the buffer's name.
        kind: the type of the event that was put aside; None if a snapshot has forgotten it.
        taken: the items of the completed set, in the order asked for; empty if it was not complete.
        told: whether this run has a record of it.
    """

    __slots__ = ("buffer_id", "kind", "taken", "told")

    def __init__(self, buffer_id: str, kind: type[Event] | None, taken: tuple[Item, ...]) -> None:
        self.buffer_id = buffer_id
        self.kind = kind
        self.taken = taken
        self.told = False

    @property
    def events(self) -> list[Event] | None:
        """The events of the completed set, or None."""
        return [item.event for item in self.taken] if self.taken else None

    @property
    def ids(self) -> tuple[int, ...]:
        """The deliveries whose events were taken."""
        return tuple(item.id for item in self.taken)

    @property
    def lineage(self) -> int:
        """A number made from the set of these deliveries, whatever their order, and from the buffer.

        Each id is stirred before they are added: ids of one fan-out are evenly spaced, so different sets of them have
        the same plain sum.
        """
        return (sum(map(stirred, self.ids)) + seed_of(self.buffer_id)) & WORD

    def is_of(self, event: Event, buffer_id: str) -> bool:
        """Whether this came of the same call, as far as one can tell."""
        return self.buffer_id == buffer_id and self.kind in (None, type(event))


class Buffer:
    """What one step has put aside under one `buffer_id`: a queue for each kind of event.

    Args:
        buffer_id: its name.
        subclasses: whether events of subclasses of what is expected are put aside, too.

    Attributes:
        queues: kind by kind, first in first.
        count: how many items are in them.
        expected: what the last call asked for.
    """

    __slots__ = ("buffer_id", "count", "expected", "queues", "subclasses")

    def __init__(self, buffer_id: str, subclasses: bool = False) -> None:
        self.buffer_id = buffer_id
        self.subclasses = subclasses
        self.queues: dict[type[Event], deque[Item]] = {}
        self.count = 0
        self.expected: Sequence[type[Event]] = ()

    def collect(self, event: Event, id: int, expected: Sequence[type[Event]]) -> Collected | None:
        """Put an event aside and, if the set is complete, take it out in the order of `expected`.

        Args:
            event: the event that arrived.
            id: the delivery that brought it.
            expected: one entry for each event wanted; the same type may come several times.

        Returns:
            What was done, or None for an event of a kind that is not expected, which is left alone.
        """
        own = kind = type(event)
        if kind not in expected:
            fitting = next((wanted for wanted in expected if fits(own, wanted, self.subclasses)), None)
            if fitting is None:
                return None
            kind = fitting
        if self.subclasses and self.expected != expected:
            self._sort_anew(expected)
        self.expected = expected
        item = Item(event, id)
        (self.queues.get(kind) or self._queue(kind)).append(item)
        self.count += 1
        return Collected(self.buffer_id, own, self._take(expected) if self.count >= len(expected) else ())

    def _sort_anew(self, expected: Sequence[type[Event]]) -> None:
        """Put what is there under the kinds that are wanted now, as after a snapshot was read."""
        items, self.queues, self.count, self.expected = self.items, {}, 0, expected
        for item in items:
            self.add(item)

    def _queue(self, kind: type[Event]) -> deque[Item]:
        queue = self.queues.get(kind)
        if queue is None:
            # A class defined again in a notebook cell is the same kind of event.
            same = (queue for known, queue in self.queues.items() if name_of(known) == name_of(kind))
            queue = next(same, None)
            if queue is None:
                queue = self.queues[kind] = deque()
        return queue

    def _take(self, expected: Sequence[type[Event]]) -> tuple[Item, ...]:
        taken: list[Item] = []
        for kind in expected:
            queue = self._queue(kind)
            if not queue:
                for item in reversed(taken):
                    self._queue(self.kind_of(item.event)).appendleft(item)
                return ()
            taken.append(queue.popleft())
        self.count -= len(taken)
        return tuple(taken)

    def kind_of(self, event: Event) -> type[Event]:
        """Return the kind under which an event is kept: the one expected that it is, or is a subclass of."""
        own = type(event)
        if own in self.expected:
            return own
        return next((kind for kind in self.expected if fits(own, kind, self.subclasses)), own)

    def add(self, item: Item) -> None:
        """Put an item at the end of its queue."""
        self._queue(self.kind_of(item.event)).append(item)
        self.count += 1

    @property
    def missing(self) -> list[type[Event]]:
        """What a begun set lacks; nothing while none has begun."""
        return [kind for kind in self.expected if not self._queue(kind)] if self.count else []

    @property
    def items(self) -> list[Item]:
        """What is put aside, kind by kind, first in first."""
        return [item for queue in self.queues.values() for item in queue]


class JoinBuffer(Buffer):
    """What a step with several event parameters has got of one scope.

    Args:
        buffer_id: names the scope.
        expected: what its parameters take.
        subclasses: whether they take events of subclasses too.
    """

    __slots__ = ()

    def __init__(self, buffer_id: str, expected: Sequence[type[Event]], subclasses: bool) -> None:
        super().__init__(buffer_id, subclasses)
        self.expected = expected

    def put(self, item: Item) -> Collected:
        """Put an event aside and, if there is one for each parameter, take them out."""
        self.add(item)
        return self.take()

    def take(self) -> Collected:
        """Take a set out, if one is complete."""
        taken = self._take(self.expected) if self.count >= len(self.expected) else ()
        return Collected(self.buffer_id, None, taken)
