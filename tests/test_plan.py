"""A workflow's steps, compiled: who takes which event, and in what order."""

from __future__ import annotations

import pytest

from tests.flows import Ask, Left, Line, Middle, Question, Right
from wfkit import Event, InputRequiredEvent, StartEvent, StopEvent, Workflow, step
from wfkit.plan import Plan


class Special(Middle):
    """More than a Middle."""


class Many(Workflow):
    """Steps in no order."""

    @step
    async def zebra(self, ev: StartEvent) -> Middle: ...  # type: ignore[empty-body]

    @step
    async def ant(self, ev: StartEvent | Middle) -> StopEvent: ...  # type: ignore[empty-body]

    @step(accept_event_subclasses=True)
    async def mole(self, ev: Middle) -> None: ...


@step(workflow=Many)
async def yak(ev: StartEvent) -> None: ...


@step(workflow=Many)
async def bee(ev: StartEvent) -> None: ...


def plan() -> Plan:
    return Many.__wfkit_plan__()


def test_methods_come_in_alphabetical_order_then_functions_as_registered() -> None:
    assert [spec.name for spec in plan().steps] == ["ant", "mole", "zebra", "yak", "bee"]


def test_an_event_goes_to_every_step_that_takes_its_type_exactly() -> None:
    assert plan().route(StartEvent).names == ("ant", "zebra", "yak", "bee")
    assert plan().route(Middle).names == ("ant", "mole")


def test_a_subclass_goes_only_where_subclasses_are_welcome() -> None:
    assert plan().route(Special).names == ("mole",)


def test_an_event_that_nobody_takes_goes_nowhere() -> None:
    assert plan().route(Left).names == ()


def test_a_stop_is_never_routed() -> None:
    class Everything(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent: ...  # type: ignore[empty-body]

        @step(accept_event_subclasses=True)
        async def hear(self, ev: Event) -> None: ...

    found = Everything.__wfkit_plan__()

    assert found.route(Left).names == ("hear",)
    assert found.route(StopEvent).names == ()
    assert found.route(StopEvent).ends


def test_a_class_defined_again_is_the_same_class() -> None:
    again = type("Middle", (Event,), {"__module__": Middle.__module__, "__qualname__": Middle.__qualname__})
    other = type("Middle", (Event,), {"__module__": "elsewhere", "__qualname__": "Middle"})

    assert plan().route(again).names == ("ant", "mole")
    assert plan().route(other).names == ()


def test_questions_are_marked() -> None:
    assert Ask.__wfkit_plan__().route(Question).asks
    assert Ask.__wfkit_plan__().route(InputRequiredEvent).asks
    assert not plan().route(Middle).asks


def test_events_come_once_in_order_of_appearance() -> None:
    assert plan().events == (StartEvent, Middle, StopEvent)


def test_people_take_part_when_asked_or_heard() -> None:
    assert Ask.__wfkit_plan__().asks_people
    assert not Line.__wfkit_plan__().asks_people


def test_a_plan_never_changes() -> None:
    class Flow(Line):
        pass

    before = Flow.__wfkit_plan__()

    @step(workflow=Flow)
    async def extra(ev: Middle) -> None: ...

    assert [spec.name for spec in before.steps] == ["first", "second"]
    assert [spec.name for spec in Flow.__wfkit_plan__().steps] == ["first", "second", "extra"]


@pytest.mark.parametrize("kind", [Left, Right])
def test_the_answer_is_kept(kind: type[Event]) -> None:
    found = plan()

    assert found.route(kind) is found.route(kind)
