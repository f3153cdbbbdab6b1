"""Features as users of LlamaIndex Workflows use them, with nothing changed but the imports."""

# No `from __future__ import annotations`: users leave it out.

import asyncio
import inspect
import warnings
from pathlib import Path
from typing import Annotated, Any, Optional

import pytest
from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from tests.flows import Ask, Left, Line, Middle, Right
from wfkit import (
    Collect,
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    Resource,
    ResourceConfig,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Take,
    Workflow,
    WorkflowRuntimeError,
    catch_error,
    draw_all_possible_flows,
    step,
)
from wfkit.retry import (
    ConstantDelayRetryPolicy,
    retry_if_exception_type,
    retry_policy,
    stop_after_attempt,
    wait_exponential,
)
from wfkit.testing import WorkflowTestRunner

# -- events and typed state -------------------------------------------------------------------------------------------


class MyStart(StartEvent):
    a_string_field: str
    a_path_to_somewhere: Path


class MyStop(StopEvent):
    critique: str


class CounterState(BaseModel):
    counter: int = Field(default=0)
    names: list[str] = Field(default_factory=list)


class CustomEvents(Workflow):
    @step
    async def begin(self, ctx: Context[CounterState], ev: MyStart) -> Optional[MyStop]:  # noqa: UP045
        async with ctx.store.edit_state() as ctx_state:
            ctx_state.counter += 1
            ctx_state.names.append(ev.a_string_field)
        state = await ctx.store.get_state()
        await ctx.store.set("counter", state.counter + 1)
        return MyStop(critique=f"{ev.a_path_to_somewhere.name} {state.names} {await ctx.store.get('counter')}")


async def test_custom_start_and_stop_events() -> None:
    w = CustomEvents()
    assert (w.start_event_class, w.stop_event_class) == (MyStart, MyStop)
    assert sorted(kind.__name__ for kind in w.events) == ["MyStart", "MyStop"]
    result = await w.run(a_string_field="Ada", a_path_to_somewhere="/tmp/x")
    assert isinstance(result, MyStop)
    assert result.critique == "x ['Ada'] 2"
    again = await w.run(start_event=MyStart(a_string_field="Bob", a_path_to_somewhere=Path("y")))
    assert again == MyStop(critique="y ['Bob'] 2")
    with pytest.raises(WorkflowRuntimeError, match="Failed creating a start event of type 'MyStart'"):
        w.run(a_string_field="Ada")


def test_events_with_private_attributes_and_fields_nobody_declared() -> None:
    class Custom(Event):
        field_1: int
        _private_attr_1: int = PrivateAttr(default=1)

    event = Custom(field_1="7", tmp="x")
    assert (event.field_1, event.tmp, event._private_attr_1) == (7, "x", 1)
    event._private_attr_1 = 2
    assert (event._private_attr_1, "tmp" in event, event.get("nope", "default")) == (2, True, "default")
    assert not hasattr(event, "nope")
    with pytest.raises(AttributeError, match="'Custom' object has no attribute 'nope'"):
        _ = event.nope
    with pytest.raises(TypeError):
        Custom(1)  # type: ignore[call-arg]  # no positional arguments


# -- errors, resources, lists -----------------------------------------------------------------------------------------


class Flaky(Workflow):
    attempts = 0

    @step(
        retry_policy=retry_policy(
            retry=retry_if_exception_type((ConnectionError, TimeoutError)),
            wait=wait_exponential(multiplier=1, max=10),
            stop=stop_after_attempt(4),
        )
    )
    async def call(self, ctx: Context, ev: StartEvent) -> StopEvent:
        self.attempts += 1
        info = ctx.retry_info()
        assert (info.retry_number, info.last_exception is None) == (self.attempts - 1, self.attempts == 1)
        if self.attempts < ev.succeeds:
            raise ConnectionError(f"attempt {self.attempts}")
        return StopEvent(result=self.attempts)

    @catch_error(for_steps=["call"], max_recoveries=2)
    async def recover(self, ctx: Context, ev: StepFailedEvent) -> StopEvent:
        return StopEvent(result=f"{ev.step_name}: {ev.exception} after {ev.attempts}, {ev.elapsed_seconds:g} s")


async def test_retries_and_a_handler_for_what_they_do_not_mend() -> None:
    assert await Flaky().run(succeeds=3) == 3
    assert await Flaky().run(succeeds=9) == "call: attempt 4 after 4, 7 s"


async def test_the_old_names_of_retry_policies_still_work() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        policy = ConstantDelayRetryPolicy(maximum_attempts=2, delay=5)
    assert [policy.next(0.0, attempt, ValueError()) for attempt in (1, 2)] == [5, None]


class Memory:
    def __init__(self, words: list[str]) -> None:
        self.words = words


class Settings(BaseModel):
    language: str


def get_memory(*args: Any, **kwargs: Any) -> Memory:
    return Memory(["once"])


async def test_resources_in_a_signature(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"core": {"language": "French"}}', encoding="utf-8")

    class WorkflowWithResource(Workflow):
        @step
        async def first(
            self,
            ev: StartEvent,
            memory: Annotated[Memory, Resource(get_memory)],
            settings: Annotated[Settings, ResourceConfig(config_file=str(file), path_selector="core")],
        ) -> StopEvent:
            memory.words.append(settings.language)
            return StopEvent(result=list(memory.words))

    w = WorkflowWithResource()
    assert await w.run() == ["once", "French"]
    assert await w.run() == ["once", "French", "French"]  # kept for the runs of an instance
    assert await WorkflowWithResource().run() == ["once", "French"]


class Task(Event):
    n: int


class Done(Event):
    n: int


class Maps(Workflow):
    @step
    async def split(self, ev: StartEvent) -> list[Task]:
        return [Task(n=n) for n in range(4)]

    @step(num_workers=2)
    async def work(self, ev: Task) -> Done:
        await asyncio.sleep(4 - ev.n)
        return Done(n=ev.n)

    @step
    async def first_two(self, evs: Annotated[list[Done], Collect(Take(2))]) -> StopEvent:
        return StopEvent(result=[ev.n for ev in evs])


async def test_lists_in_signatures() -> None:
    assert await Maps().run() == [1, 0]


# -- routing ----------------------------------------------------------------------------------------------------------


async def test_a_returned_event_goes_where_its_type_is_taken_whatever_was_declared() -> None:
    class Undeclared(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> Left | Right:
            return Middle(text="not declared")  # type: ignore[return-value]

        @step
        async def left(self, ev: Left | Right) -> Middle:
            return Middle(text="")

        @step
        async def end(self, ev: Middle) -> StopEvent:
            return StopEvent(result=ev.text)

    assert await Undeclared().run() == "not declared"


async def test_a_question_needs_no_taker_an_answer_no_maker_and_validate_tells() -> None:
    assert Ask().validate() is True
    assert Line().validate() is False
    with pytest.raises(ValidationError):
        Middle()  # type: ignore[call-arg]  # what is declared is required

    class Both(Workflow):
        @step
        async def ask(self, ev: StartEvent) -> InputRequiredEvent:
            return InputRequiredEvent(prefix="?")

        @step
        async def hear(self, ev: HumanResponseEvent) -> StopEvent:
            return StopEvent(result=isinstance(ev, Event) and ev.response)

    handler = Both().run()
    handler.ctx.send_event(HumanResponseEvent(response="early"))
    assert [type(event) async for event in handler.stream_events()] == [InputRequiredEvent, StopEvent]
    assert await handler == "early"


# -- signatures -------------------------------------------------------------------------------------------------------

SIGNATURES: list[tuple[Any, str]] = [
    (Workflow.run, "ctx start_event"),
    (Workflow.validate, "validate_resource_configs validate_resources"),
    (Context, "workflow previous_context serializer"),
    (Context.from_dict, "workflow data serializer"),
    (Context.to_dict, "serializer include_state"),
    (Context.collect_events, "ev expected buffer_id"),
    (Context.send_event, "message step"),
    (Context.wait_for_event, "event_type waiter_event waiter_id requirements timeout"),
    (Context.write_event_to_stream, "ev"),
    (step, "func workflow num_workers retry_policy skip_graph_checks accept_event_subclasses"),
    (catch_error, "func for_steps max_recoveries"),
    (Resource, "factory cache"),
    (ResourceConfig, "config_file path_selector label description"),
    (retry_policy, "retry wait stop"),
    (draw_all_possible_flows, "workflow filename notebook max_label_length include_child_workflows"),
    (WorkflowTestRunner.run, "start_event ctx expose_internal exclude_events"),
    (
        Workflow.__init__,
        "timeout disable_validation verbose resource_manager num_concurrent_runs workflow_name skip_graph_checks"
        " serializer",
    ),
]


@pytest.mark.parametrize(("function", "names"), SIGNATURES, ids=lambda each: getattr(each, "__qualname__", ""))
def test_a_call_takes_the_arguments_of_that_name_in_that_order(function: Any, names: str) -> None:
    parameters = [name for name in inspect.signature(function).parameters if name != "self"]
    assert [name for name in parameters if name in names.split()] == names.split()


def test_a_workflow_tells_its_arguments_to_whoever_asks() -> None:
    class Mine(Workflow):
        def __init__(self, llm: object, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    assert [*inspect.signature(Workflow).parameters][:3] == ["timeout", "disable_validation", "verbose"]
    assert [*inspect.signature(Mine).parameters] == ["llm", "kwargs"]
