"""Which classes the serializer of a workflow knows: those that its steps name, and no others."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from tests.flows import Answer, Count
from wfkit import Context, ContextSerdeError, Event, JsonSerializer, StartEvent, StopEvent, Workflow, step


class Inner(BaseModel):
    """A model in a field."""

    n: int = 0


class State(BaseModel):
    """Typed state with a model in it."""

    inner: Inner = Field(default_factory=Inner)
    others: dict[str, list[Inner | None]] = Field(default_factory=dict)


class Rich(Event):
    """An event with a model in it."""

    inner: Inner = Field(default_factory=Inner)


class Stranger(Event):
    """No step names it."""


class Knows(Workflow):
    """Takes, makes and holds models of several kinds."""

    @step
    async def one(self, ctx: Context[State], ev: StartEvent) -> Rich:
        return Rich()

    @step
    async def two(self, ev: Rich | Answer) -> StopEvent | None:
        return StopEvent()


def own() -> JsonSerializer:
    """Return the serializer of the workflow."""
    return JsonSerializer.for_plan(Knows.__wfkit_plan__())


@pytest.mark.parametrize(
    "value",
    [
        Rich(inner=Inner(n=1)),
        Answer(text="x"),
        State(others={"a": [Inner(n=2), None]}),
        Inner(n=1),
        StopEvent(result=Inner(n=2)),
    ],
    ids=repr,
)
def test_a_workflows_own_classes_are_written_and_read(value: BaseModel) -> None:
    assert own().deserialize(own().serialize(value)) == value


@pytest.mark.parametrize("value", [Stranger(), Count(n=1)], ids=repr)
def test_a_class_that_the_workflow_does_not_name_is_refused(value: Event) -> None:
    with pytest.raises(ContextSerdeError, match=type(value).__name__):
        own().serialize(value)
    text = JsonSerializer(allowed_types=[type(value)]).serialize(value)
    with pytest.raises(ContextSerdeError, match=type(value).__name__):
        own().deserialize(text)


def test_a_class_local_to_a_function_can_be_known() -> None:
    class Local(Event):
        n: int

    serializer = JsonSerializer(allowed_types=[Local])
    assert serializer.deserialize(serializer.serialize(Local(n=1))) == Local(n=1)


def test_two_classes_of_one_name_in_different_places_are_kept_apart() -> None:
    def make() -> type[Event]:
        class Local(Event):
            a: int = 1

        return Local

    def other() -> type[Event]:
        class Local(Event):
            b: int = 2

        return Local

    first, second = make(), other()
    serializer = JsonSerializer(allowed_types=[first, second])
    for kind in (first, second):
        assert type(serializer.deserialize(serializer.serialize(kind()))) is kind


def test_classes_that_hold_each_other_are_both_known() -> None:
    class Node(BaseModel):
        n: int
        below: list[Node] = Field(default_factory=list)

    Node.model_rebuild(_types_namespace={"Node": Node})
    serializer = JsonSerializer(allowed_types=[Node])
    tree = Node(n=1, below=[Node(n=2)])
    assert serializer.deserialize(serializer.serialize(tree)) == tree
