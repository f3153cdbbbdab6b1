"""Events as forms, and what comes of what was typed."""

from __future__ import annotations

import json
import threading
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from wfkit import Event, HumanResponseEvent, StopEvent
from wfkit.widgets.forms import Form, FormError, ValueForm
from wfkit.widgets.spelling import LONGEST


class Colour(Enum):
    RED = "r"
    BLUE = "b"


class Part(BaseModel):
    n: int
    token: SecretStr = SecretStr("hidden")


class Order(Event):
    text: str = Field(description="what to say", max_length=40)
    count: int = Field(3, ge=0, le=10)
    ready: bool
    word: Literal["x", "y", 3] = "x"
    colour: Colour = Colour.RED
    part: Part
    maybe: int | None = None
    price: Decimal = Decimal("1.20")
    day: date | None = None
    tags: list[str] = Field([])
    anything: Any = None
    either: int | str = 3
    lock: threading.Event | None = None
    api_key: str = "key of mine"
    password: SecretStr = SecretStr("word of mine")
    named: str = Field("n", title="A longer name")


def an_order(**more: Any) -> Order:
    return Order(text="hello", ready=True, part=Part(n=1), **more)


def errors_of(form: Form[Any], values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(FormError) as caught:
        form.read(values)
    return caught.value.errors


def test_each_field_gets_the_control_that_suits_it() -> None:
    form = Form(an_order(extra=5, lines="a\nb", thing=threading.Lock(), nothing=None))
    kinds = {field.name: field.kind for field in form.fields}
    assert kinds == {
        "text": "text",
        "count": "number",
        "ready": "bool",
        "word": "choice",
        "colour": "choice",
        "part": "json",
        "maybe": "number",
        "price": "text",
        "day": "text",
        "tags": "json",
        "anything": "any",
        "either": "any",
        "lock": "fixed",
        "api_key": "secret",
        "password": "secret",
        "named": "text",
        "extra": "number",
        "lines": "lines",
        "thing": "fixed",
        "nothing": "any",
    }
    assert form.name == "Order"
    assert form.open
    specs = {spec["name"]: spec for spec in form.specs()}
    assert specs["text"] | {"help": "what to say", "note": "40 characters or less", "required": True} == specs["text"]
    assert specs["count"]["limits"] == {"minimum": 0, "maximum": 10}
    assert specs["count"]["note"] == "whole number, at least 0, at most 10"
    assert specs["colour"]["choices"] == ["r", "b"]
    assert (specs["maybe"]["nullable"], specs["text"]["nullable"]) == (True, False)
    assert (specs["extra"]["declared"], specs["text"]["declared"]) == (False, True)
    assert specs["named"]["title"] == "A longer name"


def test_what_is_sent_to_the_page_is_json_and_tells_no_secret() -> None:
    order = an_order(refresh_tokens=["t1", "t2"], deep={"my_key": "k9", "ok": [{"password": "p9"}]}, part2=Part(n=2))
    told = json.dumps(Form(order).specs())
    for secret in ("key of mine", "word of mine", "hidden", "t1", "k9", "p9"):
        assert secret not in told
    assert json.loads(next(spec for spec in Form(order).specs() if spec["name"] == "deep")["value"]) == {
        "my_key": "****",
        "ok": [{"password": "****"}],
    }
    assert "key of mine" not in json.dumps(Form(Order).specs())


def test_what_was_typed_is_read_as_the_class_says() -> None:
    order = an_order(extra=5)
    made = Form(order).read(
        {
            "text": "bye",
            "count": " 4 ",
            "ready": False,
            "word": 2,
            "colour": 1,
            "part": '{"n": 5, "token": "****"}',
            "maybe": "7",
            "price": "1.50000000000000000001",
            "day": "2026-11-21",
            "tags": '["a"]',
            "anything": "plain words",
            "either": "8",
            "extra": "6",
            "added": "new",
            "also": '{"a": 1}',
        }
    )
    assert type(made) is Order
    assert made.price == Decimal("1.50000000000000000001")
    assert (made.text, made.count, made.ready, made.word, made.colour) == ("bye", 4, False, 3, Colour.BLUE)
    assert (made.part.n, made.part.token.get_secret_value()) == (5, "hidden")
    assert (made.maybe, made.day, made.tags, made.anything, made.either) == (
        7,
        date(2026, 11, 21),
        ["a"],
        "plain words",
        8,
    )
    assert (made.extra, made.added, made.also) == (6, "new", {"a": 1})
    assert order == an_order(extra=5), "the event itself was changed"


def test_what_nobody_touched_stays_the_very_object() -> None:
    lock, tags, thing = threading.Event(), ["a"], object()
    order = an_order(lock=lock, thing=thing)
    order.tags = tags
    made = Form(order).read({"text": "bye"})
    assert made.lock is lock
    assert made.tags is tags
    assert made.thing is thing
    assert made.part is order.part
    assert made.password is order.password
    assert made.model_fields_set >= {"text"}
    assert Form(order).read({}) is order


def test_a_validator_that_would_change_it_again_leaves_an_untouched_field_alone() -> None:
    class Doubled(Event):
        n: int
        other: str = ""
        total: int = 0

        @field_validator("n")
        @classmethod
        def double(cls, n: int) -> int:
            return n * 2

        @model_validator(mode="after")
        def sum_up(self) -> Doubled:
            self.__dict__["total"] = self.n + len(self.other)
            return self

    event = Doubled(n=1)
    made = Form(event).read({"other": "abc"})
    assert (made.n, made.other) == (2, "abc")
    assert made.total == 7, "what a validator works out of a touched field is worked out anew"


def test_an_event_that_its_class_would_refuse_can_still_be_changed() -> None:
    no_part: Any = "no part"
    odd = Order.model_construct(text="hello", ready=True, part=no_part, count=99)
    made = Form(odd).read({"count": "5"})
    assert made.count == 5
    assert made.part is no_part
    assert errors_of(Form(odd), {"count": "50"}) == {"count": "Input should be less than or equal to 10"}


def test_errors_are_told_for_each_field_without_what_was_typed() -> None:
    form = Form(an_order())
    assert errors_of(form, {"count": "x", "maybe": "1.x", "part": "{", "ready": None, "word": 9, "lock": "4"}) == {
        "count": "This is no number.",
        "maybe": "This is no number.",
        "part": "This is no JSON: Expecting property name enclosed in double quotes at line 1, column 2.",
        "ready": "Needed.",
        "word": "Choose one of the 3 values.",
        "lock": "This cannot be changed here.",
    }
    assert errors_of(form, {"count": "11", "text": "x" * 41, "part": '{"n": "z"}'}) == {
        "count": "Input should be less than or equal to 10",
        "text": "String should have at most 40 characters",
        "part": "n: Input should be a valid integer, unable to parse string as an integer",
    }
    assert errors_of(form, {"_private": "1"}) == {"_private": "Order has no field of this name."}

    class Closed(BaseModel):
        token: str

        @field_validator("token")
        @classmethod
        def refuse(cls, token: str) -> str:
            raise ValueError(f"bad {token}")

    assert errors_of(Form(Closed), {"token": "sk-1"}) == {"token": "Not accepted (value_error)."}
    assert errors_of(Form(Closed), {"token": "sk-1", "other": "1"}) == {"other": "Closed has no field of this name."}


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "9" * 5_000, "NaN!", "{'a': 1}", '{"a": 1', "\ud800", '"\\ud800"', "1e999"]
)
def test_whatever_is_typed_makes_an_event_or_an_error(text: str) -> None:
    for name in ("count", "part", "tags", "anything", "either", "maybe", "day"):
        wrong: dict[str, str] = {}
        try:
            Form(an_order()).read({name: text})
        except FormError as error:
            wrong = error.errors
        assert set(wrong) <= {name}
        assert len("".join(wrong.values())) < 500


@pytest.mark.parametrize("value", [{"a": 1}, [1], 1.5, object()])
def test_what_the_page_cannot_have_meant_is_an_error(value: Any) -> None:
    assert set(errors_of(Form(an_order()), {"text": value, "ready": value, "word": value})) == {"text", "ready", "word"}


def test_a_secret_is_unchanged_unless_typed_anew() -> None:
    order = an_order(my_token="t1")
    assert Form(order).read({"text": "x"}).password.get_secret_value() == "word of mine"
    made = Form(order).read({"password": "new", "api_key": "k2", "my_token": "5"})
    assert (made.password.get_secret_value(), made.api_key, made.my_token) == ("new", "k2", "5")


def test_a_mask_in_a_list_stands_for_the_secret_of_the_same_item() -> None:
    event = Event(users=[{"name": "a", "key": "k1"}, {"name": "b", "key": "k2"}])
    form = Form(event)
    masked = [{"name": "a", "key": "****"}, {"name": "b", "key": "****"}]
    assert form.read({"users": json.dumps(masked[::-1])}).users == event.users[::-1]
    assert form.read({"users": json.dumps(masked[1:])}).users == event.users[1:]
    renamed = [masked[0], {"name": "c", "key": "****"}]
    assert form.read({"users": json.dumps(renamed)}).users[1] == {"name": "c", "key": "k2"}
    unknown = [*masked, {"name": "c", "key": "****"}]
    assert "stands for a secret" in errors_of(form, {"users": json.dumps(unknown)})["users"]


def test_a_new_event_needs_what_its_class_needs() -> None:
    assert errors_of(Form(Order), {}) == {"text": "Needed.", "ready": "Needed.", "part": "Needed."}
    made = Form(Order).read({"text": "a", "ready": True, "part": '{"n": 1}'})
    assert made == Order(text="a", ready=True, part=Part(n=1))
    count = next(spec for spec in Form(Order).specs() if spec["name"] == "count")
    assert (count["value"], count["filled"], count["default"]) == ("3", False, "3")


def test_what_is_given_cannot_be_changed() -> None:
    class Answer(HumanResponseEvent):
        text: str

    who = object()
    form = Form(Answer, given={"by": who, "text": "x"})
    assert {spec["name"]: spec["kind"] for spec in form.specs()} == {"text": "fixed", "by": "fixed"}
    made = form.read({})
    assert (made.text, made.by) == ("x", who)
    assert errors_of(form, {"by": "me"}) == {"by": "This cannot be changed here."}
    assert "k1" not in json.dumps(Form(Answer, given={"api_key": "k1"}).specs())


def test_fields_that_are_wanted_without_being_declared() -> None:
    form = Form(HumanResponseEvent, wanted={"response": True, "note": False, "token": False})
    assert [(field.name, field.kind, field.required) for field in form.fields] == [
        ("response", "text", True),
        ("note", "text", False),
        ("token", "secret", False),
    ]
    assert errors_of(form, {"note": "x"}) == {"response": "Needed."}
    assert form.read({"response": "42"}) == HumanResponseEvent(response="42")


def test_names_under_which_pydantic_reads_and_constructors_of_the_users_own() -> None:
    class Aliased(Event):
        text: str = Field(alias="theText")

    event = Aliased(theText="a")
    assert Form(event).read({"text": "b"}).text == "b"
    assert errors_of(Form(Aliased), {}) == {"text": "Needed."}

    class Own(Event):
        text: str

        def __init__(self, words: str) -> None:
            super().__init__(text=words)

    assert Form(Own("a")).read({"text": "b"}).text == "b"
    assert set(errors_of(Form(Own), {"text": "b"})) == {""}
    assert Form(StopEvent(result=1)).read({"result": "2"}).result == 2


def test_no_value_is_cut_or_changed_by_a_form_that_cannot_hold_it() -> None:
    long, broken, binary = "x" * (LONGEST + 1), "a\ud800", b"\xff"
    event = Event(long=long, broken=broken, binary=binary, endless=float("inf"), numbered={1.5: 2})
    assert {field.kind for field in Form(event).fields} <= {"fixed", "number"}
    json.dumps(Form(event).specs()).encode()


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __eq__ = None  # type: ignore[assignment]


def test_hostile_values_and_names() -> None:
    event = Event(**{"<script>": Hostile(), "__proto__": "x", "a.b": 1, "\x00": "y", "": 2})
    form = Form(event)
    assert len(form.specs()) == 5
    assert form.read({"a.b": "7"})["a.b"] == 7
    assert form.read({"__proto__": "z"})["__proto__"] == "z"


def test_a_form_for_one_value() -> None:
    assert ValueForm("visits", 3).read({"visits": "4"}) == 4
    assert ValueForm("name", "a").read({"name": "5"}) == "5"
    assert ValueForm("pair", (1, 2)).read({"pair": "[1, 3]"}) == (1, 3)
    part = ValueForm("part", Part(n=1)).read({"part": '{"n": 2, "token": "****"}'})
    assert (type(part), part.n, part.token.get_secret_value()) == (Part, 2, "hidden")
    value = object()
    assert ValueForm("thing", value).read({}) is value
    for form, typed in (
        (ValueForm("n", 1), "x"),
        (ValueForm("n", Part(n=1)), '{"n": "x"}'),
        (ValueForm("n", value), "1"),
    ):
        with pytest.raises(FormError) as caught:
            form.read({"n": typed, "thing": typed})
        assert set(caught.value.errors) == {"n"}


def test_ends_of_lines_stay_as_they_were() -> None:
    assert Form(Event(text="a\r\nb")).read({"text": "a\nb\nc"}).text == "a\r\nb\r\nc"


def test_a_constructor_whose_error_cannot_be_told() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    class Own(Event):
        def __init__(self, **data: Any) -> None:
            raise Mute

    assert set(errors_of(Form(Own), {"a": "1"})) == {""}


def test_an_emptied_number_is_said_to_be_needed() -> None:
    assert errors_of(Form(an_order()), {"count": ""}) == {"count": "Needed."}


def test_a_megabyte_is_looked_at_only_as_far_as_it_is_shown() -> None:
    class Counted(dict[str, int]):
        looked = 0

        def __getitem__(self, key: str) -> int:
            Counted.looked += 1
            return super().__getitem__(key)

    event = Event(many=list(range(10**6)), text="x" * 10**7, some=Counted({str(n): n for n in range(10**5)}))
    assert {field.kind for field in Form(event).fields} == {"fixed"}
    assert len(json.dumps(Form(event).specs())) < 3_000
    assert Counted.looked < 100
