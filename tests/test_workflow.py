"""A Workflow: how it is made, filled with steps, checked and run."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.flows import Answer, Ask, Fan, Line, Loop, Middle, Slow
from wfkit import (
    Context,
    ContextStateError,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowConfigurationError,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    WorkflowValidationError,
    step,
)


class Order(StartEvent):
    amount: int


class Receipt(StopEvent):
    total: int


class Shop(Workflow):
    """Takes a start event of its own and returns a stop event of its own."""

    @step
    async def sell(self, ev: Order) -> Receipt:
        return Receipt(total=ev.amount * 2)


# -- the constructor -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "2"])
def test_num_concurrent_runs_must_be_a_positive_integer(number: Any) -> None:
    with pytest.raises(WorkflowValidationError, match="must be an integer greater than 0 or None"):
        Line(num_concurrent_runs=number)


@pytest.mark.parametrize("timeout", [-1, "10", True, float("nan")])
def test_a_timeout_must_be_a_number_that_is_not_negative(timeout: Any) -> None:
    with pytest.raises(WorkflowValidationError, match="timeout must be a number of seconds"):
        Line(timeout=timeout)


def test_an_unknown_graph_check_is_named_beside_the_known_ones() -> None:
    with pytest.raises(WorkflowValidationError) as error:
        Line(skip_graph_checks={"zz"})

    assert "Unknown graph check names: zz. Valid names are: dead_end, reachability, terminal_event" in str(error.value)


def test_a_hook_must_be_a_hook() -> None:
    with pytest.raises(WorkflowValidationError, match="A hook is an instance"):
        Line(hooks=[object()])  # type: ignore[list-item]


def test_a_subclass_without_start_is_refused_when_it_is_made() -> None:
    class NoStart(Workflow):
        @step
        async def go(self, ev: Middle) -> StopEvent:
            return StopEvent()

    with pytest.raises(WorkflowConfigurationError, match="Event of type StartEvent must be received by any step"):
        NoStart()
    assert NoStart(disable_validation=True)


async def test_a_subclass_may_forget_to_call_its_parent() -> None:
    class Forgetful(Line):
        def __init__(self, greeting: str) -> None:
            self.greeting = greeting

    assert await Forgetful("hi").run() == "HELLO"


def test_an_empty_workflow_can_be_made_but_not_validated() -> None:
    with pytest.raises(WorkflowConfigurationError, match="'Workflow' has no configured steps"):
        Workflow().validate()


def test_a_workflow_tells_its_events_and_its_name() -> None:
    assert (Shop().start_event_class, Shop().stop_event_class) == (Order, Receipt)
    assert set(Line().events) == {StartEvent, Middle, StopEvent}
    assert Line().workflow_name == "tests.flows.Line"
    assert Line(workflow_name="mine").workflow_name == "mine"


def test_its_repr_counts_its_steps() -> None:
    assert repr(Shop()) == "<Workflow Shop: 1 step>"
    assert repr(Line(workflow_name="mine")) == "<Workflow mine: 2 steps>"


def test_validate_tells_whether_a_person_takes_part() -> None:
    assert Ask().validate() is True
    assert Line().validate() is False


# -- free functions ---------------------------------------------------------------------------------------------------


async def test_a_step_of_an_instance_belongs_to_it_alone() -> None:
    mine, other = Workflow(), Workflow()

    @step(workflow=mine)
    async def go(ev: StartEvent) -> StopEvent:
        return StopEvent(result="mine")

    assert await mine.run() == "mine"
    with pytest.raises(WorkflowConfigurationError, match="no configured steps"):
        other.run()


async def test_a_subclass_inherits_steps_of_both_kinds() -> None:
    class Parent(Workflow):
        @step
        async def method(self, ev: StartEvent) -> Middle:
            return Middle(text="parent")

    @step(workflow=Parent)
    async def free(ev: Middle) -> StopEvent:
        return StopEvent(result=ev.text)

    class Child(Parent):
        @step
        async def method(self, ev: StartEvent) -> Middle:
            return Middle(text="child")

    assert [await Parent().run(), await Child().run()] == ["parent", "child"]


async def test_a_step_added_to_a_subclass_leaves_the_parent_alone() -> None:
    class Child(Line):
        pass

    @step(workflow=Child)
    async def extra(ev: Middle) -> None: ...

    assert [spec.name for spec in Line().__wfkit_plan__().steps] == ["first", "second"]
    assert [spec.name for spec in Child().__wfkit_plan__().steps] == ["first", "second", "extra"]


def test_an_override_without_the_decorator_removes_the_step() -> None:
    class Shorter(Line):
        async def second(self, ev: Middle) -> StopEvent:
            return StopEvent()

    assert [spec.name for spec in Shorter(disable_validation=True).__wfkit_plan__().steps] == ["first"]


def test_add_step_wants_the_decorator_first() -> None:
    async def plain(ev: StartEvent) -> StopEvent:
        return StopEvent()

    with pytest.raises(WorkflowValidationError, match="missing the `@step` decorator"):
        Line.add_step(plain)


def test_a_free_step_must_not_take_the_name_of_a_method() -> None:
    class Flow(Line):
        pass

    with pytest.raises(WorkflowValidationError, match="A step first is already part of this workflow"):

        @step(workflow=Flow)
        async def first(ev: StartEvent) -> None: ...


def test_static_and_class_methods_are_no_steps() -> None:
    class Flow(Line):
        @staticmethod
        @step
        async def aside(ev: Middle) -> None: ...

    assert [spec.name for spec in Flow().__wfkit_plan__().steps] == ["first", "second"]


# -- the start --------------------------------------------------------------------------------------------------------


async def test_keyword_arguments_become_the_start_event() -> None:
    assert await Shop().run(amount=4) == Receipt(total=8)


async def test_keyword_arguments_that_do_not_fit_are_named() -> None:
    with pytest.raises(WorkflowRuntimeError) as error:
        Shop().run(amount="many")

    assert "Failed creating a start event of type 'Order' with the keyword arguments: {'amount': 'many'}" in str(
        error.value
    )


async def test_a_start_event_can_be_given(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "wfkit"):
        assert await Shop().run(start_event=Order(amount=1), amount=99) == Receipt(total=2)

    assert "Keyword arguments are not supported when 'run()' is invoked with the 'start_event' parameter" in caplog.text
    assert "'amount': 99" in caplog.text


async def test_a_start_event_must_be_one() -> None:
    with pytest.raises(ValueError, match="The 'start_event' argument must be an instance of 'StartEvent'"):
        Line().run(start_event=Middle(text=""))  # type: ignore[arg-type]


async def test_a_start_event_that_no_step_takes_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="StartEvent, which no step of 'Shop' takes"):
        Shop().run(start_event=StartEvent(amount=1))


async def test_the_run_id_never_reaches_the_event() -> None:
    class Look(Workflow):
        @step
        async def look(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=list(ev))

    handler = Look().run(run_id="mine", x=1)

    assert (handler.run_id, await handler) == ("mine", ["x"])


async def test_a_run_id_cannot_be_used_twice_at_once() -> None:
    workflow = Slow()
    handler = workflow.run(run_id="x", seconds=1)
    with pytest.raises(RuntimeError, match="Workflow run with run_id 'x' already exists"):
        workflow.run(run_id="x", seconds=1)

    await handler
    assert await workflow.run(run_id="x", seconds=1) == "rested"


def test_run_needs_a_loop_and_names_the_way_out() -> None:
    with pytest.raises(RuntimeError, match=r"no running event loop.*run_sync"):
        Line().run()


async def test_a_first_positional_argument_is_no_topic() -> None:
    with pytest.raises(TypeError, match="ctx must be a Context, got 'pirates'"):
        Line().run("pirates")  # type: ignore[arg-type]


# -- several runs -----------------------------------------------------------------------------------------------------


async def test_concurrent_runs_of_one_instance_are_isolated() -> None:
    workflow = Fan()
    counts = range(1, 6)

    results = await asyncio.gather(*(workflow.run(count=count) for count in counts))

    assert [sorted(result) for result in results] == [[n * n for n in range(count)] for count in counts]


async def test_runs_beyond_num_concurrent_runs_queue_in_order() -> None:
    workflow = Slow(num_concurrent_runs=2)
    handlers = [workflow.run(seconds=10) for _ in range(5)]
    seen = []
    for _ in range(3):
        await asyncio.sleep(1)
        seen.append([handler.status for handler in handlers])
        await asyncio.sleep(9)

    running, queued, done = "running", "queued", "done"
    assert seen == [
        [running, running, queued, queued, queued],
        [done, done, running, running, queued],
        [done, done, done, done, running],
    ]
    await asyncio.gather(*handlers)


async def test_the_timeout_of_a_queued_run_starts_with_the_run() -> None:
    workflow = Slow(timeout=10, num_concurrent_runs=1)

    assert await asyncio.gather(*(workflow.run(seconds=9) for _ in range(3))) == ["rested"] * 3


async def test_a_failed_run_lets_the_next_one_begin() -> None:
    workflow = Slow(timeout=5, num_concurrent_runs=1)
    late, quick = workflow.run(seconds=9), workflow.run(seconds=1)

    with pytest.raises(WorkflowTimeoutError):
        await late
    assert await quick == "rested"


async def test_a_queued_run_can_be_cancelled_before_it_begins() -> None:
    workflow = Slow(num_concurrent_runs=1)
    first, second, third = (workflow.run(seconds=1) for _ in range(3))

    await second.cancel_run()

    assert (first.status, second.status, third.status) == ("running", "cancelled", "queued")
    with pytest.raises(WorkflowCancelledByUser):
        await second
    assert [await first, await third] == ["rested", "rested"]


async def test_an_answer_sent_to_a_queued_run_waits_until_it_begins() -> None:
    workflow = Ask(num_concurrent_runs=1)
    first, second = workflow.run(), workflow.run()

    await second.send_event(Answer(text="too early"))
    await asyncio.sleep(1)
    assert second.status == "queued"

    await first.send_event(Answer(text="Ada"))
    assert [await first, await second] == ["hello Ada", "hello too early"]


def test_one_instance_serves_several_event_loops() -> None:
    workflow = Loop(num_concurrent_runs=1)

    assert [asyncio.run(_result(workflow)) for _ in range(3)] == [3, 3, 3]


def test_a_loop_that_closes_over_an_idle_run_gives_its_place_back() -> None:
    workflow = Ask(num_concurrent_runs=1)

    async def leave_a_question_open() -> None:
        workflow.run()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def begin_another() -> str:
        return workflow.run().status

    asyncio.run(leave_a_question_open())
    assert asyncio.run(begin_another()) == "running"


async def _result(workflow: Workflow) -> Any:
    return await workflow.run()


# -- contexts over several runs ---------------------------------------------------------------------------------------


async def test_two_runs_at_once_cannot_share_a_context() -> None:
    workflow = Slow()
    ctx = Context(workflow)
    handler = workflow.run(ctx=ctx, seconds=1)

    with pytest.raises(ContextStateError, match="Cannot start a new run while context is already running"):
        workflow.run(ctx=ctx, seconds=1)
    await handler
    assert await workflow.run(ctx=ctx, seconds=1) == "rested"


async def test_a_timeout_holds_for_each_run_of_a_context() -> None:
    workflow = Slow(timeout=10)
    ctx = Context(workflow)

    assert [await workflow.run(ctx=ctx, seconds=9) for _ in range(4)] == ["rested"] * 4


async def test_a_subclass_may_use_any_private_name_for_its_own_things() -> None:
    class Own(Line):
        def __init__(self) -> None:
            super().__init__(timeout=5)
            names = "timeout verbose name hooks serializer history turns valid own_steps own_plan unchecked skipped"
            for name in names.split():
                setattr(self, f"_{name}", "mine")

        _gather_hooks = _adopt = _run_ended = _checked_context = _compiled = "mine"

    assert await Own().run() == await Line().run()


async def test_a_secret_among_the_keyword_arguments_is_not_told() -> None:
    with pytest.raises(WorkflowRuntimeError) as error:
        Shop().run(amount="many", api_key="sk-1")
    assert "'api_key': '****'" in str(error.value)
    assert "sk-1" not in str(error.value)


async def test_a_method_replaces_a_free_step_that_it_would_inherit() -> None:
    class Base(Workflow):
        """Has one step, which is free."""

    @step(workflow=Base)
    async def go(ev: StartEvent) -> StopEvent:
        return StopEvent(result="free")

    class Other(Base):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result="method")

    assert await Base().run() == "free"
    assert await Other().run() == "method"


def test_a_workflow_has_its_own_docstring_or_that_of_its_base_but_not_the_packages() -> None:
    class Bare(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

    class Told(Bare):
        """Says what it does."""

    class Heir(Told):
        pass

    plans = [kind.__wfkit_plan__() for kind in (Bare, Told, Heir)]
    assert [plan.doc for plan in plans] == ["", "Says what it does.", "Says what it does."]
