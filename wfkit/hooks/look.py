"""What a run is doing, as deliveries: what is held, at work, waiting, queued and put aside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from wfkit.events import Event
from wfkit.hooks.holds import Hold
from wfkit.hooks.stops import Delivery
from wfkit.ledger import Ledger
from wfkit.work import Work

Source = Callable[[Work], "str | None"]


def held(holds: Iterable[Hold], source: Source) -> tuple[Delivery, ...]:
    """Return what is held."""
    return tuple(hold.told or _told(hold, source) for hold in holds)


def _told(hold: Hold, source: Source) -> Delivery:
    work = hold.work
    hold.told = _delivery(work, source(work), hold.call.event, error=hold.error, result=hold.result)
    return hold.told


def running(ledger: Ledger, holds: Collection[Work], source: Source) -> tuple[Delivery, ...]:
    """Return what is at work and not held."""
    return tuple(_delivery(work, source(work)) for work in ledger.active if work not in holds)


def waiting(ledger: Ledger, source: Source, now: float) -> tuple[Delivery, ...]:
    """Return what waits for events, with their types, and what waits for another attempt."""
    wanted: dict[Work, list[str]] = {}
    for wait in ledger.waits:
        wanted.setdefault(wait.work, []).append(wait.event_type.__name__)
    waits = [_delivery(work, source(work), waits=tuple(wanted.get(work, ("its turn",)))) for work in ledger.waiting]
    again = [
        _delivery(work, source(work), waits=(f"another attempt in {max(0.0, work.due - now):.3g} s",))
        for work in ledger.retrying
    ]
    return (*waits, *again)


def queued(ledger: Ledger) -> dict[str, int]:
    """Return how many deliveries wait for a free worker, by step."""
    counts: dict[str, int] = {}
    for lane in ledger.lanes:
        if lane.queue:
            counts[lane.spec.name] = len(lane.queue)
    for work in ledger.ready:
        counts[work.lane.spec.name] = counts.get(work.lane.spec.name, 0) + 1
    return counts


def put_aside(ledger: Ledger) -> dict[tuple[str, str], tuple[Event, ...]]:
    """Return what the buffers hold, by step and buffer."""
    return {key: tuple(item.event for item in buffer.items) for key, buffer in ledger.buffers.items() if buffer.count}


def failed(work: Work, error: BaseException, source: Source) -> Delivery:
    """Return a delivery whose failure is about to end the run."""
    return _delivery(work, source(work), error=error)


def _delivery(work: Work, source: str | None, event: Event | None = None, **more: Any) -> Delivery:
    return Delivery(work.id, work.lane.spec.name, event or work.event, work.attempt, source, work.parent, **more)
