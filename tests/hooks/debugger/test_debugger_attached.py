"""Which run a debugger watches, and where it stops."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from tests.flows import Line, Loop, Middle
from wfkit import Event, StartEvent, StopEvent, Workflow, observing, step
from wfkit.errors import WorkflowRuntimeError
from wfkit.hooks.debugger import Debugger
from wfkit.hooks.debugger.breakpoints import Breakpoint


def debugger_of(handler: Any) -> Debugger:
    """Return the debugger of a run."""
    found = Debugger.of(handler)
    assert found is not None
    return found


# -- for one run -------------------------------------------------------------------------------------------------


async def test_one_debugger_watches_one_run() -> None:
    debugger = Debugger()
    assert await Line().run(hooks=[debugger]) == "HELLO"
    with pytest.raises(RuntimeError, match=r"watches run \w+ of Line already. Make one for each run"):
        Line().run(hooks=[debugger])
    with pytest.raises(WorkflowRuntimeError, match=r"watches no run yet: workflow.run\(hooks="):
        Debugger().step()
    assert Debugger.of(Line().run()) is None
    await asyncio.sleep(1)


async def test_a_run_has_one_debugger() -> None:
    first, second = Debugger(), Debugger(break_at_start=True)
    with pytest.raises(RuntimeError, match="A run has one debugger, and this one was given two"):
        Line().run(hooks=[first, second])
    assert await Line().run(hooks=[first]) == "HELLO"  # nothing has begun with it


# -- for every run of a workflow or a block ----------------------------------------------------------------------


async def test_every_run_of_a_workflow_gets_its_own() -> None:
    debugger = Debugger(break_at_start=True, breakpoints=[Breakpoint("second", once=True)], keep=3)
    workflow = Line(hooks=[debugger])
    handlers = [workflow.run(text=text) for text in ("a", "b", "c")]
    found = [debugger_of(handler) for handler in handlers]
    assert found[0] is debugger
    assert debugger.twins == (found[1], found[2])
    for each in found:
        stop = await each.stopped()
        assert stop is not None
        assert (stop.number, stop.why) == (1, "break at start")
        assert "at most 3 stops" in each.memory
        stop = await each.continue_()
        assert stop is not None
        assert stop.why == "breakpoint: second"
        await each.continue_()
    assert [await handler for handler in handlers] == ["A", "B", "C"]
    fourth = workflow.run(text="d")
    assert (await debugger_of(fourth).stopped()) is not None  # it breaks at the start, however the first was led
    await fourth.cancel_run()


async def test_every_run_in_an_observing_block_gets_its_own() -> None:
    debugger = Debugger(breakpoints=[Breakpoint("second", after=1)])
    with observing(debugger):
        handlers = [Line().run() for _ in range(3)]
    found = [debugger_of(handler) for handler in handlers]
    assert found[0] is debugger
    assert len({id(each) for each in found}) == 3
    assert [await handler for handler in handlers] == ["HELLO"] * 3
    assert [point.hits for each in found for point in each.breakpoints] == [1, 1, 1]


async def test_a_breakpoint_at_a_step_that_another_workflow_does_not_have_is_no_mistake_there() -> None:
    debugger = Debugger(breakpoints=["second"])
    with observing(debugger):
        line, loop = Line().run(), Loop().run(times=2)
    assert await loop == 2
    assert await debugger.stopped() is not None
    await debugger.continue_()
    assert await line == "HELLO"


async def test_the_child_of_a_step_is_reached_through_the_block_of_its_parent() -> None:
    class Parent(Workflow):
        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Line(timeout=1).run(text="child"))

    debugger = Debugger(break_at_start=True)
    with observing(debugger):
        handler = Parent(timeout=1).run()
    await debugger.stopped()
    debugger.step()
    await asyncio.sleep(100)  # what the child holds counts against no timeout of its parent's
    (child,) = debugger.twins
    assert (child.status, debugger.status) == ("held", "running")
    stop = await child.step()
    assert stop is not None
    await child.step(text="edited")
    assert await handler == "EDITED"


async def test_what_a_run_is_given_goes_before_what_its_workflow_has() -> None:
    general, own = Debugger(break_at_start=True), Debugger(breakpoints=["second"])
    workflow = Line(hooks=[general])
    handler = workflow.run(hooks=[own])
    assert Debugger.of(handler) is own
    stop = await own.stopped()
    assert stop is not None
    assert stop.why == "breakpoint: second"
    assert general.status == "not started"
    fork = own.fork(text="fork")  # a fork is debugged by its own alone
    assert Debugger.of(fork.handler) is fork
    for each in (own, fork):
        await each.continue_()
    assert (await handler, await fork.handler) == ("HELLO", "FORK")
    other = workflow.run()
    assert Debugger.of(other) is general  # it was free all the time
    with observing(Debugger(break_at_start=True)):
        inner = workflow.run()
    assert Debugger.of(inner) not in (general, *general.twins)
    for open_run in (other, inner):
        await open_run.cancel_run()


async def test_one_that_is_given_in_two_ways_is_one() -> None:
    debugger = Debugger(break_at_start=True)
    workflow = Line(hooks=[debugger])
    with observing(debugger):
        handler = workflow.run(hooks=[debugger])
    assert handler.__wfkit_run__().around == [debugger]
    stop = await debugger.step()
    assert stop is not None
    await debugger.continue_()
    assert await handler == "HELLO"


async def test_debuggers_of_forgotten_runs_are_forgotten() -> None:
    debugger = Debugger()
    workflow = Line(hooks=[debugger])
    for _ in range(5):
        await workflow.run()
    await asyncio.sleep(2)
    gc.collect()
    assert len(debugger.twins) <= 1  # the workflow keeps its latest run, for its drawing


# -- where it stops ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("places", "why"),
    [
        (("second", Middle), "breakpoint: second, Middle"),
        ("second", "breakpoint: second"),
        (Middle, "breakpoint: Middle"),
        (Breakpoint("second"), "breakpoint: second"),
        ([Line.second], "breakpoint: second"),
        ((name for name in ["second"]), "breakpoint: second"),
    ],
)
async def test_breakpoints_are_given_as_names_types_and_objects(places: Any, why: str) -> None:
    debugger = Debugger(breakpoints=places)
    handler = Line().run(hooks=[debugger])
    stop = await debugger.stopped()
    assert stop is not None
    assert stop.why == why
    await debugger.continue_()
    assert await handler == "HELLO"


@pytest.mark.parametrize("wrong", [[3], [Middle(text="x")], [int], [None], [Event, 3.5]])
def test_other_things_are_no_breakpoints(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"names of steps, types of events and Breakpoint\(\.\.\.\) objects, not"):
        Debugger(breakpoints=wrong)
