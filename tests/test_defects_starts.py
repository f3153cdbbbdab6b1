"""Faults that workflow engines have had, 20 and 21: steps that are free functions, and wrong starts. Here they work."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.flows import Left, Middle
from tests.schedules import every_schedule
from wfkit import (
    Context,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowConfigurationError,
    WorkflowValidationError,
    run_sync,
    step,
)

# -- 20: steps of an instance, of a class and of its subclasses -------------------------------------------------------


def fill(home: Any, text: str, plain: bool = False) -> None:
    """Do what a notebook cell does: define two steps as free functions."""

    @step(workflow=home)
    async def first(ev: StartEvent) -> Middle:
        return Middle(text=text)

    if plain:

        @step(workflow=home)
        def second(ctx: Context, ev: Middle) -> StopEvent:
            ctx.write_event_to_stream(Left())
            return StopEvent(result=ev.text)

    else:

        @step(workflow=home)
        async def second(ctx: Context, ev: Middle) -> StopEvent:  # type: ignore[misc]  # in another kind of step
            await asyncio.sleep(1)
            return StopEvent(result=ev.text)


@pytest.mark.parametrize("plain", [False, True])
@every_schedule
async def test_defect_20_steps_of_an_instance_are_its_own(plain: bool) -> None:
    class Home(Workflow):
        pass

    for kind in (Workflow, Home):
        one, two, empty = kind(timeout=60), kind(), kind()
        fill(one, "one", plain)
        fill(two, "two")
        assert list(await asyncio.gather(one.run(), two.run(), one.run())) == ["one", "two", "one"]
        with pytest.raises(WorkflowConfigurationError, match="has no configured steps"):
            empty.run()
        with pytest.raises(WorkflowConfigurationError, match="has no configured steps"):
            kind().validate()


@every_schedule
async def test_defect_20b_a_cell_run_again_replaces_its_steps() -> None:
    class Home(Workflow):
        pass

    for home in (Workflow(), Home):
        fill(home, "old")
        flow: Workflow = home() if isinstance(home, type) else home
        in_flight = flow.run()
        await asyncio.sleep(0.5)
        fill(home, "new", plain=True)
        fill(home, "newer")
        assert list(await asyncio.gather(in_flight, flow.run())) == ["old", "newer"]
        ctx: Context[Any] = Context(flow)
        assert await flow.run(ctx=ctx) == "newer"
        fill(home, "newest", plain=True)
        assert await flow.run(ctx=ctx) == "newest"


@every_schedule
async def test_defect_20c_subclasses_inherit_and_leave_their_parents_alone() -> None:
    class Parent(Workflow):
        pass

    class Child(Parent):
        pass

    class Grandchild(Child):
        pass

    fill(Parent, "parent")
    fill(Child, "child", plain=True)

    @step(workflow=Grandchild)
    async def first(ev: StartEvent) -> Middle:
        return Middle(text="grandchild")

    instance = Grandchild()

    @step(workflow=instance)
    async def second(ev: Middle) -> StopEvent:
        return StopEvent(result=ev.text + " alone")

    flows = (Parent(), Child(), Grandchild(), instance)
    found = await asyncio.gather(*(flow.run() for flow in flows))
    assert found == ["parent", "child", "grandchild", "grandchild alone"]


def test_defect_20d_an_unfinished_instance_can_be_made_and_says_what_is_missing() -> None:
    flow = Workflow(timeout=60, verbose=True)
    with pytest.raises(WorkflowConfigurationError, match=r"has no configured steps\. Did you forget to annotate"):
        flow.validate()

    @step(workflow=flow)
    async def begin(ev: StartEvent) -> Middle:
        return Middle(text="")

    with pytest.raises(WorkflowValidationError, match="At least one Event of type StopEvent must be returned"):
        flow.validate()
    assert flow.start_event_class is StartEvent

    @step(workflow=flow)
    async def end(ev: Middle) -> StopEvent:
        return StopEvent(result="whole")

    assert flow.validate() is False
    assert run_sync(flow) == "whole"


# -- 21: a plain start event for a flow with a start event of its own -------------------------------------------------


class Begin(StartEvent):
    topic: str


class More(Begin):
    """A Begin of another class."""


def starting(plain: bool, subclasses: bool = False) -> Workflow:
    """Return a workflow that begins with a Begin."""
    flow = Workflow(timeout=10)
    if plain:

        @step(workflow=flow, accept_event_subclasses=subclasses)
        def go(ev: Begin) -> StopEvent:
            return StopEvent(result=ev.topic)

    else:

        @step(workflow=flow, accept_event_subclasses=subclasses)
        async def go(ev: Begin) -> StopEvent:  # type: ignore[misc]  # the same in another kind of step
            return StopEvent(result=ev.topic)

    return flow


@pytest.mark.parametrize("plain", [False, True])
@every_schedule
async def test_defect_21_a_start_event_that_no_step_takes_is_refused_at_once(plain: bool) -> None:
    flow = starting(plain)
    ctx: Context[Any] = Context(flow)
    for wrong in (StartEvent(topic="tea"), More(topic="tea")):
        for _ in range(2):
            with pytest.raises(ValueError, match=f"The start event is a {type(wrong).__name__}, which no step"):
                flow.run(ctx=ctx, start_event=wrong)
    assert not ctx.is_running
    assert await flow.run(ctx=ctx, start_event=Begin(topic="tea")) == "tea"
    assert await flow.run(ctx=ctx, topic="coffee") == "coffee"
    assert asyncio.get_running_loop().time() == 0


@every_schedule
async def test_defect_21b_one_that_a_step_welcomes_is_taken() -> None:
    flow = starting(plain=False, subclasses=True)
    assert await flow.run(start_event=More(topic="tea")) == "tea"
    with pytest.raises(ValueError, match="The start event is a StartEvent, which no step"):
        flow.run(start_event=StartEvent(topic="tea"))


def test_defect_21c_also_without_an_event_loop_of_the_users() -> None:
    with pytest.raises(ValueError, match=r"which no step of .* takes\. It begins with a Begin\."):
        run_sync(starting(plain=True), start_event=StartEvent(topic="tea"))
