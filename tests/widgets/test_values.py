"""A value as text, whole and without secrets, and the picture it makes of itself."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tests.display.corpus import SECRET, SECRETS, TEXTS, VALUES
from wfkit import Event
from wfkit.widgets.values import rich, whole


class User(BaseModel):
    name: str
    password: SecretStr = SecretStr("p1")


@dataclasses.dataclass
class Point:
    x: int
    my_key: str = "k1"


def text_of(value: Any, limit: int = 10_000) -> str:
    return whole(value, limit)[0]


def test_text_stands_as_it_is_and_is_cut() -> None:
    assert whole("a\nb\x1b[31m", 100) == ("a\nb", False)
    assert whole("x" * 300, 100) == ("x" * 100, True)
    assert whole("x" * 100, 100) == ("x" * 100, False)
    assert whole(list(range(10**6)), 100)[1]


def test_what_is_short_stands_on_one_line_and_the_rest_on_several() -> None:
    assert text_of({"a": [1, 2]}) == "{'a': [1, 2]}"
    assert text_of({"a": [1, 2]}) != whole({"a": [1, 2]}, 100, 0)[0] == "{\n  'a': [\n    1,\n    2,\n  ],\n}"
    many = list(range(8))
    assert text_of(many) == "[\n" + "".join(f"  {n},\n" for n in many) + "]"
    long = text_of({"items": [{"n": n, "text": "x" * 50} for n in range(3)]})
    assert long.startswith("{\n  'items': [\n    {'n': 0, 'text': 'xxx")
    assert text_of(Event(a="x" * 100)).startswith("Event(\n  a='xxx")


def test_secrets_are_masked_however_deep() -> None:
    deep = {"users": [User(name="x" * 80)], "points": [Point(n) for n in range(9)], "token": "t1", "s": SecretStr("s1")}
    text = text_of(deep)
    for secret in ("p1", "k1", "t1", "s1"):
        assert secret not in text
    assert text.count("****") == 12


def test_an_object_speaks_for_itself_on_as_many_lines_as_it_likes() -> None:
    class Table:
        def __repr__(self) -> str:
            return "a b\n1 2\x07\nat 0x7f00"

    assert text_of(Table()) == "a b\n1 2\nat 0x7f00"
    assert " at 0x" not in text_of(object())


class Hostile(dict[str, Any]):
    def __len__(self) -> int:
        raise RuntimeError("no")

    def __iter__(self) -> Any:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_hostile_and_endless_values() -> None:
    assert "not showable" in text_of(Hostile())
    assert "not showable" in text_of([Hostile(), 1])
    endless: list[Any] = [1]
    endless.append(endless)
    assert len(text_of(endless)) < 1_000
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    assert len(text_of(deep)) < 2_000


class Shown:
    def __init__(self, **shows: Any) -> None:
        self.shows = shows

    def _repr_html_(self) -> Any:
        return self.shows.get("html")

    def _repr_png_(self) -> Any:
        return self.shows.get("png")

    def _repr_svg_(self) -> Any:
        if "svg" not in self.shows:
            raise RuntimeError("no")
        return self.shows["svg"]


def test_the_picture_that_a_value_makes_of_itself() -> None:
    assert rich(Shown(html="<b>1</b>")) == {"type": "text/html", "data": "<b>1</b>"}
    assert rich(Shown(png=b"\x89PNG", html="x")) == {"type": "image/png", "data": base64.b64encode(b"\x89PNG").decode()}
    assert rich(Shown(svg="<svg/>")) == {"type": "image/svg+xml", "data": base64.b64encode(b"<svg/>").decode()}
    assert rich(Shown(html="a<SCRIPT>alert(1)</script >b<script>c")) == {"type": "text/html", "data": "ab"}
    assert rich(Shown(html="a\ud800")) == {"type": "text/html", "data": "a?"}
    assert rich(Shown(png="iVBO\nRw==")) == {"type": "image/png", "data": "iVBORw=="}
    assert rich(Shown(png='"onerror="x')) is None
    for nothing in (Shown(), Shown(html=""), Shown(html="x" * 400_000), Shown(html=5), "text", {"a": 1}, Shown, None):
        assert rich(nothing) is None


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_of_the_corpus_is_told(name: str) -> None:
    for value in (SECRETS[name](), [SECRETS[name]()], {"a": SECRETS[name]()}):
        for line in (76, 0):
            assert SECRET not in whole(value, 10_000, line)[0]


@pytest.mark.parametrize("name", VALUES)
def test_the_hostile_values_of_the_corpus_are_told_and_end(name: str) -> None:
    assert len(whole([VALUES[name]()], 10_000)[0]) <= 10_000
    rich(VALUES[name]())


@pytest.mark.parametrize("name", TEXTS)
def test_the_hostile_texts_of_the_corpus_can_be_sent(name: str) -> None:
    whole({TEXTS[name]: TEXTS[name]}, 10_000)[0].encode()
