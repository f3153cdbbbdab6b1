"""Resources that are wanted in several threads, each with an event loop of its own."""

import asyncio
import contextvars
import gc
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from tests.makers import Thing, asking
from wfkit import Resource, ResourceManager
from wfkit.resources import standing_still
from wfkit.testing import simulate

# No `from __future__ import annotations`: factories inside the tests are read where they stand.


class Gate:
    """A factory that waits, in whatever event loop, until it is told to go on."""

    def __init__(self) -> None:
        self.made = 0
        self.begun = threading.Event()
        self.opened = threading.Event()

    async def __call__(self) -> Thing:
        self.made += 1
        self.begun.set()
        await asyncio.to_thread(self.opened.wait)
        return Thing()


class Elsewhere:
    """A coroutine in an event loop and thread of its own."""

    def __init__(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self.loop: weakref.ref[asyncio.AbstractEventLoop] | None = None
        self.result: Any = None
        self.waits = threading.Event()
        self._task: asyncio.Task[Any] | None = None
        self._main = main
        self.thread = threading.Thread(target=contextvars.copy_context().run, args=(self._work,), daemon=True)
        self.thread.start()

    def _work(self) -> None:
        try:
            self.result = asyncio.run(self._run())
        except BaseException as error:
            self.result = error

    async def _run(self) -> Any:
        self.loop = weakref.ref(asyncio.get_running_loop())
        self._task = asyncio.create_task(self._main())
        for _ in range(3):
            await asyncio.sleep(0)
        self.waits.set()  # it has come as far as it can
        return await self._task

    def cancel(self) -> None:
        loop = self.loop() if self.loop is not None else None
        assert loop is not None
        assert self._task is not None
        loop.call_soon_threadsafe(self._task.cancel)

    def join(self) -> Any:
        self.thread.join(20)
        assert not self.thread.is_alive()
        self._task = None
        return self.result


def elsewhere(main: Callable[[], Coroutine[Any, Any, Any]]) -> Elsewhere:
    """Start a coroutine in a thread and come back when it waits."""
    there = Elsewhere(main)
    assert there.waits.wait(20)
    return there


def test_one_is_made_for_all_event_loops() -> None:
    gate, manager = Gate(), ResourceManager()
    wanted = asking(gate)
    threads = [elsewhere(lambda: manager.fill(wanted)) for _ in range(6)]
    gate.opened.set()

    things = [thread.join()["x0"] for thread in threads]

    assert all(isinstance(thing, Thing) and thing is things[0] for thing in things)
    assert gate.made == 1


def rush(count: int) -> tuple[list[Any], list[Thing]]:
    """Let so many threads ask at once; return what they get and what was made."""
    together, made = threading.Barrier(count), list[Thing]()

    async def make() -> Thing:
        await asyncio.sleep(0)
        made.append(Thing())
        return made[-1]

    manager, wanted = ResourceManager(), asking(make)

    async def step() -> Any:
        together.wait(20)
        return await manager.fill(wanted)

    threads = [Elsewhere(step) for _ in range(count)]
    return [thread.join() for thread in threads], made


def test_many_threads_at_once_make_one() -> None:
    for _ in range(20):
        found, made = rush(8)

        assert len(made) == 1
        assert found == [{"x0": made[0]}] * 8


def test_the_error_reaches_all_event_loops() -> None:
    gate, manager = Gate(), ResourceManager()

    async def fragile(thing: Annotated[Thing, Resource(gate, cache=False)]) -> None:
        raise ConnectionError("no network")

    threads = [elsewhere(lambda: manager.fill(asking(fragile))) for _ in range(3)]
    gate.opened.set()

    assert [repr(thread.join()) for thread in threads] == ["ConnectionError('no network')"] * 3
    assert gate.made == 1


def test_when_its_event_loop_cancels_it_another_one_makes_it() -> None:
    gate, manager = Gate(), ResourceManager()
    wanted = asking(gate)
    first, second = (elsewhere(lambda: manager.fill(wanted)) for _ in range(2))
    gate.begun.clear()

    first.cancel()
    assert gate.begun.wait(20)  # the second has begun it anew
    gate.opened.set()

    assert isinstance(first.join(), asyncio.CancelledError)
    assert isinstance(second.join()["x0"], Thing)
    assert gate.made == 2


async def at_once() -> str:
    return "made"


async def forever() -> Any:
    await asyncio.get_running_loop().create_future()


def abandoned(main: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """Begin a coroutine on an event loop, and close that over it."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(main)
    for _ in range(3):
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    return task


def end(task: "asyncio.Task[Any]") -> None:
    """Let an abandoned task go without asyncio's complaint that it was pending."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # there is no public way
    coroutine: Any = task.get_coro()
    coroutine.close()


def test_what_a_closed_event_loop_has_begun_is_made_by_the_next() -> None:
    manager, makers = ResourceManager(), iter([forever, at_once])
    wanted = asking(Resource(lambda: next(makers)()))
    task = abandoned(manager.fill(wanted))

    assert asyncio.run(manager.fill(wanted)) == {"x0": "made"}

    end(task)
    assert manager.get_all().popitem()[1] == "made"


def test_who_waited_on_a_closed_event_loop_is_left_out() -> None:
    gate, manager = Gate(), ResourceManager()
    wanted = asking(gate)
    maker = elsewhere(lambda: manager.fill(wanted))
    task = abandoned(manager.fill(wanted))
    gate.opened.set()

    assert isinstance(maker.join()["x0"], Thing)
    assert gate.made == 1
    end(task)


def test_a_task_that_was_let_go_leaves_its_place() -> None:
    manager, makers = ResourceManager(), iter([forever, at_once])
    wanted = asking(Resource(lambda: next(makers)()))

    async def program() -> Any:
        first = manager.fill(wanted)
        task = asyncio.create_task(first)
        await asyncio.sleep(0)
        second = asyncio.create_task(manager.fill(wanted))
        await asyncio.sleep(0)
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # there is no public way
        del task, first
        gc.collect()  # nothing holds it: what it waits for can never come
        return await second

    assert simulate(program()).result == {"x0": "made"}


async def test_a_task_that_is_let_go_just_when_another_begins_to_wait() -> None:
    manager, makers = ResourceManager(), iter([forever, at_once])
    wanted = asking(lambda: next(makers)())
    loop, tasks = asyncio.get_running_loop(), [asyncio.create_task(manager.fill(wanted))]
    for _ in range(2):  # the loop itself holds the task for a moment longer
        await asyncio.sleep(0)
    tasks[0]._log_destroy_pending = False  # type: ignore[attr-defined]  # there is no public way

    def collect_garbage() -> asyncio.Future[Any]:
        tasks.clear()
        gc.collect()
        return asyncio.Future()

    loop.create_future = collect_garbage  # type: ignore[method-assign]  # the moment at which it matters
    assert await manager.fill(wanted) == {"x0": "made"}


def test_nothing_that_is_kept_holds_an_event_loop() -> None:
    gate, manager = Gate(), ResourceManager()
    threads = [elsewhere(lambda: manager.fill(asking(gate))) for _ in range(3)]
    gate.opened.set()
    for thread in threads:
        assert isinstance(thread.join()["x0"], Thing)
    gc.collect()

    assert [thread.loop() for thread in threads if thread.loop is not None] == [None] * 3


async def test_an_event_loop_that_waits_for_us_is_not_waited_for() -> None:
    made: list[Thing] = []

    async def make() -> Thing:
        thing = Thing()
        made.append(thing)
        if len(made) == 1:
            await asyncio.sleep(1)
        return thing

    manager = ResourceManager()
    wanted = asking(make)
    steps = [asyncio.create_task(manager.fill(wanted)) for _ in range(2)]
    await asyncio.sleep(0.5)  # it is being made, here

    async def hurry() -> Any:
        return await asyncio.wait_for(manager.fill(wanted), 20)

    token = standing_still.set((asyncio.get_running_loop(),))
    there = Elsewhere(hurry)
    standing_still.reset(token)
    thing = there.join()["x0"]  # as run_sync does: this loop stands still meanwhile

    assert thing is made[1]
    assert [await step for step in steps] == [{"x0": thing}] * 2
    assert await manager.get(Resource(make)) is thing
