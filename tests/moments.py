"""Runs a workflow on many schedules, and from a snapshot of every moment of it.

Each attempt of a test drives its own simulated loop, so these helpers are for plain tests, not for `async def` ones.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

from wfkit import Context, Hook, StepCall, Workflow
from wfkit.records import Record
from wfkit.seam import Proceed
from wfkit.testing import simulate

Snapshot = dict[str, Any]
Drive = Callable[[Any], Any]


def saved(context: Context[Any]) -> Snapshot:
    """Take a snapshot and send it through JSON."""
    snapshot: Snapshot = json.loads(json.dumps(context.to_dict()))
    return snapshot


async def finish(workflow: Workflow, snapshot: Snapshot, **options: Any) -> Any:
    """Run a snapshot to its end."""
    return await workflow.run(ctx=Context.from_dict(workflow, snapshot), **options)


def in_order(result: Any) -> Any:
    """Return a result with its lists sorted: the order of arrival is another on another schedule."""
    if isinstance(result, list):
        return sorted((in_order(each) for each in result), key=repr)
    return result


def simulated(main: Any, seed: int) -> Any:
    """Run a coroutine on the schedule of a seed; it must leave no task behind."""

    async def settled() -> Any:
        result = await main
        for _ in range(5):
            await asyncio.sleep(0)
        return result

    try:
        outcome = simulate(settled(), seed)
    except BaseException as error:
        error.add_note(f"with seed {seed}")
        raise
    assert outcome.left == []
    return outcome.result


def on_schedules(make: Callable[[], Workflow], seeds: Iterable[int] = range(8), **fields: Any) -> list[Any]:
    """Return the different results that a workflow has on the schedules of the seeds, as they came."""

    async def main() -> Any:
        return await make().run(**fields)

    found: list[Any] = []
    for seed in seeds:
        result = simulated(main(), seed)
        if result not in found:
            found.append(result)
    return found


class Album(Hook):
    """Takes a snapshot at every record of a run and around every step, and keeps those that differ."""

    def __init__(self) -> None:
        self.pictures: dict[str, Snapshot] = {}
        self.trouble: Exception | None = None
        self.context: Context[Any] | None = None

    def take(self, context: Context[Any]) -> None:
        """Take one snapshot; what goes wrong is kept, since a hook must not raise."""
        try:
            snapshot = saved(context)
        except Exception as error:
            self.trouble = self.trouble or error
            return
        if snapshot["is_running"]:
            self.pictures.setdefault(json.dumps(snapshot), snapshot)

    def on_record(self, record: Record) -> None:
        if self.context is not None:
            self.take(self.context)

    async def around_step(self, call: StepCall, proceed: Proceed) -> Any:
        self.take(call.context)
        event = await proceed(call)
        self.take(call.context)
        return event


async def _watched(handler: Any, album: Album, tick: float, drive: Drive | None) -> Any:
    album.context = handler.ctx
    driver = asyncio.ensure_future(drive(handler)) if drive is not None else None
    while not handler.is_done():
        album.take(handler.ctx)
        await asyncio.sleep(tick)
    if driver is not None:
        await driver
    if album.trouble is not None:
        raise album.trouble
    return await handler


async def every_moment(
    make: Callable[[], Workflow],
    *,
    tick: float = 0.0,
    drive: Drive | None = None,
    shape: Callable[[Any], Any] = in_order,
    **fields: Any,
) -> int:
    """Run a workflow, then finish a fresh one from a snapshot of each of its moments: all must end alike.

    Args:
        make: returns a new workflow that keeps nothing outside its context.
        tick: seconds between two snapshots from outside; 0 takes one in each turn of the loop, and is only for
            workflows that never wait for the clock.
        drive: a coroutine function that plays the person outside; it gets the handler of each run.
        shape: what to compare of a result.
        fields: for the start event.

    Returns:
        How many moments there were.
    """
    first = Album()
    expected = shape(await _watched(make().run(hooks=[first], **fields), first, tick, drive))
    pictures = list(first.pictures.values())
    for number, snapshot in enumerate(pictures):
        again, workflow = Album(), make()
        try:
            handler = workflow.run(ctx=Context.from_dict(workflow, snapshot), hooks=[again])
            assert shape(await _watched(handler, again, tick, drive)) == expected
            for second in list(again.pictures.values())[:: 1 + len(again.pictures) // 2 if number % 5 == 0 else 10_000]:
                other = make()
                handler = other.run(ctx=Context.from_dict(other, second))
                assert shape(await _watched(handler, Album(), tick or 0.01, drive)) == expected
        except BaseException as error:
            error.add_note(f"from snapshot {number} of {len(pictures)}: {json.dumps(snapshot)[:3000]}")
            raise
    return len(pictures)


def check_every_moment(make: Callable[[], Workflow], seed: int, at_least: int = 5, **options: Any) -> None:
    """Do what `every_moment` says on the schedule of one seed, and see that there were enough moments."""
    assert simulated(every_moment(make, **options), seed) >= at_least
