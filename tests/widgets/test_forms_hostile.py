"""Forms for hostile events, classes and schemas: a form comes of them, no secret does, and what they hold stays."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretBytes, SecretStr, create_model, field_validator

from tests.display.corpus import SECRET, SECRETS, TEXTS, VALUES
from wfkit import Event
from wfkit.widgets.forms import Form, FormError


def errors_of(form: Form[Any], values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(FormError) as caught:
        form.read(values)
    return caught.value.errors


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_of_the_corpus_is_sent_and_each_stays(name: str) -> None:
    for value in (SECRETS[name](), [SECRETS[name](), 5], {"a": SECRETS[name]()}, (SECRETS[name](), [1])):
        event = Event(value=value, n=1)
        form = Form(event)
        assert SECRET not in json.dumps(form.specs())
        assert form.read({"n": "2"}).value is value
        field = next(field for field in form.fields if field.name == "value")
        if field.kind == "json":  # with another blank in it, it was touched
            assert SECRET in repr_of(form.read({"value": f"{field.value} "}).value)


def repr_of(value: Any) -> str:
    """Return all that is in a value."""
    if isinstance(value, (SecretStr, SecretBytes)):
        return str(value.get_secret_value())
    if isinstance(value, (list, tuple, set, deque)):
        return " ".join(map(repr_of, value))
    if isinstance(value, BaseModel):  # its repr masks
        value = {**value.__dict__, **(value.__pydantic_extra__ or {})}
    inside = value if isinstance(value, dict) else getattr(value, "__dict__", None)
    return repr_of(list(inside.values())) if inside else str(value)


@pytest.mark.parametrize("name", VALUES)
def test_a_hostile_value_of_the_corpus_stays_the_object_it_was(name: str) -> None:
    value = VALUES[name]()
    form = Form(Event(value=value, n=1))
    json.dumps(form.specs(), allow_nan=False, ensure_ascii=False).encode()
    assert form.read({"n": "2"}).value is value


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_of_the_corpus_as_names_and_values(name: str) -> None:
    text = TEXTS[name]
    names = {} if name == "surrogates" else {text: 1}  # pydantic takes no such name
    event = Event(**names, value=text, n=1)
    told = json.dumps(Form(event).specs(), ensure_ascii=False)
    told.encode()
    assert len(told) < 50_000
    assert Form(event).read({"n": "2"})["value"] is text


SCHEMAS: list[Any] = [
    *({"enum": 5}, {"anyOf": "x"}, {"anyOf": [5]}, {"maxLength": "x"}, {"$ref": 5}, {"allOf": [5]}, {"allOf": 5}),
    *({"type": {"a": 1}}, {"format": [1]}, {"minimum": float("nan")}, {"minimum": float("inf")}, {"enum": [1] * 1_000}),
    *({"pattern": "x" * 10**6}, {"pattern": "\ud800"}, {"title": 5}, {"const": float("nan")}),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: str(schema)[:30])
def test_a_schema_of_the_authors_own_that_is_none(schema: Any) -> None:
    odd = create_model("Odd", __base__=Event, text=(str, Field("a", json_schema_extra=schema)), n=(int, 1))
    for what in (odd, odd(text="b")):
        told = json.dumps(Form(what).specs(), allow_nan=False, ensure_ascii=False)
        told.encode()
        assert len(told) < 2_000
    assert Form(odd(text="b")).read({"n": "2"}) == odd(text="b", n=2)


def test_a_class_that_lies_about_its_schema() -> None:
    class Lies(Event):
        n: int = 1

        @classmethod
        def model_json_schema(cls, **options: Any) -> Any:  # type: ignore[override]
            return {"properties": 5}

    assert Form(Lies()).read({"n": "2"}).n == 2


def test_of_many_fields_and_much_text_a_page_gets_only_so_much() -> None:
    event = Event(**{f"f{n}": "x" * 19_000 for n in range(1_000)})
    form = Form(event)
    assert form.fields[-1].value == "and 900 more fields, kept as they are"
    assert {field.kind for field in form.fields[10:]} == {"fixed"}
    assert len(json.dumps(form.specs())) < 200_000
    assert len(form.read({"f1": "y"})) == 1_000


def test_what_a_validator_says_is_told_without_secrets_and_names_are_cut() -> None:
    class Login(Event):
        user: str = ""

        @field_validator("user")
        @classmethod
        def refuse(cls, user: str) -> str:
            raise AssertionError({"user": user, "password": "hunter2"})

    assert errors_of(Form(Login), {"user": "Ann"}) == {"user": "{'user': 'Ann', 'password': ****}"}
    wrong = errors_of(Form(Login), {"x" * 10**6: "1"})
    assert max(map(len, wrong)) <= 200
