"""`@step`: what it reads from a signature, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Optional, Union

import pytest

from tests.flows import Left, Middle, Right
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, WorkflowRuntimeError, WorkflowValidationError, step
from wfkit.steps import StepSpec, spec_of


class Shadowed(Event):
    """A function below has a class of the same name."""


def spec(func: Callable[..., Any]) -> StepSpec:
    """Return what the decorator made of a method."""
    found = spec_of(func)
    assert found is not None
    return found


# -- what it reads ----------------------------------------------------------------------------------------------------


def test_the_decorator_returns_the_function_itself() -> None:
    async def go(self: object, ev: StartEvent) -> StopEvent:
        return StopEvent()

    go.__qualname__ = "Flow.go"

    assert step(go) is go
    assert step()(go) is go


def test_a_signature_says_what_a_step_takes_and_makes() -> None:
    class Flow(Workflow):
        @step(num_workers=2, skip_graph_checks=["dead_end"], accept_event_subclasses=True)
        async def go(self, context: Context, event: Left | Right) -> Middle | StopEvent | None:
            """Goes."""

    go = spec(Flow.go)
    assert (go.name, go.doc, go.accepted, go.returned) == ("go", "Goes.", (Left, Right), (Middle, StopEvent))
    assert (go.event_param, go.context_param, go.num_workers) == ("event", "context", 2)
    assert (go.is_method, go.is_async, go.accept_event_subclasses) == (True, True, True)
    assert go.skip_graph_checks == {"dead_end"}


@pytest.mark.parametrize("kind", [Optional[Left], Union[Left, None], Left | None])  # noqa: UP007, UP045
def test_none_does_not_count_in_a_union(kind: Any) -> None:
    async def go(self: object, ev: Any) -> Any: ...

    go.__qualname__ = "Flow.go"
    go.__annotations__ = {"ev": kind, "return": kind}

    assert (spec(step(go)).accepted, spec(step(go)).returned) == ((Left,), (Left,))


def test_four_workers_unless_told_otherwise() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> None: ...

    assert spec(Flow.go).num_workers == 4


async def test_parameters_can_come_in_any_order_and_under_any_name() -> None:
    class Flow(Workflow):
        @step
        async def go(self, event: StartEvent, extra: int = 7, *, run: Context) -> StopEvent:
            return StopEvent(result=(event.x, extra, run.is_running))

    assert await Flow().run(x=1) == (1, 7, True)


def test_a_parameter_that_nothing_fills_is_refused_at_once() -> None:
    with pytest.raises(WorkflowValidationError, match="Nothing fills parameter 'extra' of step 'go'"):

        class Extra(Workflow):
            @step
            async def go(self, ev: StartEvent, extra: int) -> None: ...

    with pytest.raises(WorkflowValidationError, match="Annotate it `ctx: Context` or"):

        class Bare(Workflow):
            @step
            async def go(self, ctx, ev: StartEvent) -> None: ...  # type: ignore[no-untyped-def]


def test_a_positional_only_event_is_refused_at_once() -> None:
    with pytest.raises(WorkflowValidationError, match="'ev' of step 'go' is positional-only"):

        class Slash(Workflow):
            @step
            async def go(self, ev: StartEvent, /) -> None: ...


async def test_a_context_may_be_optional_or_of_a_subclass() -> None:
    class Mine(Context):
        pass

    class Flow(Workflow):
        @step
        async def one(self, ctx: Context | None, ev: StartEvent) -> Left:
            assert isinstance(ctx, Context)
            return Left()

        @step
        async def two(self, ctx: Mine, ev: Left) -> StopEvent:
            assert isinstance(ctx, Context)
            return StopEvent()

    await Flow().run()


def test_annotations_may_name_local_classes() -> None:
    class Local(Event):
        pass

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent | Local) -> Local:
            return Local()

    assert spec(Flow.go).accepted == (StartEvent, Local)


def test_a_local_class_hides_a_global_one_of_the_same_name() -> None:
    class Shadowed(Event):
        pass

    class Flow(Workflow):
        @step
        async def go(self, ev: Shadowed) -> None: ...

    assert spec(Flow.go).accepted == (Shadowed,)


# -- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, -1, True, 2.0, "4"])
def test_num_workers_must_be_a_positive_integer(number: Any) -> None:
    with pytest.raises(WorkflowValidationError, match="num_workers must be an integer greater than 0"):
        step(num_workers=number)


def test_an_unknown_graph_check_is_refused() -> None:
    with pytest.raises(WorkflowValidationError, match="Unknown graph check names: zz"):
        step(skip_graph_checks=["zz"])


def _missing(self: object, ev) -> StopEvent: ...  # type: ignore[no-untyped-def, empty-body]
def _number(self: object, ev: int) -> StopEvent: ...  # type: ignore[empty-body]
def _anything(self: object, ev: Any) -> StopEvent: ...  # type: ignore[empty-body]
def _mixed(self: object, ev: StartEvent | int) -> StopEvent: ...  # type: ignore[empty-body]


@pytest.mark.parametrize("func", [_missing, _number, _anything, _mixed])
def test_an_event_parameter_is_needed(func: Callable[..., Any]) -> None:
    func.__qualname__ = f"Flow.{func.__name__}"

    with pytest.raises(WorkflowValidationError) as error:
        step(func)

    assert "Step signature must have at least one parameter annotated as type Event" in str(error.value)
    assert func.__name__ in str(error.value)


def test_a_return_annotation_is_needed() -> None:
    with pytest.raises(WorkflowValidationError) as error:

        class Flow(Workflow):
            @step
            async def go(self, ev: StartEvent):  # type: ignore[no-untyped-def]
                ...

    message = "Return types of workflows step functions must be annotated with their type."
    assert message in str(error.value)
    assert "'go'" in str(error.value)


def test_an_annotation_that_cannot_be_found_is_named() -> None:
    with pytest.raises(WorkflowValidationError) as error:

        class Flow(Workflow):
            @step
            async def go(self, ev: Nope) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert "Failed to resolve type annotations for" in str(error.value)
    assert "Missing name: Nope." in str(error.value)


def test_a_free_function_needs_its_workflow() -> None:
    with pytest.raises(WorkflowValidationError) as error:

        @step
        async def go(ev: StartEvent) -> StopEvent:
            return StopEvent()

    assert "To decorate go please pass a workflow class to the @step decorator." in str(error.value)


def test_an_async_generator_is_no_step() -> None:
    with pytest.raises(WorkflowValidationError, match="Async-iterator fan-out") as error:

        class Flow(Workflow):
            @step
            async def go(self, ev: StartEvent) -> AsyncIterator[Middle]:
                yield Middle(text="")

    assert "ctx.send_event" in str(error.value)


@pytest.mark.parametrize("thing", [3, "go", Left])
def test_only_functions_are_steps(thing: Any) -> None:
    with pytest.raises(WorkflowValidationError, match="@step decorates functions and methods"):
        step(thing)


# -- what a step may return -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("result", "hint"), [("text", "StopEvent"), (3, "StopEvent"), ([Left()], "-> list[MyEvent]")])
async def test_a_result_that_is_no_event_fails_the_run(result: Any, hint: str) -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return result  # type: ignore[no-any-return]

    with pytest.raises(WorkflowRuntimeError) as error:
        await Flow().run()

    assert f"Step function go returned {type(result).__name__} instead of an Event instance." in str(error.value)
    assert hint in str(error.value)


async def test_an_event_that_the_annotation_does_not_name_is_routed_all_the_same() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return Middle(text="undeclared")  # type: ignore[return-value]

        @step
        async def end(self, ev: Middle) -> StopEvent:
            return StopEvent(result=ev.text)

    assert await Flow(disable_validation=True).run() == "undeclared"


async def test_a_step_may_return_a_start_event() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StartEvent | StopEvent:
            return StopEvent(result=ev.n) if ev.n == 3 else StartEvent(n=ev.n + 1)

    assert await Flow().run(n=0) == 3


# -- workers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 5])
async def test_never_more_bodies_than_workers_and_all_of_them_used(workers: int) -> None:
    class Flow(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Middle | None:
            for n in range(10):
                ctx.send_event(Middle(text=str(n)))
            return None

        @step(num_workers=workers)
        async def work(self, ctx: Context, ev: Middle) -> StopEvent | None:
            started.append(ev.text)
            busy.append(busy[-1] + 1)
            await asyncio.sleep(1)
            busy.append(busy[-1] - 1)
            return None if ctx.collect_events(ev, [Middle] * 10) is None else StopEvent()

    started: list[str] = []
    busy = [0]
    await Flow().run()

    assert (min(busy), max(busy)) == (0, workers)
    assert started == [str(n) for n in range(10)]


# -- another attempt --------------------------------------------------------------------------------------------------


class Patience:
    """Allows three attempts, two seconds apart, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, int, str]] = []

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        self.asked.append((elapsed_time, attempts, str(error)))
        return 2.0 if attempts < 3 else None


@pytest.mark.parametrize("needed", [1, 3, 4])
async def test_a_policy_decides_about_another_attempt(needed: int) -> None:
    patience = Patience()

    class Flow(Workflow):
        tries = 0

        @step(retry_policy=patience)
        async def go(self, ev: StartEvent) -> StopEvent:
            self.tries += 1
            if self.tries < needed:
                raise ValueError(f"try {self.tries}")
            return StopEvent(result=self.tries)

    handler = Flow().run()
    if needed == 4:
        with pytest.raises(ValueError, match="try 3"):
            await handler
    else:
        assert await handler == needed
    assert patience.asked == [(0, 1, "try 1"), (2, 2, "try 2"), (4, 3, "try 3")][: needed - 1]


async def test_a_retry_policy_that_raises_fails_the_run() -> None:
    class Broken:
        def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
            raise LookupError("the policy itself")

    class Flow(Workflow):
        @step(retry_policy=Broken())
        async def go(self, ev: StartEvent) -> StopEvent:
            raise ValueError("the step")

    with pytest.raises(LookupError, match="the policy itself") as raised:
        await Flow().run()
    assert str(raised.value.__cause__) == "the step"


async def test_another_attempt_does_not_send_or_show_again_what_the_last_one_did() -> None:
    class Flow(Workflow):
        tries = 0

        @step(retry_policy=Patience())
        async def go(self, ctx: Context, ev: StartEvent) -> Left | None:
            self.tries += 1
            ctx.send_event(Left())
            ctx.write_event_to_stream(Right())
            if self.tries < 3:
                raise ValueError("again")
            return None

        @step(num_workers=1)
        async def end(self, ctx: Context, ev: Left) -> StopEvent:
            got.append(ev)
            await asyncio.sleep(10)
            return StopEvent()

    got: list[Event] = []
    handler = Flow().run()
    shown = [event async for event in handler.stream_events()]

    assert (len(got), shown) == (1, [Right(), StopEvent()])


def test_a_join_whose_parameters_overlap_is_refused() -> None:
    class Special(Middle):
        """A kind of Middle."""

    with pytest.raises(
        WorkflowValidationError, match=r"joins Middle and Special, a subclass of it, and takes subclasses"
    ):

        class Flow(Workflow):
            @step(accept_event_subclasses=True)
            async def go(self, one: Middle, two: Special) -> StopEvent:
                return StopEvent()


@pytest.mark.parametrize("annotation", ["Start Event", "sys.Nope"])
def test_an_annotation_that_cannot_be_read_names_the_step(annotation: str) -> None:
    async def go(self: object, ev: StartEvent) -> StopEvent:
        return StopEvent()

    go.__annotations__["ev"] = annotation
    go.__qualname__ = "Flow.go"
    with pytest.raises(WorkflowValidationError, match=r"Failed to resolve type annotations for 'Flow\.go'"):
        step(go)
