"""Events: declared and undeclared fields side by side."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pydantic import PrivateAttr, ValidationError

from wfkit import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowTimedOutEvent,
)


class Query(Event):
    text: str
    tries: int = 1


class Done(StopEvent):
    out: str


def both() -> Query:
    return Query(text="hi", tries=2, who="Ada")


# -- fields -----------------------------------------------------------------------------------------------------------


def test_declared_fields_are_validated_and_others_are_kept() -> None:
    assert (both().text, both().tries, both().get("who")) == ("hi", 2, "Ada")
    assert Query(text="hi", tries="3").tries == 3


@pytest.mark.parametrize("fields", [{}, {"text": "hi", "tries": "many"}])
def test_a_declared_field_that_is_missing_or_wrong_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Query(**fields)


def test_there_are_no_positional_arguments() -> None:
    with pytest.raises(TypeError):
        Query("hi")  # type: ignore[call-arg]


@pytest.mark.parametrize(("key", "value"), [("text", "hi"), ("tries", 2), ("who", "Ada")])
def test_every_way_of_reading_sees_both_kinds_of_field(key: str, value: object) -> None:
    event = both()

    assert getattr(event, key) == event[key] == event.get(key) == event.to_dict()[key] == dict(event)[key] == value
    assert key in event
    assert key in event.keys()  # noqa: SIM118
    assert value in event.values()
    assert (key, value) in event.items()


def test_what_is_missing_is_missing() -> None:
    event = both()

    assert not hasattr(event, "zz")
    assert "zz" not in event
    assert (event.get("zz"), event.get("zz", 7), event.get("zz", default=7)) == (None, 7, 7)
    with pytest.raises(AttributeError, match="'Query' object has no attribute 'zz'"):
        event.zz  # type: ignore[attr-defined, unused-ignore]  # noqa: B018
    with pytest.raises(KeyError, match="zz"):
        event["zz"]


def test_every_way_of_writing_reaches_both_kinds_of_field() -> None:
    event = both()
    event.text = "bye"
    event["tries"] = 3
    event["who"] = "Bob"
    event["new"] = True

    assert dict(event) == {"text": "bye", "tries": 3, "who": "Bob", "new": True}


def test_it_iterates_over_its_keys_and_counts_them() -> None:
    assert (list(both()), len(both())) == (["text", "tries", "who"], 3)


def test_an_event_without_fields_is_still_true() -> None:
    assert Event()
    assert len(Event()) == 0


@pytest.mark.parametrize("name", ["get", "values", "items", "to_dict"])
def test_a_field_may_have_the_name_of_a_mapping_method(name: str) -> None:
    event = Event(**{name: [1]})

    assert (event[name], getattr(event, name)) == ([1], [1])


def test_an_event_with_a_field_called_keys_can_still_be_spread() -> None:
    event = Event(keys=[1], other=2)
    assert event["keys"] == [1]
    assert dict(event) == {**event} == {"keys": [1], "other": 2}


def test_a_declared_field_may_have_the_name_of_a_mapping_method() -> None:
    class Basket(Event):
        items: list[str]  # type: ignore[assignment]

    assert Basket(items=["egg"]).items == ["egg"]
    with pytest.raises(ValidationError):
        Basket()  # type: ignore[call-arg]


def test_private_attributes_stay_private() -> None:
    class Secretive(Event):
        _notes: list[str] = PrivateAttr(default_factory=list)

    event = Secretive(x=1)
    event._notes.append("seen")

    assert (list(event), event._notes) == (["x"], ["seen"])


def test_a_subclass_may_have_an_init_of_its_own() -> None:
    class Sum(Event):
        total: int

        def __init__(self, *parts: int, **data: Any) -> None:
            super().__init__(total=sum(parts), **data)

    assert dict(Sum(1, 2, who="Ada")) == {"total": 3, "who": "Ada"}


# -- as values --------------------------------------------------------------------------------------------------------


def test_equality_counts_undeclared_fields() -> None:
    assert StartEvent(x=1) == StartEvent(x=1)
    assert StartEvent(x=1) != StartEvent(x=2)
    assert StartEvent(x=1) != Event(x=1)


def test_the_repr_shows_both_kinds_of_field() -> None:
    assert repr(both()) == "Query(text='hi', tries=2, who='Ada')"
    assert repr(StartEvent(topic="pirates")) == "StartEvent(topic='pirates')"


@pytest.mark.parametrize("event", [both(), StartEvent(topic="x"), StopEvent(result=[1], foo=2), StopEvent(), Event()])
def test_every_kind_of_copy_is_equal(event: Event) -> None:
    again = [
        copy.copy(event),
        copy.deepcopy(event),
        event.model_copy(),
        pickle.loads(pickle.dumps(event)),
        type(event).model_validate(event.model_dump()),
        type(event).model_validate_json(event.model_dump_json()),
    ]

    assert again == [event] * 6
    assert [repr(twin) for twin in again] == [repr(event)] * 6


def test_a_copy_does_not_share_undeclared_fields() -> None:
    event = both()
    twin = event.model_copy()
    twin["who"] = "Bob"

    assert event["who"] == "Ada"


# -- the special ones -------------------------------------------------------------------------------------------------


def test_a_stop_takes_its_result_by_position_or_by_name() -> None:
    assert StopEvent(1) == StopEvent(result=1)
    assert (StopEvent("x").result, StopEvent().result) == ("x", None)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (StopEvent(), "StopEvent()"),
        (StopEvent(result=1), "StopEvent(result=1)"),
        (Done(out="x"), "Done(out='x')"),
        (Done(out="x", result=5), "Done(result=5, out='x')"),
    ],
)
def test_the_repr_of_a_stop_leaves_an_empty_result_out(event: StopEvent, text: str) -> None:
    assert repr(event) == text


def test_a_stop_prints_as_its_result() -> None:
    assert str(StopEvent(result=[1, 2])) == "[1, 2]"


def test_a_stop_keeps_everything_in_a_dump() -> None:
    assert StopEvent(result=1, foo=2).model_dump() == {"result": 1, "foo": 2}


@pytest.mark.parametrize("kind", [WorkflowTimedOutEvent, WorkflowCancelledEvent, WorkflowFailedEvent])
def test_every_end_of_a_run_is_a_stop(kind: type) -> None:
    assert issubclass(kind, StopEvent)


def test_questions_and_answers_are_plain_events() -> None:
    assert dict(InputRequiredEvent(prefix="name?")) == {"prefix": "name?"}
    assert dict(HumanResponseEvent(response="Ada")) == {"response": "Ada"}


def test_text_in_a_field_named_like_a_secret_is_masked_where_it_is_shown() -> None:
    event = Event(api_key="sk-1", password=b"pw", max_tokens=5, text="hello")
    assert repr(event) == "Event(api_key='****', password='****', max_tokens=5, text='hello')"
    assert "sk-1" not in str(event)
    assert event.api_key == "sk-1"
    nested = Event(data={"user": "Ann", "token": "sk-2"}, inner=Event(n=["x"], api_keys=["sk-3"]))
    assert repr(nested) == ("Event(data={'user': 'Ann', 'token': '****'}, inner=Event(n=['x'], api_keys='****'))")


def test_a_missing_field_is_told_with_those_that_are_there() -> None:
    with pytest.raises(
        AttributeError, match=r"'StartEvent' object has no attribute 'topc'. Its fields: topic, n\."
    ) as error:
        _ = StartEvent(topic="pirates", n=1).topc
    assert (error.value.name, type(error.value.obj)) == ("topc", StartEvent)
    with pytest.raises(AttributeError, match="Its fields: none"):
        _ = StartEvent().topic
    assert not hasattr(StartEvent(), "topic")
