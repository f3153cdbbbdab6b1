"""Text from users' data: cleaned, cut, without secrets, and never an exception."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from wfkit.display.words import clean, columns, cut, fields_of, shown
from wfkit.events import Event
from wfkit.masking import MASK, is_secret_name


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Login(BaseModel):
    user: str
    password: str


@dataclasses.dataclass
class Account:
    name: str
    api_key: str


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("plain", "plain"),
        ("two\nlines\r\nand\u2028more", "two lines and more"),
        ("\x1b[31mred\x1b[0m and \x1b]0;title\x07 \x00\x07", "red and  "),
        ("a\u202eb\u2066c", "abc"),
        ("\ud800x\ufffe", "x"),
    ],
)
def test_clean(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


def test_cut() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"


def test_wide_and_combining_characters_take_their_columns() -> None:
    assert columns("abc") == 3
    assert columns("日本") == 4
    assert columns("e\u0301") == 1


@pytest.mark.parametrize("name", ["api_key", "apiKey", "TOKEN", "password", "passwd", "client_secret", "credentials"])
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert fields_of(Event(**{name: "hush"})) == [(name, MASK)]


@pytest.mark.parametrize(
    "value",
    [
        SecretStr("hush"),
        Login(user="ann", password="hush"),
        Account("ann", "hush"),
        {"token": "hush"},
        [{"deep": {"secret": "hush"}}],
        Event(inner=Login(user="ann", password="hush")),
    ],
)
def test_secrets_are_masked_wherever_they_are(value: Any) -> None:
    text = shown(value)
    assert "hush" not in text
    assert MASK in text


def test_values_are_shown_as_code() -> None:
    assert shown("text") == "'text'"
    assert shown([1, (2,), {"a": {3}}]) == "[1, (2), {'a': {3}}]"
    assert shown({3, 1, 2}) == "{1, 2, 3}"


def test_a_repr_that_raises_is_said() -> None:
    assert shown(Broken()) == "<Broken, not showable>"
    assert shown([Broken(), 1]) == "[<Broken, not showable>, 1]"


def test_addresses_are_left_out() -> None:
    assert "0x" not in shown(object())


def test_a_value_that_holds_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert shown(endless).startswith("[[[")


def test_a_megabyte_is_cut_without_being_spelled_out() -> None:
    start = time.process_time()
    assert len(shown("x" * 10_000_000)) == 200
    assert len(shown(["x" * 1_000_000] * 100_000)) == 200
    assert len(shown({str(index): index for index in range(100_000)})) <= 200
    assert time.process_time() - start < 2
