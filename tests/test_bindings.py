"""Which steps gather which lists: read off the signatures, quickly, however the lists are nested."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows import Answer, Item, Left, Question, Result, Right
from wfkit import StartEvent, StepFailedEvent, StopEvent, Workflow, WorkflowValidationError, catch_error, step
from wfkit.bindings import bind
from wfkit.steps import StepSpec


class Nested(Workflow):
    """A list of lists, each gathered."""

    @step
    async def begin(self, ev: StartEvent) -> list[Left]: ...  # type: ignore[empty-body]

    @step
    async def split(self, ev: Left) -> list[Item]: ...  # type: ignore[empty-body]

    @step
    async def work(self, ev: Item) -> Result: ...  # type: ignore[empty-body]

    @step
    async def gather(self, evs: list[Result]) -> Right: ...  # type: ignore[empty-body]

    @step
    async def whole(self, evs: list[Right]) -> StopEvent: ...  # type: ignore[empty-body]


def names(workflow: type[Workflow]) -> dict[str, list[str]]:
    """Return which steps gather which step's list, by name."""
    steps = workflow.__wfkit_plan__().steps
    found = bind(steps).collectors
    return {steps[source].name: [steps[index].name for index in gatherers] for source, gatherers in found.items()}


def test_each_list_is_gathered_on_its_own_level() -> None:
    assert names(Nested) == {"begin": ["whole"], "split": ["gather"]}
    assert Nested().validate() is False


def test_a_list_that_leads_back_to_itself_is_bound_as_well() -> None:
    class Tree(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[Item]: ...  # type: ignore[empty-body]

        @step
        async def split(self, ev: Item) -> list[Item] | Result: ...  # type: ignore[empty-body]

        @step
        async def gather(self, evs: list[Result]) -> Result | StopEvent: ...  # type: ignore[empty-body]

    assert names(Tree) == {"begin": ["gather"], "split": ["gather"]}


def test_steps_that_feed_each_other_are_looked_at_a_few_times_each(monkeypatch: pytest.MonkeyPatch) -> None:
    class Agent(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[Item]: ...  # type: ignore[empty-body]

        @step
        async def gather(self, evs: list[Result]) -> StopEvent: ...  # type: ignore[empty-body]

    for number in range(12):

        async def tool(ev: Item) -> list[Item] | Result: ...  # type: ignore[empty-body]

        tool.__name__ = tool.__qualname__ = f"tool_{number}"
        step(workflow=Agent)(tool)
    asked = 0

    def takes(spec: StepSpec, event_type: type) -> bool:
        nonlocal asked
        asked += 1
        return event_type in spec.accepted

    monkeypatch.setattr(StepSpec, "takes", takes)
    assert len(names(Agent)) == 13
    assert 14 < asked < 2_000, "places must not be whole stacks of lists: 12 tools had 13**8 of them"


@pytest.mark.parametrize("wanted", [StartEvent, Answer])
def test_a_list_of_what_comes_from_outside_is_refused(wanted: Any) -> None:
    class Flow(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[Item]: ...  # type: ignore[empty-body]

        @step
        async def ask(self, ev: Item) -> Question: ...  # type: ignore[empty-body]

    async def gather(evs: Any) -> StopEvent: ...  # type: ignore[empty-body]

    gather.__annotations__["evs"] = list[wanted]
    step(workflow=Flow)(gather)
    with pytest.raises(WorkflowValidationError, match="but none comes of a step that returns a list"):
        Flow().validate()


def test_an_ordinary_step_that_takes_failures_is_told_of_catch_error() -> None:
    with pytest.raises(WorkflowValidationError, match="Write @catch_error instead of @step"):

        class Flow(Workflow):
            @step
            async def handle(self, ev: StepFailedEvent) -> StopEvent: ...  # type: ignore[empty-body]

    class Right_(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent: ...  # type: ignore[empty-body]

        @catch_error
        async def handle(self, ev: StepFailedEvent) -> StopEvent: ...  # type: ignore[empty-body]

    assert bind(Right_.__wfkit_plan__().steps).catchers == {0: 1}
