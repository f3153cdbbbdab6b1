"""Forms for fields of every shape that people write: what is shown is read as what stood there."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import UUID

import pytest
from pydantic import AliasPath, BaseModel, ConfigDict, Field, Json, PrivateAttr, SecretStr, field_validator

from wfkit import Event
from wfkit.widgets.forms import Form, FormError


class Colour(Enum):
    RED = "r"
    BLUE = "b"


class Part(BaseModel):
    n: int
    token: SecretStr = SecretStr("hidden")


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Box:
    n: int


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    age: int = 1


class Tree(BaseModel):
    v: int = 0
    kids: list[Tree] = []


class Aliased(BaseModel):
    word: str = Field(alias="theWord")


class Wide(Event):
    """One field of each shape that people write."""

    model_config = ConfigDict(strict=True)
    literal: Literal["a", b"b", True, 1] = 1
    colour: Colour = Colour.BLUE
    either: int | float | str = "5"
    animal: Cat | Dog = Field(Dog(age=3), discriminator="kind")
    tree: Tree = Tree(kids=[Tree(v=1)])
    pair: tuple[int, str] = (1, "a")
    named: Point = Point(1, 2)
    data: Box = Box(3)
    numbers: set[int] = Field({1, 2})
    numbered: dict[int, str] = Field({1: "a"})
    days: list[date] = Field([date(2026, 1, 2)])
    moment: datetime = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    lasting: timedelta = timedelta(seconds=-5)
    id: UUID = UUID(int=5)
    price: Decimal = Decimal("1.10")
    path: Path = Path("/tmp/x")
    blob: bytes = b"abc"
    text: Json[list[int]] = Field(default=[1])
    aliased: int = Field(1, alias="theAlias")
    deep: int = Field(1, validation_alias=AliasPath("far", 0))
    inner: Aliased = Aliased(theWord="w")
    queue: deque[int] = Field(deque([1], maxlen=3))


@pytest.mark.parametrize("name", Wide.model_fields)
def test_what_a_form_shows_is_read_as_what_stood_there(name: str) -> None:
    wide = Wide()
    field = next(field for field in Form(wide).fields if field.name == name)
    assert field.kind != "fixed"
    assert Form(wide).read({name: field.value}) is wide, "nothing was changed"
    assert isinstance(field.value, (str, int))
    other = field.value + " " if isinstance(field.value, str) and field.kind == "json" else field.value
    old = getattr(wide, name)
    read = getattr(Form(wide).read({name: other}), name)
    assert read == old
    assert type(read) is type(old)


@pytest.mark.parametrize(
    ("name", "typed", "read"),
    [
        ("literal", 0, "a"),
        ("colour", 0, Colour.RED),
        ("animal", '{"kind": "cat"}', Cat()),
        ("tree", '{"kids": [{"v": 1}, {}]}', Tree(kids=[Tree(v=1), Tree()])),
        ("named", '{"x": 5, "y": 6}', Point(5, 6)),
        ("data", '{"n": 4}', Box(4)),
        ("numbers", "[3, 1]", {1, 3}),
        ("numbered", '{"2": "b"}', {2: "b"}),
        ("days", '["2026-01-02", "2026-01-03"]', [date(2026, 1, 2), date(2026, 1, 3)]),
        ("moment", "2026-01-02T03:04", datetime(2026, 1, 2, 3, 4)),
        ("lasting", "1:30:00", timedelta(minutes=90)),
        ("text", "[1, 2]", [1, 2]),
        ("aliased", "2", 2),
        ("deep", "3", 3),
        ("inner", '{"word": "v"}', Aliased(theWord="v")),
    ],
)
def test_every_shape_is_read_also_by_a_strict_class(name: str, typed: Any, read: Any) -> None:
    for form in (Form(Wide()), Form(Wide)):
        assert getattr(form.read({name: typed}), name) == read


def test_what_is_undeclared_keeps_its_type_and_what_was_not_touched_in_it() -> None:
    lock, day = threading.Lock(), date(2026, 1, 2)
    event = Event(when=day, inside=[day, (1, 2), {"part": Part(n=1)}], level=Colour.RED, thing=lock, box=Box(1))
    made = Form(event).read(
        {"when": "2026-02-03", "inside": '["2026-01-02", [1, 3], {"part": {"n": 2, "token": "****"}}]', "level": 1}
    )
    assert made.when == date(2026, 2, 3)
    assert made.inside[0] is day
    assert made.inside[1] == (1, 3)
    assert (made.inside[2]["part"].n, made.inside[2]["part"].token.get_secret_value()) == (2, "hidden")
    assert made.level is Colour.BLUE
    assert made.thing is lock
    assert made.box is event.box
    with pytest.raises(FormError, match=r"when: .*valid date"):
        Form(event).read({"when": "soon"})


def test_a_validator_that_makes_another_object_each_time_does_not_take_the_one_that_stood_there() -> None:
    class Line:
        pass

    class Linked(Event):
        line: Any
        n: int = 1
        _double: int = PrivateAttr(0)

        @field_validator("line")
        @classmethod
        def connect(cls, line: Any) -> Any:
            return Line()

        def model_post_init(self, context: Any) -> None:
            self._double = 2 * self.n

    event = Linked(line=None)
    made = Form(event).read({"n": "4"})
    assert made.line is event.line
    assert (made._double, event._double) == (8, 2)
