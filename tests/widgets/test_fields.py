"""The fields of a form: what they are is read from the class, what stands in them from the value."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretBytes

from wfkit.widgets.fields import field_of_value, fields_of_class, label_of
from wfkit.widgets.spelling import ABSENT, parts_of


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Inner(BaseModel):
    n: int = 1


class Many(BaseModel):
    short: Annotated[str, Field(max_length=10, pattern="^a")] = "a"
    long: Annotated[str, Field(max_length=500)] = ""
    marked: str = Field("", json_schema_extra={"multiline": True})
    number: float | int | None = None
    one: Literal["only"] = "only"
    flag: bool | None = None
    inner: Inner = Field(default_factory=Inner)
    listed: list[Inner] = Field([], min_length=1)
    blob: SecretBytes = SecretBytes(b"x")
    access_key: int = 5
    call: Any = len


def test_kinds_notes_and_defaults() -> None:
    told = {field.name: (field.kind, field.note, field.default) for field in fields_of_class(Many, {})}
    assert told == {
        "short": ("text", "10 characters or less, matching ^a", "'a'"),
        "long": ("lines", "500 characters or less", "''"),
        "marked": ("lines", "", "''"),
        "number": ("number", "", "None"),
        "one": ("choice", "", "'only'"),
        "flag": ("bool", "", "None"),
        "inner": ("json", "JSON with n", "made anew"),
        "listed": ("json", "list, as JSON, each with n, 1 items or more", "[]"),
        "blob": ("secret", "", "****"),
        "access_key": ("secret", "whole number", "****"),
        "call": ("any", "", "<built-in function len>"),
    }
    assert {field.name for field in fields_of_class(Many, {}) if field.nullable} == {"number", "flag"}


def test_a_class_that_has_no_schema_still_has_fields() -> None:
    class Odd(BaseModel):
        model_config = {"arbitrary_types_allowed": True}
        later: "NotThere"  # type: ignore[name-defined]  # noqa: F821, UP037
        n: int = 1

    fields = fields_of_class(Odd, {"later": "text", "n": 2})
    assert [(field.name, field.kind, field.value) for field in fields] == [
        ("later", "text", "text"),
        ("n", "number", "2"),
    ]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (True, "bool", True),
        (1, "number", "1"),
        (1.5, "number", "1.5"),
        ("a", "text", "a"),
        ("a\r\nb", "lines", "a\r\nb"),
        ("x" * 100, "lines", "x" * 100),
        (["x" * 80], "json", f'[\n  "{"x" * 80}"\n]'),
        ("a\x00", "fixed", "'a\\x00'"),
        ([1, "a"], "json", '[1, "a"]'),
        ({1: 2}, "json", '{"1": 2}'),
        ({1.5: 2}, "fixed", "{1.5: 2}"),
        ({"b", "a"}, "json", '["a", "b"]'),
        (date(2026, 11, 21), "text", "2026-11-21"),
        (timedelta(seconds=-5), "text", "-PT5S"),
        (Level.HIGH, "choice", 1),
        ("a\r\nb\n", "fixed", "'a\\r\\nb\\n'"),
        (Inner(), "json", '{"n": 1}'),
        (None, "any", "null"),
        (len, "fixed", "<built-in function len>"),
        (b"\xff", "fixed", "b'\\xff'"),
        (ABSENT, "any", None),
    ],
)
def test_what_nothing_is_declared_about_tells_by_its_value(value: Any, kind: str, shown: Any) -> None:
    field = field_of_value("name", value)
    assert (field.kind, field.value) == (kind, shown)
    assert not field.declared


def test_parts_and_labels() -> None:
    assert parts_of(Inner(n=2)) == {"n": 2}
    assert parts_of(5) == {}
    assert parts_of(Inner.model_construct(n=1)) == {"n": 1}
    assert [label_of(choice) for choice in ("a", 1, "x" * 500)] == ["a", "1", "x" * 119 + "…"]


class Odd(Enum):
    PAIR = (1, 2)
    THING = object()


def test_the_choices_are_the_values_that_the_annotation_admits() -> None:
    class Chosen(BaseModel):
        level: Level = Level.LOW
        odd: Odd | None = None
        mixed: Literal[1, True, b"x"] | Level | None = 1
        open: Literal["a"] | int = "a"

    fields = {field.name: field for field in fields_of_class(Chosen, {"odd": Odd.THING, "mixed": True})}
    assert fields["level"].choices == (Level.LOW, Level.HIGH)
    assert fields["level"].spec()["choices"] == ["LOW", "HIGH"]
    assert (fields["odd"].spec()["choices"], fields["odd"].value, fields["odd"].nullable) == (
        ["PAIR", "THING"],
        1,
        True,
    )
    assert fields["mixed"].choices == (1, True, b"x", Level.LOW, Level.HIGH)
    assert (fields["mixed"].value, fields["mixed"].nullable) == (1, True)
    assert fields["open"].kind == "any"


def test_one_field_without_a_schema_does_not_spoil_the_others() -> None:
    class Mixed(BaseModel):
        model_config = {"arbitrary_types_allowed": True}
        odd: Odd = Odd.THING  # JSON cannot say its values
        later: "list[NotThere]" = []  # type: ignore[name-defined]  # noqa: F821, UP037
        n: int = Field(1, ge=0)
        ready: bool = False

    kinds = {field.name: (field.kind, field.note) for field in fields_of_class(Mixed, {})}
    assert kinds["n"] == ("number", "whole number, at least 0")
    assert kinds["ready"][0] == "bool"


def test_a_text_that_would_be_read_as_something_else_is_not_offered() -> None:
    class Told(BaseModel):
        pattern: re.Pattern[str] = re.compile("a+")
        flagged: re.Pattern[str] = re.compile("a+", re.IGNORECASE)
        when: date | str = date(2026, 1, 1)

    values = {name: info.default for name, info in Told.model_fields.items()}
    told = [(field.kind, field.value) for field in fields_of_class(Told, values)]
    assert told == [
        ("text", "a+"),
        ("fixed", "re.compile('a+', re.IGNORECASE)"),
        ("fixed", "datetime.date(2026, 1, 1)"),
    ]


def test_what_its_author_keeps_out_of_sight_is_typed_unseen() -> None:
    class Login(BaseModel):
        hidden: str = Field("word of mine", repr=False)

    (field,) = fields_of_class(Login, {"hidden": "word of mine"})
    assert (field.kind, field.value, field.default) == ("secret", None, "****")


@pytest.mark.parametrize("name", ["x" * 100_000, "half\ud83d"])
def test_a_name_that_no_page_takes_is_left_out(name: str) -> None:
    assert fields_of_class(Inner, {"n": 1, name: 2}) == fields_of_class(Inner, {"n": 1})
