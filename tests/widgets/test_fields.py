"""The fields of a form: what they are is read from the class, what stands in them from the value."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretBytes

from wfkit.widgets.fields import ABSENT, field_of_value, fields_of_class, label_of, parts_of


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
    access_code_key: int = 5
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
        "inner": ("json", "JSON", "made anew"),
        "listed": ("json", "list, as JSON, 1 items or more", "[]"),
        "blob": ("secret", "", "****"),
        "access_code_key": ("secret", "whole number", "****"),
        "call": ("any", "", "<built-in function len>"),
    }
    assert {field.name for field in fields_of_class(Many, {}) if field.nullable} == {"number", "flag"}


def test_a_class_that_has_no_schema_still_has_fields() -> None:
    class Odd(BaseModel):
        model_config = {"arbitrary_types_allowed": True}
        later: "NotThere"  # type: ignore[name-defined]  # noqa: F821, UP037
        n: int = 1

    fields = fields_of_class(Odd, {"later": "text", "n": 2})
    assert [(field.name, field.kind, field.value) for field in fields] == [("later", "text", "text"), ("n", "any", "2")]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (True, "bool", True),
        (1, "number", "1"),
        (1.5, "number", "1.5"),
        ("a", "text", "a"),
        ("a\r\nb", "lines", "a\r\nb"),
        ("x" * 100, "lines", "x" * 100),
        ("a\x00", "fixed", "'a\\x00'"),
        ([1, "a"], "json", '[\n  1,\n  "a"\n]'),
        ({1: 2}, "fixed", "{1: 2}"),
        (Inner(), "json", '{\n  "n": 1\n}'),
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
