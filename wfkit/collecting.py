"""Gathering events of several kinds: the buffers behind `collect_events`.

An arrival costs the same whether the first or the five-thousandth event comes in: it is appended to a queue of its
kind, and the expected list is looked through only once enough events are there for it to be possibly complete.
Nothing is copied and nothing is lost: what a completed set does not need stays for the next one, first in, first out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from wfkit.events import Event, name_of
from wfkit.steps import seed_of


class Item:
    """An event put aside, with the delivery that brought it. `spent` once a set has taken it."""

    __slots__ = ("event", "id", "spent")

    def __init__(self, event: Event, id: int) -> None:
        self.event = event
        self.id = id
        self.spent = False


class Collected:
    """What one call of `collect_events` did, so that it can be undone.

    Attributes:
        item: the item the call put aside.
        taken: the items the call took out, in the order asked for; empty if the set was not complete.
    """

    __slots__ = ("buffer", "item", "taken")

    def __init__(self, buffer: Buffer, item: Item, taken: tuple[Item, ...]) -> None:
        self.buffer = buffer
        self.item = item
        self.taken = taken

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
        return (sum(map(_stirred, self.ids)) + self.buffer.seed) & _MASK

    def undo(self) -> bool:
        """Give back what was taken and take back what was put aside.

        Returns:
            Whether another delivery's set has used the item meanwhile. Then it cannot be taken back, and must not be
            brought a second time.
        """
        for item in reversed(self.taken):
            item.spent = False
            self.buffer.put_back(item)
        if self.item.spent:
            return True
        self.buffer.remove(self.item)
        return False


_MASK = (1 << 64) - 1


def _stirred(number: int) -> int:
    number = (number ^ number >> 32) * 0xD6E8FEB86659FD93 & _MASK
    return number ^ number >> 32


class Buffer:
    """What one step has put aside under one `buffer_id`: a queue for each kind of event.

    Attributes:
        queues: kind by kind, first in first.
        count: how many items are in them.
        expected: what the last call asked for.
        seed: a number made from the `buffer_id`.
    """

    __slots__ = ("count", "expected", "queues", "seed")

    def __init__(self, buffer_id: str) -> None:
        self.seed = seed_of(buffer_id)
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
        kind = type(event)
        if kind not in expected and not any(name_of(kind) == name_of(wanted) for wanted in expected):
            return None
        self.expected = expected
        item = Item(event, id)
        (self.queues.get(kind) or self._queue(kind)).append(item)
        self.count += 1
        return Collected(self, item, self._take(expected) if self.count >= len(expected) else ())

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
                    self._queue(type(item.event)).appendleft(item)
                return ()
            taken.append(queue.popleft())
        self.count -= len(taken)
        for item in taken:
            item.spent = True
        return tuple(taken)

    def add(self, item: Item) -> None:
        """Put an item at the end of its queue."""
        self._queue(type(item.event)).append(item)
        self.count += 1

    def put_back(self, item: Item) -> None:
        """Return an item to the head of its queue."""
        self._queue(type(item.event)).appendleft(item)
        self.count += 1

    def remove(self, item: Item) -> None:
        """Take an item out of its queue, wherever it stands."""
        self._queue(type(item.event)).remove(item)
        self.count -= 1

    @property
    def items(self) -> list[Item]:
        """What is put aside, kind by kind, first in first."""
        return [item for queue in self.queues.values() for item in queue]
