"""What lists in a signature may not be, and what a step that has them may not do."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest

from tests.fans import Done, Squares, Task, Total
from wfkit import (
    All,
    Collect,
    Context,
    StartEvent,
    StopEvent,
    Take,
    Workflow,
    WorkflowRuntimeError,
    WorkflowValidationError,
    step,
)

# -- when it is decorated ---------------------------------------------------------------------------------------------


def refusal(func: Any) -> str:
    """Return what the decorator says of a method that it refuses."""
    func.__qualname__ = f"Flow.{func.__name__}"
    with pytest.raises(WorkflowValidationError) as error:
        step(func)
    return str(error.value)


def test_a_list_parameter_stands_alone() -> None:
    async def gather(self: object, dones: list[Done], total: Total) -> StopEvent: ...  # type: ignore[empty-body]
    async def other(self: object, total: Total, dones: list[Done]) -> StopEvent: ...  # type: ignore[empty-body]

    for func in (gather, other):
        message = refusal(func)
        assert "A list[E] collection parameter cannot be combined with other event parameters." in message
        assert repr(func.__name__) in message


def test_one_list_parameter_is_enough() -> None:
    async def gather(self: object, dones: list[Done], totals: list[Total]) -> StopEvent: ...  # type: ignore[empty-body]

    message = refusal(gather)
    assert "'gather'" in message
    assert "list" in message
    assert "'dones'" in message
    assert "'totals'" in message


def test_collect_is_for_lists_of_events() -> None:
    async def one(self: object, done: Annotated[Done, Collect(Take(2))]) -> StopEvent: ...  # type: ignore[empty-body]
    async def of_numbers(self: object, done: Annotated[list[int], Collect()]) -> StopEvent: ...  # type: ignore[empty-body]

    for func in (one, of_numbers):
        message = refusal(func)
        assert "Collect marker" in message
        assert "'done'" in message


def test_a_list_of_something_else_is_no_event_parameter() -> None:
    async def of_numbers(self: object, found: list[int]) -> StopEvent: ...  # type: ignore[empty-body]
    async def bare(self: object, found: list) -> StopEvent: ...  # type: ignore[empty-body, type-arg]
    async def mixed(self: object, found: list[Done | int]) -> StopEvent: ...  # type: ignore[empty-body]

    for func in (of_numbers, bare, mixed):
        assert "Step signature must have at least one parameter annotated as type Event" in refusal(func)


@pytest.mark.parametrize("cardinality", [3, None, Take, "all"])
def test_a_cardinality_is_all_or_take(cardinality: Any) -> None:
    async def gather(self: object, done: Any) -> StopEvent: ...  # type: ignore[empty-body]

    gather.__annotations__ = {"done": Annotated[list[Done], Collect(cardinality)], "return": StopEvent}
    message = refusal(gather)
    assert "'done'" in message
    assert "Take(n)" in message


@pytest.mark.parametrize("n", [0, -1, True, 1.0, "2", None])
def test_take_takes_a_positive_number(n: Any) -> None:
    with pytest.raises(ValueError) as error:
        Take(n)
    assert repr(n) in str(error.value)


def test_cardinalities_are_equal_by_value() -> None:
    assert (Collect(), Take(2)) == (Collect(All()), Take(2))
    assert Collect(Take(2)) != Collect(Take(3))


def test_an_async_generator_is_told_to_return_a_list() -> None:
    from collections.abc import AsyncIterator

    async def stream(self: object, ev: StartEvent) -> AsyncIterator[Task]:
        yield Task(n=1)

    stream.__annotations__["return"] = AsyncIterator[Task]
    message = refusal(stream)
    assert "Async-iterator fan-out" in message
    assert "list[E]" in message


# -- when it is checked -----------------------------------------------------------------------------------------------


def complaint(workflow: Workflow) -> str:
    with pytest.raises(WorkflowValidationError) as error:
        workflow.validate()
    return str(error.value)


def test_a_list_parameter_needs_a_step_that_returns_a_list() -> None:
    class Lonely(Workflow):
        @step
        async def go(self, ev: StartEvent) -> Task:
            return Task(n=1)

        @step
        async def gather(self, tasks: list[Task]) -> StopEvent:
            return StopEvent()

    message = complaint(Lonely())
    assert "'gather'" in message
    assert "list[Task]" in message
    assert "collect_events" in message


def test_items_that_nobody_takes_are_named() -> None:
    class Wasted(Workflow):
        @step
        async def go(self, ev: StartEvent) -> list[Task | Total]:
            return []

        @step
        async def gather(self, tasks: list[Task]) -> StopEvent:
            return StopEvent()

    assert "produced but never consumed: Total" in complaint(Wasted())


def test_gathered_events_must_be_produced() -> None:
    class Nothing(Squares):
        @step
        async def more(self, totals: list[Total]) -> StopEvent:
            return StopEvent()

    assert "Total" in complaint(Nothing())


@pytest.mark.parametrize("hint", [list[int], list, list[Task | int]])
def test_a_list_of_something_else_is_no_result(hint: Any) -> None:
    def declare() -> None:
        class Wrong(Workflow):
            @step
            async def go(self, ev: StartEvent) -> hint:
                return []

            @step
            async def gather(self, tasks: list[Task]) -> StopEvent:
                return StopEvent()

        Wrong().validate()

    with pytest.raises(WorkflowValidationError):
        declare()


def test_a_good_flow_is_good_and_says_that_nobody_is_asked() -> None:
    assert Squares().validate() is False


# -- when it runs -----------------------------------------------------------------------------------------------------


async def failure(workflow: Workflow) -> str:
    with pytest.raises(WorkflowRuntimeError) as error:
        await workflow.run()
    return str(error.value)


def returning(value: Any, hint: Any = list[Task]) -> Workflow:
    class Returning(Workflow):
        @step
        async def go(self, ev: StartEvent) -> hint:
            return value

        @step
        async def gather(self, tasks: list[Task]) -> StopEvent:
            return StopEvent(result=tasks)

        @step
        async def spare(self, ev: StartEvent) -> list[Task] | None:
            return None

    return Returning(timeout=5)


async def test_a_bare_event_in_place_of_a_list_is_an_error() -> None:
    message = await failure(returning(Task(n=1)))
    assert message.startswith("Step function go returned a bare Task but its return annotation only declares it inside")


@pytest.mark.parametrize(("value", "name"), [([Task(n=1), 3], "int"), ([None], "NoneType"), ([Task(n=1), "x"], "str")])
async def test_an_item_that_is_no_event_is_an_error(value: Any, name: str) -> None:
    message = await failure(returning(value))
    assert f"Step function go returned a list containing {name} instead of an Event instance." in message


async def test_a_list_within_the_list_is_an_error() -> None:
    assert "returned a list containing list instead of an Event" in await failure(returning([[Task(n=1)]]))


async def test_a_class_within_the_list_is_an_error() -> None:
    assert "returned a list containing" in await failure(returning([Task]))


@pytest.mark.parametrize("value", [[], [Task(n=1)]])
async def test_a_list_that_was_not_declared_is_an_error(value: Any) -> None:
    message = await failure(returning(value, Task | None))
    assert "Step function go returned list instead of an Event instance." in message


@pytest.mark.parametrize("value", [(Task(n=1),), {Task: 1}, 7])
async def test_something_else_in_place_of_a_list_is_an_error(value: Any) -> None:
    message = await failure(returning(value))
    assert f"Step function go returned {type(value).__name__} instead of an Event instance." in message


async def test_none_of_a_bad_list_is_sent() -> None:
    worked: list[int] = []

    class Bad(Squares):
        @step
        async def split(self, ev: StartEvent) -> list[Task]:
            return [Task(n=1), Task(n=2), 3]  # type: ignore[list-item]

        @step
        async def work(self, ev: Task) -> Done:
            worked.append(ev.n)
            return Done(n=ev.n)

    assert "containing int" in await failure(Bad())
    assert worked == []


async def test_nothing_can_be_sent_to_a_list_step_by_its_name() -> None:
    class Aims(Squares):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> list[Task]:
            ctx.send_event(Done(n=1), step="gather")
            return []

    message = await failure(Aims())
    assert "Done" in message
    assert "'gather'" in message


async def test_nothing_can_be_sent_to_a_list_step_from_outside_either() -> None:
    handler = Squares().run(count=2, delays={1: 1})
    await asyncio.sleep(0.5)
    with pytest.raises(WorkflowRuntimeError, match="'gather'"):
        await handler.send_event(Done(n=1), step="gather")

    assert await handler == [0, 1]
