"""Values that JSON would take for something else: subclasses of the plain types, and numbers that JSON lacks."""

from __future__ import annotations

import json
import math
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag, StrEnum
from typing import Any, NamedTuple

import pytest
from pydantic import Field

from tests.flows import Line
from tests.moments import saved
from wfkit import Context, ContextSerdeError, DictState, Event, JsonSerializer, StopEvent
from wfkit.serialize import TAG


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Ratio(float):
    pass


class Row(list[Any]):
    pass


class Bag(set[Any]):
    pass


class Triple(tuple[Any, ...]):
    __slots__ = ()


class Pair(NamedTuple):
    one: int
    two: str


class Colour(StrEnum):
    RED = "red"


class Old(str, Enum):  # noqa: UP042 - many write it so
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Flag(IntFlag):
    A = 1
    B = 2


@dataclass
class Point:
    x: Any


SUBCLASSES: list[tuple[Any, str]] = [
    (OrderedDict(a=1), "dict"),
    (defaultdict(list, {"a": [1]}), "dict"),
    (Counter("aab"), "dict"),
    (DictState(a=1), "dict"),
    (Row([1]), "list"),
    (Triple((1,)), "tuple"),
    (Pair(1, "x"), "tuple"),
    (Bag({1}), "set"),
    (Text("x"), "str"),
    (Number(1), "int"),
    (Ratio(1.5), "float"),
]
ENUMS: list[Any] = [Colour.RED, Old.RED, Level.HIGH, Flag.A | Flag.B]
PLACES: list[Callable[[Any], Any]] = [
    lambda value: value,
    lambda value: [1, value],
    lambda value: {"a": (value,)},
    lambda value: Event(x=value),
    lambda value: Event(x={"a": [value]}),
    lambda value: StopEvent(result=[value]),
]


class Declared(Event):
    """Says what its fields are."""

    ordered: OrderedDict[str, Any] | None = None
    groups: defaultdict[str, list[int]] | None = None
    counts: Counter[str] | None = None
    queue: deque[int] | None = None
    pair: Pair | None = None
    pairs: list[Pair] = Field(default_factory=list)
    colour: Colour | None = None
    colours: dict[Old, list[Colour]] = Field(default_factory=dict)
    palette: set[Colour] = Field(default_factory=set)
    level: Level | None = None
    flag: Flag | None = None
    point: Point | None = None
    number: float = 0.0
    any: Any = None
    bag: list[Any] = Field(default_factory=list)
    table: dict[str, Any] = Field(default_factory=dict)


def round_trip(value: Any) -> Any:
    """Write a value to strict JSON and read it again."""
    serializer = JsonSerializer(allowed_types=[Declared])
    text = json.dumps(serializer.encode(value), allow_nan=False)
    return JsonSerializer(allowed_types=[Declared]).deserialize(text)


# -- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("value", "base"), SUBCLASSES, ids=lambda each: type(each).__name__)
def test_a_value_of_a_subclass_is_refused_and_told_what_it_would_be(value: Any, base: str, place: Any) -> None:
    kind = type(value).__name__
    with pytest.raises(ContextSerdeError, match=rf"{kind} as JSON: .*come back as a plain {base}.*field as {kind}\."):
        JsonSerializer().serialize(place(value))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", ENUMS, ids=repr)
def test_a_member_of_an_enum_is_refused_and_told_of_its_value(value: Any, place: Any) -> None:
    with pytest.raises(ContextSerdeError, match=rf"Declare the event's field as {type(value).__name__}.*its \.value\."):
        JsonSerializer().serialize(place(value))


@pytest.mark.parametrize(
    "make",
    [
        lambda value: Declared(any=value),
        lambda value: Declared(bag=[value]),
        lambda value: Declared(bag=[[{"deep": (value,)}]]),
        lambda value: Declared(table={"a": value}),
        lambda value: Declared(ordered=OrderedDict(a=value)),
        lambda value: Declared(point=Point(x=value)),
        lambda value: Declared(point=Point(x=[value])),
    ],
)
@pytest.mark.parametrize("value", [*(each[0] for each in SUBCLASSES), *ENUMS], ids=repr)
def test_a_field_that_says_nothing_of_the_type_does_not_take_it_away(value: Any, make: Any) -> None:
    with pytest.raises(ContextSerdeError, match=r"Field '\w+' of Declared: "):
        JsonSerializer(allowed_types=[Declared]).serialize(make(value))


@pytest.mark.parametrize("key", [Text("a"), Number(1), Colour.RED, Level.HIGH, Pair(1, "x")], ids=repr)
def test_a_key_is_a_value_like_any_other(key: Any) -> None:
    with pytest.raises(ContextSerdeError, match=f"{type(key).__name__} as JSON"):
        JsonSerializer().serialize({key: 1})


def test_a_set_with_members_of_enums_in_it_is_refused() -> None:
    for value in ({Colour.RED}, frozenset({1, Level.HIGH})):
        with pytest.raises(ContextSerdeError, match="Declare the event's field"):
            JsonSerializer().serialize(value)


async def test_the_state_refuses_it_too() -> None:
    context: Context[Any] = Context(Line())
    await context.store.set("groups", {"inner": defaultdict(list)})
    with pytest.raises(
        ContextSerdeError, match=r"key '?groups'?: Cannot write a value of type collections\.defaultdict"
    ):
        context.to_dict()


# -- kept where it is declared ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        Declared(ordered=OrderedDict(b=1, a=[2])),
        Declared(ordered=OrderedDict({TAG: "not a tag", "value": {TAG: 1}})),
        Declared(groups=defaultdict(list, {"a": [1]})),
        Declared(counts=Counter("aab")),
        Declared(queue=deque([1, 2])),
        Declared(pair=Pair(1, "x"), pairs=[Pair(2, "y")]),
        Declared(colour=Colour.RED, colours={Old.RED: [Colour.RED]}, palette={Colour.RED}),
        Declared(level=Level.HIGH, flag=Flag.B),
        Declared(point=Point(1)),
        Declared(point=Point([1, {"a": None}])),
    ],
    ids=repr,
)
def test_a_declared_field_gives_the_type_back(event: Declared) -> None:
    again = round_trip(event)
    assert again == event
    assert repr(again) == repr(event)


# -- numbers that JSON lacks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan], ids=repr)
@pytest.mark.parametrize("place", PLACES)
def test_numbers_that_json_lacks_return(value: float, place: Any) -> None:
    assert repr(round_trip(place(value))) == repr(place(value))


def test_they_are_written_so_that_any_reader_of_json_takes_them() -> None:
    encoded = JsonSerializer().encode([math.nan, math.inf, 1.5])
    assert encoded == [{TAG: "float", "value": "nan"}, {TAG: "float", "value": "inf"}, 1.5]
    assert json.loads(JsonSerializer().serialize(math.inf)) == {TAG: "float", "value": "inf"}


def test_what_an_earlier_version_wrote_for_them_is_read() -> None:
    assert JsonSerializer().deserialize("[Infinity, -Infinity]") == [math.inf, -math.inf]
    assert math.isnan(JsonSerializer().deserialize("NaN"))


def test_they_return_in_fields_keys_and_decimals() -> None:
    assert round_trip(Declared(number=math.inf, any=-math.inf)) == Declared(number=math.inf, any=-math.inf)
    assert round_trip({math.inf: 1}) == {math.inf: 1}
    assert str(round_trip(Decimal("NaN"))) == "NaN"


@pytest.mark.parametrize("content", ["x", None, [], {}, "", [1]], ids=repr)
def test_a_damaged_number_is_refused(content: Any) -> None:
    with pytest.raises(ContextSerdeError):
        JsonSerializer().decode({TAG: "float", "value": content})


async def test_a_snapshot_with_them_is_strict_json() -> None:
    workflow = Line()
    handler = workflow.run(x=math.nan, y=[math.inf])
    await handler.ctx.store.set("lowest", -math.inf)
    text = json.dumps(handler.ctx.to_dict(), allow_nan=False)
    await handler.cancel_run()
    context: Context[Any] = Context.from_dict(Line(), json.loads(text))
    assert await context.store.get("lowest") == -math.inf
    assert saved(context) == json.loads(text)
