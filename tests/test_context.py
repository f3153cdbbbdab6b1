"""The Context: what it offers before, inside and outside a run."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel

from tests.flows import Answer, Ask, Item, Left, Line, Middle, Question, Slow
from wfkit import (
    Context,
    ContextStateError,
    DictState,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    WorkflowValidationError,
    step,
)
from wfkit.records import StateChanged
from wfkit.testing import Probe


class Tally(Workflow):
    """Counts its runs in the store."""

    @step
    async def count(self, ctx: Context, ev: StartEvent) -> StopEvent:
        async with ctx.store.edit_state() as state:
            state["runs"] = state.get("runs", 0) + 1
        if ev.get("fail"):
            raise ValueError("as you wish")
        await asyncio.sleep(ev.get("seconds", 0))
        return StopEvent(result=await ctx.store.get("runs"))


# -- state over several runs ------------------------------------------------------------------------------------------


async def test_each_run_has_a_store_of_its_own() -> None:
    workflow = Tally()

    assert [await workflow.run() for _ in range(3)] == [1, 1, 1]


async def test_a_context_keeps_its_store_over_several_runs() -> None:
    workflow = Tally()
    ctx = Context(workflow)

    assert [await workflow.run(ctx=ctx) for _ in range(3)] == [1, 2, 3]


async def test_a_store_can_be_filled_before_the_run() -> None:
    workflow = Tally()
    ctx: Context[Any] = Context(workflow)
    await ctx.store.set("runs", 41)

    assert await workflow.run(ctx=ctx) == 42


async def test_the_store_survives_every_kind_of_end() -> None:
    workflow = Tally(timeout=5)
    ctx = Context(workflow)
    with pytest.raises(ValueError, match="as you wish"):
        await workflow.run(ctx=ctx, fail=True)
    with pytest.raises(WorkflowTimeoutError):
        await workflow.run(ctx=ctx, seconds=9)
    cancelled = workflow.run(ctx=ctx, seconds=9)
    await asyncio.sleep(1)
    await cancelled.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await cancelled

    assert await workflow.run(ctx=ctx) == 4


async def test_the_work_of_an_ended_run_is_gone(probe: Probe) -> None:
    class Flow(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | StopEvent | None:
            if ev.get("quick"):
                return StopEvent(result="quick")
            for n in range(10):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=1)
        async def work(self, ev: Item) -> StopEvent | None:
            await asyncio.sleep(1)
            if ev.n == 2:
                raise ValueError("no more")
            return None

    workflow = Flow()
    ctx = Context(workflow)
    with pytest.raises(ValueError, match="no more"):
        await workflow.run(ctx=ctx)

    assert await workflow.run(ctx=ctx, quick=True, hooks=[probe]) == "quick"
    assert probe.steps == ["split"]


async def test_a_context_may_go_on_to_another_workflow() -> None:
    class Next(Tally):
        pass

    ctx = Context(Tally())
    await Tally().run(ctx=ctx)

    assert await Next().run(ctx=ctx) == 2


async def test_the_handler_has_the_context_that_was_given() -> None:
    workflow = Line()
    ctx = Context(workflow)
    handler = workflow.run(ctx=ctx)

    assert handler.ctx is ctx
    await handler


class Account(BaseModel):
    owner: str = "nobody"
    balance: int = 0


class SavingsAccount(Account):
    rate: float = 0.5


class Bank(Workflow):
    """One step knows the account, another what it is in truth."""

    @step
    async def open(self, ctx: Context[Account], ev: StartEvent) -> Middle:
        async with ctx.store.edit_state() as account:
            account.owner = "Ada"
        return Middle(text="")

    @step
    async def pay(self, ctx: Context[SavingsAccount], ev: Middle) -> StopEvent:
        await ctx.store.set("balance", 7)
        return StopEvent(result=await ctx.store.get_state())


async def test_typed_state_is_of_the_most_derived_type() -> None:
    assert await Bank().run() == SavingsAccount(owner="Ada", balance=7)


async def test_unrelated_state_types_are_refused() -> None:
    class Other(BaseModel):
        pass

    class Muddled(Bank):
        @step
        async def extra(self, ctx: Context[Other], ev: Middle) -> None: ...

    with pytest.raises(ValueError, match="Multiple state types are not in a compatible inheritance hierarchy"):
        await Muddled().run()


async def test_a_context_of_a_plain_dictionary_is_untyped() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context[dict[str, int]], ev: StartEvent) -> StopEvent:
            await ctx.store.set("a", 1)
            return StopEvent(result=ctx.store.state_type)

    assert await Flow().run() is DictState


async def test_state_without_defaults_is_refused() -> None:
    class Needy(BaseModel):
        name: str

    class Flow(Workflow):
        @step
        async def go(self, ctx: Context[Needy], ev: StartEvent) -> StopEvent:
            return StopEvent(result=await ctx.store.get("name"))

    for attempt in (Flow().validate, Flow().run):
        with pytest.raises(WorkflowValidationError, match="has fields without a default: 'name'"):
            attempt()


# -- sending ----------------------------------------------------------------------------------------------------------


class Switch(Workflow):
    """Two steps take the same event."""

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Left | None:
        ctx.send_event(Left(), step=ev.get("to"))
        return None

    @step
    async def one(self, ev: Left) -> StopEvent:
        return StopEvent(result="one")

    @step
    async def two(self, ev: Left) -> StopEvent:
        return StopEvent(result="two")


async def test_an_event_can_be_sent_to_one_step_alone(probe: Probe) -> None:
    assert await Switch().run(to="two", hooks=[probe]) == "two"
    assert probe.steps == ["begin", "two"]


async def test_without_a_name_it_goes_to_all(probe: Probe) -> None:
    assert await Switch().run(hooks=[probe]) == "one"
    assert probe.steps == ["begin", "one", "two"]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("zz", "Step zz does not exist"),
        ("begin", "Step begin does not accept event of type <class 'tests.flows.Left'>"),
    ],
)
async def test_a_step_that_cannot_take_the_event_is_refused(to: str, words: str) -> None:
    with pytest.raises(WorkflowRuntimeError) as error:
        await Switch().run(to=to)

    assert words in str(error.value)


@pytest.mark.parametrize("method", ["send_event", "write_event_to_stream"])
async def test_only_events_can_be_sent_or_shown(method: str) -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            getattr(ctx, method)("text")
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match="takes an Event, got 'text'"):
        await Flow().run()


async def test_every_step_that_takes_an_event_gets_the_same_object() -> None:
    class Flow(Switch):
        @step
        async def one(self, ev: Left) -> StopEvent | None:  # type: ignore[override]
            ev["seen"] = "by one"
            return None

        @step
        async def two(self, ev: Left) -> StopEvent:
            return StopEvent(result=ev.get("seen"))

    assert await Flow().run() == "by one"


async def test_an_event_sent_from_outside_is_routed_as_any_other() -> None:
    handler = Ask().run()
    handler.ctx.send_event(Answer(text="Ada"))

    assert await handler == "hello Ada"


async def test_a_question_sent_by_hand_is_not_shown() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.send_event(Question(text="?"))
            return StopEvent()

    assert [event async for event in Flow().run().stream_events()] == [StopEvent()]


# -- the three faces --------------------------------------------------------------------------------------------------


async def test_before_a_run_there_is_nobody_to_talk_to() -> None:
    ctx = Context(Line())

    with pytest.raises(ContextStateError, match="before workflow started"):
        ctx.send_event(Left())
    with pytest.raises(ContextStateError, match="requires a running workflow"):
        ctx.write_event_to_stream(Left())
    with pytest.raises(ContextStateError, match="requires a running workflow"):
        await ctx.running_steps()
    with pytest.raises(ContextStateError, match="only available from within step functions"):
        await ctx.wait_for_event(Answer)
    assert ctx.is_running is False


async def test_outside_a_step_nothing_can_be_awaited_or_collected() -> None:
    handler = Slow().run(seconds=5)
    await asyncio.sleep(1)

    with pytest.raises(ContextStateError, match="wait_for_event is only available from within step functions"):
        await handler.ctx.wait_for_event(Answer)
    with pytest.raises(ContextStateError, match="collect_events is only available from within step functions"):
        handler.ctx.collect_events(Left(), [Left])
    await handler


async def test_a_running_context_tells_its_steps() -> None:
    handler = Slow().run(seconds=5)
    await asyncio.sleep(1)
    assert (handler.ctx.is_running, await handler.ctx.running_steps()) == (True, ["sleep"])

    await handler
    assert handler.ctx.is_running is False


async def _deep_inside() -> Context[Any]:
    await asyncio.sleep(0)
    return Context.get_step_context()


async def test_the_context_of_a_step_is_found_from_any_depth() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            await asyncio.sleep(ev.n)
            (await _deep_inside()).send_event(Item(n=ev.n), step="end")
            return None

        @step
        async def end(self, ev: Item) -> StopEvent:
            return StopEvent(result=ev.n)

    workflow = Flow(disable_validation=True)

    assert await asyncio.gather(*(workflow.run(n=n) for n in (2, 1))) == [2, 1]


async def test_outside_a_step_there_is_no_step_context() -> None:
    with pytest.raises(WorkflowRuntimeError, match="may only be called from within a step function"):
        Context.get_step_context()


async def test_a_snapshot_can_be_taken_in_a_step() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.store.set("x", 1)
            return StopEvent(result=ctx.to_dict())

    snapshot = await Flow().run()

    assert snapshot["is_running"] is True
    assert json.loads(json.dumps(snapshot)) == snapshot


async def test_a_refused_run_does_not_cost_a_snapshot() -> None:
    workflow = Ask()
    asked = workflow.run(run_id="x")
    await asyncio.sleep(1)
    ctx: Context[Any] = Context.from_dict(workflow, asked.ctx.to_dict())
    with pytest.raises(RuntimeError, match="already exists"):
        workflow.run(ctx=ctx, run_id="x")
    await asked.cancel_run()

    assert ctx.is_running
    again = workflow.run(ctx=ctx)
    await again.send_event(Answer(text="Ada"))
    assert await again == "hello Ada"


# -- records ----------------------------------------------------------------------------------------------------------


async def test_every_change_of_the_store_leaves_one_record(probe: Probe) -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.store.set("a.b", 1)
            async with ctx.store.edit_state() as state:
                state["c"] = 2
            await ctx.store.get("c")
            await ctx.store.clear()
            return StopEvent()

    await Flow().run(hooks=[probe])

    assert [(record.step, record.change, record.keys) for record in probe.of(StateChanged)] == [
        ("go", "set", ("a.b",)),
        ("go", "edit_state", ("c",)),
        ("go", "clear", ()),
    ]


# -- old habits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hint"),
    [("get", "ctx.store.get"), ("set", "ctx.store.set"), ("data", "ctx.store"), ("lock", "edit_state")],
)
def test_what_was_on_a_context_elsewhere_is_pointed_to(name: str, hint: str) -> None:
    with pytest.raises(AttributeError, match=rf"'Context' object has no attribute '{name}'\. Use .*{hint}"):
        getattr(Context(Line()), name)


def test_any_other_missing_attribute_is_just_missing() -> None:
    with pytest.raises(AttributeError, match=r"'Context' object has no attribute 'nothing'$"):
        _ = Context(Line()).nothing  # type: ignore[attr-defined]
    assert not hasattr(Context(Line()), "nothing")
