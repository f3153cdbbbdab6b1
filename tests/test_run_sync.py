"""`run_sync`: running a workflow from code that cannot await."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from typing import Any

import pytest

from tests.flows import Fail, Fan, Line, Loop, Middle, Slow
from wfkit import (
    Context,
    Debugger,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    run_sync,
    step,
)


class Where(Workflow):
    """Stops with the thread and the loop it ran in."""

    @step
    async def look(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=(threading.current_thread(), asyncio.get_running_loop(), visitor.get()))


visitor = contextvars.ContextVar("visitor", default="nobody")


# -- without a loop ---------------------------------------------------------------------------------------------------


def test_it_returns_what_awaiting_the_run_returns() -> None:
    assert run_sync(Line(), text="hi") == "HI"
    assert sorted(run_sync(Fan(), count=3)) == [0, 1, 4]


def test_it_takes_what_run_takes() -> None:
    assert run_sync(Line(), start_event=StartEvent(text="given")) == "GIVEN"


def test_without_a_loop_it_stays_in_its_thread() -> None:
    thread, loop, _ = run_sync(Where())

    assert thread is threading.current_thread()
    assert loop.is_closed()


def test_it_raises_what_awaiting_the_run_raises() -> None:
    with pytest.raises(ValueError, match="no good"):
        run_sync(Fail())
    with pytest.raises(WorkflowTimeoutError):
        run_sync(Slow(timeout=0), seconds=1)


def test_one_instance_can_be_run_again_and_again() -> None:
    workflow = Loop(num_concurrent_runs=1)

    assert [run_sync(workflow, times=n) for n in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("thing", [Line, "Line", 3])
def test_it_wants_an_instance(thing: Any) -> None:
    with pytest.raises(TypeError, match="takes a workflow instance"):
        run_sync(thing)


def test_mistakes_in_the_start_event_come_out_at_once() -> None:
    class Order(StartEvent):
        amount: int

    class Shop(Workflow):
        @step
        async def sell(self, ev: Order) -> StopEvent:
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match="Failed creating a start event"):
        run_sync(Shop(), amount="many")


# -- inside a loop ----------------------------------------------------------------------------------------------------


async def test_inside_a_loop_it_gets_a_thread_and_a_loop_of_its_own() -> None:
    visitor.set("Ada")
    thread, loop, name = run_sync(Where())

    assert thread is not threading.current_thread()
    assert loop is not asyncio.get_running_loop()
    assert (name, loop.is_closed(), thread.is_alive()) == ("Ada", True, False)


async def test_inside_a_loop_it_raises_all_the_same() -> None:
    with pytest.raises(ValueError, match="no good"):
        run_sync(Fail())


async def test_what_the_run_sets_stays_in_the_run() -> None:
    class Setter(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            visitor.set("Bob")
            return StopEvent()

    visitor.set("Ada")
    run_sync(Setter())

    assert visitor.get() == "Ada"


async def test_a_step_may_call_it() -> None:
    class Outer(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=run_sync(Line(), text=run_sync(Line(), text="deep")))

    assert await Outer().run() == "DEEP"


def test_threads_may_call_it_at_the_same_time() -> None:
    workflow = Fan()
    results: list[Any] = []

    def work() -> None:
        results.append(sorted(run_sync(workflow, count=20)))

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [[n * n for n in range(20)]] * 5


def test_a_run_that_queues_in_another_thread_begins_there() -> None:
    begun, queued = threading.Event(), threading.Event()
    results: list[str] = []

    class Gate(Workflow):
        @step
        def go(self, ev: StartEvent) -> StopEvent:
            begun.set()
            assert queued.wait(5)
            return StopEvent(result=ev.name)

    async def second() -> None:
        handler = workflow.run(name="second")
        queued.set()
        results.append(await handler)

    workflow = Gate(num_concurrent_runs=1)
    threads = [
        threading.Thread(target=lambda: results.append(run_sync(workflow, name="first")), daemon=True),
        threading.Thread(target=lambda: asyncio.run(second()), daemon=True),
    ]
    threads[0].start()
    assert begun.wait(5)
    threads[1].start()
    for thread in threads:
        thread.join(2)

    assert sorted(results) == ["first", "second"]


NESTED = """
import asyncio
from tests.flows import Line
from wfkit import run_sync
from tests.test_run_sync import Where

async def main():
    _, loop, _ = run_sync(Where(), nested=True)
    print(loop is asyncio.get_running_loop(), run_sync(Line(), nested=True))

asyncio.run(main())
"""


def test_nested_runs_in_the_loop_that_is_there() -> None:
    """In a process of its own, because the patch stays."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", NESTED], capture_output=True, text=True, check=False)

    assert (done.stderr, done.stdout) == ("", "True HELLO\n")


def test_importing_the_package_patches_nothing() -> None:
    code = "import asyncio, wfkit; print(hasattr(asyncio, '_nest_patched'), hasattr(asyncio, '_nest_asyncio2'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False False\n"


def test_a_run_that_asks_a_person_says_that_nobody_can_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Silent(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event(Middle)
            return StopEvent()

    with pytest.raises(WorkflowTimeoutError):
        run_sync(Silent(timeout=1.5))
    assert "run_sync: Step 'ask' waits for Middle. Nobody else has the handler of this run" in caplog.text
    assert "await handler.send_event(...)" in caplog.text


def test_what_would_be_held_is_refused_as_nobody_could_let_it_go() -> None:
    with pytest.raises(WorkflowRuntimeError, match="nobody could let go of what"):
        run_sync(Line(), hooks=[Debugger(break_at_start=True)])
    with pytest.raises(WorkflowRuntimeError, match="nobody could let go"):
        run_sync(Line(hooks=[Debugger(break_at_start=True)]))
    assert run_sync(Line(), hooks=[Debugger()]) is not None
