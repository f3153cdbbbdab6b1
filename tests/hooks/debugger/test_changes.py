"""Other events, results and state in the place of what is there."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pytest
from pydantic import AliasChoices, BaseModel, Field, PrivateAttr, field_validator, model_validator

from tests.flows import Count, Item, Left, Loop, Middle, Result
from tests.shapes import Joins, Squares
from wfkit import Event, StopEvent, Workflow
from wfkit.events import CollectionReleaseEvent
from wfkit.hooks.debugger.changes import changed_event, check_event, check_result, fitting
from wfkit.plan import Plan
from wfkit.steps import StepSpec
from wfkit.store import DictState


def step_of(workflow: Workflow[Any], name: str) -> tuple[StepSpec, Plan]:
    """Return a step, and the plan it is in."""
    plan = workflow.__wfkit_plan__()
    return plan.steps[plan.by_name[name]], plan


STEP, PLAN = step_of(Loop(), "turn")


class Shouted(Event):
    """Makes another text of its text each time it is validated."""

    text: str
    n: int = 0

    @field_validator("text")
    @classmethod
    def shout(cls, text: str) -> str:
        """Add to the text."""
        return text + "!"


class Ordered(Event):
    """Has fields that are validated together."""

    low: int
    high: int
    _mark: int = PrivateAttr(default=0)

    @model_validator(mode="after")
    def in_order(self) -> Ordered:
        """Refuse the wrong order."""
        if self.low >= self.high:
            raise ValueError("low is below high")
        return self


class Frozen(Event, frozen=True):
    """Cannot be changed in place."""

    n: int = Field(validation_alias=AliasChoices("number", "n_"))
    m: int = Field(default=0, alias="emm")


class Private(Event):
    """Has what is no field."""

    n: int
    _mark: int = PrivateAttr(default=0)

    @cached_property
    def double(self) -> int:
        """Twice the number."""
        return 2 * self.n


# -- events ------------------------------------------------------------------------------------------------------


def test_only_what_changes_is_validated() -> None:
    event = Shouted(text="a")
    assert changed_event(event, {"n": "2"}, STEP) == Shouted.model_construct(text="a!", n=2)
    assert changed_event(event, {"text": "b"}, STEP).text == "b!"
    assert event.n == 0


def test_what_is_no_field_comes_along() -> None:
    event = Private(n=1, more=2)
    event._mark = 7
    assert event.double == 2
    twin = changed_event(event, {"n": 5, "more": 3}, STEP)
    assert isinstance(twin, Private)
    assert (twin.n, twin.more, twin._mark, twin.double) == (5, 3, 7, 10)
    assert (event.n, event.more, event.double) == (1, 2, 2)


def test_fields_that_are_validated_together_are_changed_together() -> None:
    event = Ordered(low=1, high=2)
    event._mark = 7
    twin = changed_event(event, {"low": 10, "high": 20}, STEP)
    assert isinstance(twin, Ordered)
    assert (twin.low, twin.high, twin._mark) == (10, 20, 7)
    with pytest.raises(ValueError, match=r"^Ordered does not take that: .*low is below high\.$"):
        changed_event(event, {"low": 10}, STEP)


def test_what_is_frozen_or_has_aliases_is_made_whole() -> None:
    event = Frozen(number=1, emm=2)
    assert changed_event(event, {"n": 5}, STEP) == Frozen(number=5, emm=2)
    assert changed_event(event, {"m": 5}, STEP) == Frozen(number=1, emm=5)


def test_an_error_has_no_values_in_it() -> None:
    class Login(Event):
        password: int = 1

    for wrong in ("hunter2", ["hunter2"]):
        with pytest.raises(ValueError, match="Login does not take that: password: does not fit") as caught:
            changed_event(Login(), {"password": wrong}, STEP)
        assert "hunter2" not in str(caught.value)


# -- events that are gathered ------------------------------------------------------------------------------------


def gathered(*events: Event) -> CollectionReleaseEvent:
    """Return what a step that gathers is called with."""
    return CollectionReleaseEvent(events=list(events), stream_id="s", binding_id="b")


def test_gathered_events_are_of_the_types_that_the_step_gathers() -> None:
    gather, plan = step_of(Squares(), "gather")
    event = gathered(Result(n=1))
    changed = changed_event(event, {"events": [Result(n=2), {"n": 3}]}, gather)
    assert changed.events == [Result(n=2), Result(n=3)]
    assert [type(each) for each in changed.events] == [Result, Result]
    assert changed_event(event, {"events": []}, gather).events == []
    for wrong, text in (
        ([Item(n=1)], "Step 'gather' gathers Result, not Item"),
        ([{"n": "x"}], "Result does not take that: n: "),
        ([{"m": 1}], "Result does not take that: n: "),
        ([3], "gathers Result, not int"),
        ("text", "gathers a list of events, not str"),
    ):
        with pytest.raises(ValueError, match=text):
            changed_event(event, {"events": wrong}, gather)
    with pytest.raises(ValueError, match="gathers Result, not Item"):
        check_event(gathered(Item(n=1)), gather, event, plan)
    check_event(gathered(Result(n=5)), gather, event, plan)
    with pytest.raises(TypeError, match="does not take Result"):
        check_event(Result(n=1), gather, event, plan)


def test_a_dictionary_is_no_event_where_several_types_are_joined() -> None:
    join, _ = step_of(Joins(), "join")
    with pytest.raises(ValueError, match="gathers Left, Right, not dict"):
        changed_event(gathered(Left()), {"events": [{}]}, join)


# -- what a step gets and returns --------------------------------------------------------------------------------


def test_a_step_gets_what_it_takes() -> None:
    check_event(Count(n=1), STEP, Count(n=2), PLAN)
    with pytest.raises(TypeError, match=r"Step 'turn' does not take Item\. It takes Count"):
        check_event(Item(n=1), STEP, Count(n=2), PLAN)
    with pytest.raises(TypeError) as caught:
        check_event({"password": "hunter2"}, STEP, Count(n=2), PLAN)
    assert "hunter2" not in str(caught.value)


def test_a_result_is_something_that_a_step_can_return() -> None:
    split, _ = step_of(Squares(), "split")
    check_result([Item(n=1)], split)
    check_result([], split)
    check_result(None, split)
    check_result(StopEvent(), STEP)
    check_result(Middle(text=""), STEP)
    for wrong in ([Middle(text="x")], Item(n=1), 3):
        with pytest.raises(
            TypeError, match=r"Step 'split' returns a list of Item, an event or None, not .* It declares"
        ):
            check_result(wrong, split)
    with pytest.raises(TypeError) as caught:
        check_result({"password": "hunter2", "text": "x" * 1_000}, STEP)
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) < 300


# -- state -------------------------------------------------------------------------------------------------------


class Person(BaseModel):
    """A part of a state."""

    name: str = ""
    password: int = 0


class Typed(BaseModel):
    """A state with a type."""

    count: int = 0
    person: Person = Person()
    tags: list[str] = []  # pydantic copies it


def test_typed_state_takes_what_it_declares() -> None:
    state = Typed(tags=["a"])
    assert fitting(state, "count", "3") == 3
    assert fitting(state, "person.name", "Ada") == "Ada"
    assert fitting(state, "tags.0", "b") == "b"
    for path, wrong, text in (
        ("count", "x", "^Typed does not take that: count: "),
        ("person.name", [1], "^Person does not take that: name: "),
        ("person.password", "hunter2", r"^Person does not take that: password: does not fit\.$"),
        ("tags.0", 5, r"^Typed does not take that: tags\.0: "),
        ("nothing", 5, "nothing"),
    ):
        with pytest.raises(ValueError, match=text):
            fitting(state, path, wrong)
    assert state == Typed(tags=["a"])


def test_untyped_state_takes_anything_but_for_the_models_in_it() -> None:
    state = DictState(person=Person(), deep={"person": Person()}, n=1)
    for path in ("n", "new", "new.deep", "deep.other", "_private"):
        assert fitting(state, path, [1]) == [1]
    for path in ("person.name", "deep.person.name"):
        with pytest.raises(ValueError, match="Person does not take that: name"):
            fitting(state, path, 5)
