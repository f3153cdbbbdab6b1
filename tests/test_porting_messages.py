"""What users of LlamaIndex Workflows catch and match: the classes of errors, and how their messages begin."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from tests.flows import Answer, Ask, Fail, Item, Left, Line, Middle, Slow
from wfkit import (
    Context,
    ContextStateError,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowCancelledEvent,
    WorkflowConfigurationError,
    WorkflowFailedEvent,
    WorkflowRuntimeError,
    WorkflowTimedOutEvent,
    WorkflowTimeoutError,
    WorkflowValidationError,
    step,
)


def beginning(words: str) -> str:
    """Return a pattern for a message that begins with these words."""
    return "^" + re.escape(words)


# -- decorators and constructors --------------------------------------------------------------------------------------


def undecorated(ev: StartEvent) -> StopEvent:
    return StopEvent()


def bad_workers(number: Any) -> Callable[[], object]:
    async def work(ev: StartEvent) -> StopEvent:
        return StopEvent()

    return lambda: step(workflow=Workflow, num_workers=number)(work)


def bad_parameter(annotation: Any) -> Callable[[], object]:
    class Home(Workflow):
        pass

    async def work(x: Any) -> StopEvent:
        return StopEvent()

    work.__annotations__["x"] = annotation
    if annotation is None:
        del work.__annotations__["x"]
    return lambda: step(workflow=Home)(work)


def without_return() -> None:
    class Flow(Workflow):
        @step
        async def work(self, ev: StartEvent):  # type: ignore[no-untyped-def]  # the fault
            return StopEvent()


def unresolvable() -> None:
    class Flow(Workflow):
        @step
        async def work(self, ev: Nope) -> StopEvent:  # type: ignore[name-defined]  # noqa: F821  # the fault
            return StopEvent()


def twice() -> None:
    @step(workflow=Line)
    async def first(ev: StartEvent) -> StopEvent:
        return StopEvent()


def starts(*kinds: type[StartEvent]) -> Workflow:
    class Many(Workflow):
        pass

    for number, kind in enumerate(kinds):

        async def work(ev: Any) -> StopEvent:
            return StopEvent()

        work.__name__ = work.__qualname__ = f"work{number}"
        work.__annotations__ = {"ev": kind, "return": StopEvent}
        step(workflow=Many)(work)
    return Many()


class OtherStart(StartEvent):
    pass


class NoStart(Workflow):
    @step
    async def work(self, ev: Middle) -> StopEvent:
        return StopEvent()


class NoStop(Workflow):
    @step
    async def work(self, ev: StartEvent) -> None: ...


class TakesStop(Line):
    @step
    async def third(self, ev: StopEvent) -> None: ...


NO_EVENT = "Step signature must have at least one parameter annotated as type Event"
ONE_START = "Only one type of StartEvent is allowed per workflow, found 2: {"

MISTAKES: list[tuple[Callable[[], object], type[Exception], str]] = [
    (bad_workers(0), WorkflowValidationError, "num_workers must be an integer greater than 0"),
    (bad_workers("2"), WorkflowValidationError, "num_workers must be an integer greater than 0"),
    (bad_parameter(None), WorkflowValidationError, NO_EVENT),
    (bad_parameter(int), WorkflowValidationError, NO_EVENT),
    (bad_parameter(Any), WorkflowValidationError, NO_EVENT),
    (bad_parameter(StartEvent | int), WorkflowValidationError, NO_EVENT),
    (without_return, WorkflowValidationError, "Return types of workflows step functions must be annotated with their"),
    (unresolvable, WorkflowValidationError, "Failed to resolve type annotations for "),
    (
        lambda: step(undecorated),
        WorkflowValidationError,
        "To decorate undecorated please pass a workflow class to the @step decorator.",
    ),
    (
        lambda: Line.add_step(undecorated),
        WorkflowValidationError,
        "Step function undecorated is missing the `@step` decorator.",
    ),
    (
        twice,
        WorkflowValidationError,
        "A step first is already part of this workflow, please choose another name.",
    ),
    (
        lambda: Line(num_concurrent_runs=0),
        WorkflowValidationError,
        "num_concurrent_runs must be an integer greater than 0 or None",
    ),
    (
        lambda: Line(num_concurrent_runs=True),
        WorkflowValidationError,
        "num_concurrent_runs must be an integer greater than 0 or None",
    ),
    (
        lambda: Line(skip_graph_checks={"zz"}),
        WorkflowValidationError,
        "Unknown graph check names: zz. Valid names are: dead_end, reachability, terminal_event",
    ),
    (
        NoStart,
        WorkflowConfigurationError,
        "At least one Event of type StartEvent must be received by any step. (Workflow 'NoStart' has no @step that "
        "accepts StartEvent.)",
    ),
    (
        NoStop,
        WorkflowConfigurationError,
        "At least one Event of type StopEvent must be returned by any step. (Workflow 'NoStop' has no @step that "
        "returns StopEvent.)",
    ),
    (lambda: starts(StartEvent, OtherStart), WorkflowConfigurationError, ONE_START),
    (
        lambda: Workflow().validate(),
        WorkflowConfigurationError,
        "Workflow 'Workflow' has no configured steps. Did you forget to annotate methods with @step or to register "
        "free-function steps via @step(workflow=...)?",
    ),
    (
        lambda: TakesStop().validate(),
        WorkflowValidationError,
        "Step 'third' cannot accept StopEvent. StopEvent signals the end of the workflow. Use a different Event type",
    ),
]


@pytest.mark.parametrize(
    ("mistake", "error", "words"), MISTAKES, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_mistake_in_a_declaration(mistake: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=beginning(words)) as caught:
        mistake()
    assert type(caught.value) is error


# -- run() ------------------------------------------------------------------------------------------------------------


async def test_mistakes_in_a_call_of_run(caplog: pytest.LogCaptureFixture) -> None:
    wrong: Any = "x"
    with pytest.raises(ValueError, match=beginning("The 'start_event' argument must be an instance of 'StartEvent'.")):
        Line().run(start_event=wrong)

    class Needs(StartEvent):
        n: int

    with pytest.raises(
        WorkflowRuntimeError,
        match=beginning("Failed creating a start event of type 'Needs' with the keyword arguments: {'m': 1}"),
    ):
        starts(Needs).run(m=1)

    with caplog.at_level(logging.WARNING):
        await Line().run(start_event=StartEvent(), topic="tea")
    assert caplog.messages == [
        "Keyword arguments are not supported when 'run()' is invoked with the 'start_event' parameter. "
        "These keyword arguments will be ignored: {'topic': 'tea'}"
    ]

    handler = Slow().run(run_id="x", seconds=1)
    assert handler.run_id == "x"
    workflow = Slow()
    first = workflow.run(run_id="x", seconds=1)
    with pytest.raises(RuntimeError, match=beginning("Workflow run with run_id 'x' already exists.")):
        workflow.run(run_id="x", seconds=1)
    with pytest.raises(ContextStateError, match=beginning("Cannot start a new run while context is already running.")):
        workflow.run(ctx=first.ctx, seconds=1)
    assert (await handler, await first) == ("rested", "rested")


def test_run_wants_a_running_loop() -> None:
    with pytest.raises(RuntimeError, match=beginning("no running event loop")):
        asyncio.run(Line().run())  # type: ignore[arg-type]  # it is called before there is a loop


async def test_what_a_step_must_not_return() -> None:
    class Returns(Workflow):
        @step
        async def work(self, ev: StartEvent) -> StopEvent:
            return ev.value  # type: ignore[no-any-return]

    for value, kind in (("text", "str"), (1, "int"), ({}, "dict"), ([StopEvent()], "list")):
        words = f"Step function work returned {kind} instead of an Event instance."
        with pytest.raises(WorkflowRuntimeError, match=beginning(words)):
            await Returns().run(value=value)


# -- Context ----------------------------------------------------------------------------------------------------------


async def test_a_context_at_the_wrong_moment() -> None:
    ctx: Context[Any] = Context(Line())
    send = "send_event() called before workflow started. Call workflow.run() first."
    with pytest.raises(ContextStateError, match=beginning(send)):
        ctx.send_event(Left())
    with pytest.raises(ContextStateError, match=beginning("write_event_to_stream requires a running workflow. Call")):
        ctx.write_event_to_stream(Left())
    with pytest.raises(ContextStateError, match=beginning("running_steps requires a running workflow. Call workflow.")):
        await ctx.running_steps()
    with pytest.raises(ContextStateError, match=beginning("collect_events is only available from within step")):
        ctx.collect_events(Left(), [Left])
    with pytest.raises(ContextStateError, match=beginning("wait_for_event is only available from within step")):
        await ctx.wait_for_event(Left)
    with pytest.raises(ContextStateError, match=beginning("retry_info is only available from within step functions")):
        ctx.retry_info()
    words = "Context.get_step_context() may only be called from within a step function"
    with pytest.raises(WorkflowRuntimeError, match=beginning(words)):
        Context.get_step_context()


async def test_events_sent_to_a_step_by_name() -> None:
    class Picks(Workflow):
        @step
        async def work(self, ctx: Context, ev: StartEvent) -> Item | StopEvent:
            ctx.send_event(ev.event, step=ev.step)
            return StopEvent()

        @step
        async def take(self, ev: Item) -> None: ...

    with pytest.raises(WorkflowRuntimeError, match=beginning("Step zz does not exist")):
        await Picks().run(event=Item(n=1), step="zz")
    words = "Step take does not accept event of type <class 'tests.flows.Left'>"
    with pytest.raises(WorkflowRuntimeError, match=beginning(words)):
        await Picks().run(event=Left(), step="take")
    handler = Ask().run()
    with pytest.raises(WorkflowRuntimeError, match=beginning("Step zz does not exist")):
        await handler.send_event(Answer(text=""), step="zz")
    await handler.send_event(Answer(text="Ada"), step="greet")
    assert await handler == "hello Ada"


class State(BaseModel):
    n: int = 0


async def test_the_store_says_what_is_wrong() -> None:
    class Typed(Workflow):
        @step
        async def work(self, ctx: Context[State], ev: StartEvent) -> StopEvent:
            return StopEvent()

    untyped, typed = Context(Line()).store, Context(Typed()).store
    with pytest.raises(ValueError, match=beginning("Path 'a.b' not found in state")):
        await untyped.get("a.b")
    with pytest.raises(ValueError, match=beginning("Path cannot be empty")):
        await untyped.set("", 1)
    with pytest.raises(ValueError, match=beginning('"State" object has no field "nope"')):
        await typed.set("nope", 1)
    other: Any = Middle(text="")
    with pytest.raises(ValueError, match=beginning("State must be of type State or a parent type, got Middle")):
        await typed.set_state(other)
    async with untyped.edit_state():
        with pytest.raises(RuntimeError, match=beginning("writer called inside edit_state: mutate the yielded state")):
            await untyped.set("a", 1)


# -- ends of a run ----------------------------------------------------------------------------------------------------


async def ends(workflow: Workflow, error: type[BaseException], cancel: bool = False, **fields: Any) -> tuple[Any, Any]:
    """Run a workflow that ends badly; return the last event of its stream, and what awaiting it raised."""
    handler = workflow.run(**fields)
    assert not handler.is_done()
    assert handler.get_stop_event() is None
    if cancel:
        await asyncio.sleep(1)
        await handler.cancel_run()
    shown = [event async for event in handler.stream_events()]
    for _ in range(2):
        with pytest.raises(error) as caught:
            await handler
    with pytest.raises(error):
        await handler.stop_event_result()
    assert handler.is_done()
    assert handler.get_stop_event() is None
    await handler.cancel_run()  # does nothing any more
    with pytest.raises(WorkflowRuntimeError, match=beginning("All the streamed events have already been consumed.")):
        _ = [event async for event in handler.stream_events()]
    return shown[-1], caught.value


async def test_the_end_of_a_run_that_takes_too_long() -> None:
    event, error = await ends(Slow(timeout=10.0), WorkflowTimeoutError, seconds=20)
    assert isinstance(event, WorkflowTimedOutEvent)
    assert (event.timeout, event.active_steps) == (10.0, ["sleep"])
    assert str(error).startswith("Operation timed out after 10.0 seconds. Currently active steps: sleep")
    with pytest.raises(WorkflowTimeoutError, match=beginning("Operation timed out after 0 seconds. ")):
        await Slow(timeout=0).run(seconds=20)
    assert asyncio.get_running_loop().time() == 10


async def test_the_end_of_a_run_that_fails() -> None:
    event, error = await ends(Fail(), ValueError)
    assert isinstance(event, WorkflowFailedEvent)
    assert (event.step_name, event.attempts) == ("fail", 1)
    assert event.exception is error


async def test_the_end_of_a_run_that_is_cancelled() -> None:
    event, _ = await ends(Slow(timeout=None), WorkflowCancelledByUser, cancel=True, seconds=20)
    assert type(event) is WorkflowCancelledEvent


async def test_the_end_of_a_run_that_goes_well() -> None:
    handler = Line(workflow_name="lines").run(run_id="a1")
    assert await handler.stop_event_result() == StopEvent(result="HELLO")
    assert handler.get_stop_event() == StopEvent(result="HELLO")
    assert str(handler) == "WorkflowHandler(workflow=lines, run_id=a1, result=HELLO)"
    assert [event async for event in handler.stream_events()] == [StopEvent(result="HELLO")]
