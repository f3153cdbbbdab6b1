"""Values to text and back: what returns as it was, and what is refused with a hint."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field, RootModel, field_validator

from wfkit import (
    ContextSerdeError,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    JsonSerializer,
    StartEvent,
    StopEvent,
)
from wfkit.serialize import TAG


class Colour(Enum):
    """One of two."""

    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    """A model inside a model."""

    n: int = 0
    when: date | None = None


class Special(Inner):
    """Another one."""

    more: str = ""


class Rich(Event):
    """An event with fields of many kinds."""

    inner: Inner = Field(default_factory=Inner)
    inners: list[Inner] = Field(default_factory=list)
    by_name: dict[str, Inner] = Field(default_factory=dict)
    pair: tuple[int, str] = (0, "")
    colour: Colour = Colour.RED
    url: AnyUrl | None = None
    anything: Any = None
    bag: list[Any] = Field(default_factory=list)


class Aliased(Event):
    """Its field has another name outside."""

    inside: int = Field(alias="outside")


class Numbers(RootModel[list[int]]):
    """A model that is a list."""


class Holder(Event):
    """Holds such a list."""

    numbers: Numbers


class Stripped(Event):
    """Its validator has been at work already when it is written."""

    text: str

    @field_validator("text")
    @classmethod
    def bare(cls, value: str) -> str:
        """Take the blanks away."""
        return value.strip()


@dataclass
class Point:
    """Something we do not know how to write."""

    x: int


KNOWN: list[type[BaseModel]] = [Rich, Special, Aliased, Holder, Stripped]


def known() -> JsonSerializer:
    """Return a serializer that knows the models above."""
    return JsonSerializer(allowed_types=KNOWN)


def round_trip(value: Any) -> Any:
    """Write a value to text and read it again with another serializer."""
    return known().deserialize(known().serialize(value))


def same(value: Any, other: Any) -> bool:
    """Whether two values are equal and of equal types all the way down."""
    if type(value) is not type(other) or value != other:
        return False
    if isinstance(value, (list, tuple)):
        return all(same(one, two) for one, two in zip(value, other, strict=True))
    if isinstance(value, dict):
        return all(same(one, two) for one, two in zip(value.items(), other.items(), strict=True))
    return True


# -- there and back ----------------------------------------------------------------------------------------------

ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(), st.uuids()
) | st.one_of(st.dates(), st.times(), st.timedeltas(), st.datetimes(timezones=st.none() | st.just(UTC)))
HASHABLE = ATOMS | st.tuples(ATOMS, ATOMS) | st.frozensets(ATOMS, max_size=2)
VALUES = st.recursive(
    ATOMS | st.decimals(allow_nan=False) | st.sets(HASHABLE, max_size=3) | st.frozensets(HASHABLE, max_size=3),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from([TAG, "value", "a", ""]), inner, max_size=3),
        st.dictionaries(HASHABLE, inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(VALUES)
def test_data_return_as_they_were(value: Any) -> None:
    assert same(round_trip(value), value)


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name != "result"), VALUES, max_size=3), VALUES)
def test_events_return_with_undeclared_fields(fields: dict[str, Any], result: Any) -> None:
    event = StopEvent.model_validate({**fields, "result": result})
    again = round_trip(event)
    assert type(again) is StopEvent
    assert same(again.result, result)
    assert same(again.model_extra, event.model_extra)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        time(1, 2, 3, tzinfo=UTC),
        timedelta(days=-3, seconds=1, microseconds=7),
        Decimal("1.10"),
        UUID(int=7),
        b"\x00\xff",
        {1: "one", (2, 3): "pair", None: 0},
        {TAG: "set", "value": [1]},
        {TAG: 1},
        {"a": {TAG: {TAG: {}}}},
        "\ud800",
        float("inf"),
        -0.0,
        10**30,
        (),
        [(), set(), frozenset(), {}],
    ],
    ids=repr,
)
def test_odd_values_return_as_they_were(value: Any) -> None:
    assert same(round_trip(value), value)
    assert repr(round_trip(value)) == repr(value)


@pytest.mark.parametrize(
    "event",
    [
        Event(),
        Event(items=[1], get="x", keys={1: 2}),
        StartEvent(topic="pirates"),
        StopEvent(),
        StopEvent(result=(1, {2})),
        InputRequiredEvent(prefix="?"),
        HumanResponseEvent(response="!"),
        Rich(),
        Rich(inner=Inner(n=1, when=date(2024, 1, 2)), pair=(1, "x"), colour=Colour.BLUE),
        Rich(inners=[Inner(n=1), Special(n=2, more="x")], by_name={"a": Inner(n=3)}),
        Rich(inner=Special(more="kept")),
        Rich(url=AnyUrl("https://example.org/a")),
        Rich(anything=Event(inside=StopEvent(result=1))),
        Rich(anything=[Inner(n=4), (Inner(n=5),)]),
        Stripped(text=" x "),
        Aliased(outside=1),
        Holder(numbers=Numbers([1, 2])),
    ],
    ids=repr,
)
def test_events_return_as_they_were(event: Event) -> None:
    again = round_trip(event)
    assert type(again) is type(event)
    assert again == event
    assert repr(again) == repr(event)


def test_what_a_model_excludes_is_not_written() -> None:
    class Secretive(Event):
        shown: int = 1
        hidden: Any = Field(default=None, exclude=True)

    serializer = JsonSerializer(allowed_types=[Secretive])
    text = serializer.serialize(Secretive(hidden=object()))
    assert "hidden" not in text
    assert serializer.deserialize(text) == Secretive()


def test_writing_leaves_the_value_alone() -> None:
    value = {"a": [Rich(anything={1, 2})]}
    known().encode(value)
    assert value == {"a": [Rich(anything={1, 2})]}


def test_what_is_encoded_is_plain_json() -> None:
    encoded = JsonSerializer().encode({"t": (1, {2}), "e": StopEvent(result=b"x")})
    assert json.loads(json.dumps(encoded)) == encoded


# -- refused when written ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [object(), lambda: 0, Point(1), Colour.RED, open, sys, 1j, iter([])],
    ids=lambda value: type(value).__name__,
)
def test_a_value_of_another_type_is_refused_with_a_hint(value: Any) -> None:
    with pytest.raises(ContextSerdeError, match=r"(?s)Cannot write a value of type .* live objects in attributes"):
        JsonSerializer().serialize({"a": [value]})


def test_the_error_names_the_field_and_the_type() -> None:
    with pytest.raises(ContextSerdeError, match=r"Field 'anything' of Rich: .*builtins\.object"):
        known().serialize(Rich(anything=[object()]))


def test_the_error_names_the_way_through_nested_models() -> None:
    with pytest.raises(ContextSerdeError, match=r"Field 'anything' of Rich: Field 'result' of StopEvent: "):
        known().serialize(Rich(anything=StopEvent(result=object())))


@pytest.mark.parametrize("value", [Point(1), Colour.RED, [Colour.RED, (1, 2)], {"a": Point(1)}], ids=repr)
@pytest.mark.parametrize(
    "make", [lambda value: Event(x=value), lambda value: Rich(anything=value), lambda value: Rich(bag=[value])]
)
def test_what_would_return_as_something_else_is_refused(make: Callable[[Any], Event], value: Any) -> None:
    with pytest.raises(ContextSerdeError, match=r"Field '(x|anything|bag)' of (Event|Rich)"):
        known().serialize(make(value))


def test_an_unknown_subclass_in_a_field_is_refused_and_not_cut_down_to_its_parent() -> None:
    serializer = JsonSerializer(allowed_types=[Rich])
    with pytest.raises(ContextSerdeError, match=r"Field 'inner' of Rich: .*Special"):
        serializer.serialize(Rich(inner=Special(n=1, more="lost")))


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ContextSerdeError):
        JsonSerializer().serialize(endless)
    with pytest.raises(ContextSerdeError, match="contains itself"):
        JsonSerializer().serialize(Event(loop=endless))


def test_a_broken_repr_does_not_hide_the_message() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(ContextSerdeError, match="Hostile, not showable"):
        JsonSerializer().serialize(Hostile())


def test_a_long_value_is_cut_in_the_message() -> None:
    class Long:
        def __repr__(self) -> str:
            return "x" * 10_000

    with pytest.raises(ContextSerdeError) as caught:
        JsonSerializer().serialize(Long())
    assert len(str(caught.value)) < 400


# -- refused when read -------------------------------------------------------------------------------------------


def test_an_unknown_class_is_refused_with_a_hint_when_written_and_when_read() -> None:
    for refuse in (
        lambda: JsonSerializer().serialize([Rich()]),
        lambda: JsonSerializer().deserialize(known().serialize([Rich()])),
    ):
        with pytest.raises(ContextSerdeError, match=r"test_serialize:Rich'.*allowed_types=\["):
            refuse()


@pytest.mark.parametrize("name", ["this:Thing", "antigravity:fly", "os:system", "tests.flows:Line", "subprocess.Popen"])
def test_reading_never_imports_what_the_data_name(name: str) -> None:
    before = set(sys.modules)
    with pytest.raises(ContextSerdeError, match="not among those"):
        JsonSerializer().deserialize(json.dumps({TAG: name, "value": {}}))
    assert set(sys.modules) == before


def test_data_that_do_not_fit_the_class_are_refused() -> None:
    encoded = known().encode(Stripped(text="x"))
    encoded["value"]["text"] = [1]
    with pytest.raises(ContextSerdeError, match="The data do not fit Stripped"):
        known().decode(encoded)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        '{"__type__": "dict", "value": 5}',
        '{"__type__": "dict", "value": [[[], 1]]}',
        '{"__type__": "dict", "value": [[1]]}',
        '{"__type__": "UUID", "value": "x"}',
        '{"__type__": "UUID", "value": 5}',
        '{"__type__": "Decimal", "value": "x"}',
        '{"__type__": "Decimal"}',
        '{"__type__": "set", "value": [[]]}',
        '{"__type__": "tuple", "value": 5}',
        '{"__type__": "bytes", "value": "a"}',
        '{"__type__": "datetime", "value": "yesterday"}',
        '{"__type__": "timedelta", "value": [1e400, 0, 0]}',
        '{"__type__": [1], "value": 1}',
        '{"__type__": null}',
        '{"__type__": "wfkit.events:StopEvent"}',
        '{"__type__": "wfkit.events:StopEvent", "value": 5}',
        "[" * 100_000,
        "1" * 5_000,
    ],
    ids=lambda text: text[:50],
)
def test_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(ContextSerdeError):
        JsonSerializer().deserialize(text)
