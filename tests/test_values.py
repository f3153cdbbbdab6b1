"""Values of users and their errors: cleaned, cut, without secrets, and never an exception."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import OrderedDict, UserList, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator

from wfkit.events import Event
from wfkit.masking import MASK
from wfkit.plain import clean, cut
from wfkit.values import fields_of, said, shown


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


@pytest.mark.parametrize("name", ["api_key", "apiKey", "TOKEN", "password", "passwd", "client_secret", "credentials"])
def test_names_of_secrets(name: str) -> None:
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


class Meta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no name")


class Nameless(metaclass=Meta):
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Classless:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("no class")


class Odd(str):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __len__(self) -> int:
        raise RuntimeError("no length")


class Pair(NamedTuple):
    user: str
    password: str


@dataclass
class Quiet:
    open: int
    hushed: str = field(repr=False)


class Kept(Event):
    open: int
    hushed: str = Field(repr=False)


def test_whatever_raises_when_it_is_looked_at_is_shown_somehow() -> None:
    for value in (Nameless(), Classless(), Odd("x"), [Odd("x")], {Odd("k"): Odd("v")}):
        assert shown(value)
        assert fields_of(Event(value=value))[0][0] == "value"


@pytest.mark.parametrize(
    "value",
    [
        Pair("ada", "hunter2"),
        deque([{"password": "hunter2"}]),
        SimpleNamespace(password="hunter2"),
        type("L", (list,), {})([{"api_key": "hunter2"}]),
        UserList([{"token": "hunter2"}]),
        {b"password": "hunter2"},
        OrderedDict(password="hunter2"),
        defaultdict(str, password="hunter2"),
        ValueError({"password": "hunter2"}),
        Quiet(1, "hunter2"),
        Kept(open=1, hushed="hunter2"),
    ],
)
def test_secrets_are_masked_in_every_container(value: object) -> None:
    assert "hunter2" not in shown(value)
    assert "hunter2" not in str(fields_of(Event(value=value)))


def test_what_an_author_keeps_out_of_the_repr_is_not_shown() -> None:
    assert fields_of(Kept(open=1, hushed="hunter2")) == [("open", "1")]


def test_no_more_is_read_than_is_shown() -> None:
    looked: list[int] = []

    class Counted:
        def __init__(self, number: int) -> None:
            self.number = number

        def __repr__(self) -> str:
            looked.append(self.number)
            return str(self.number)

    event = Event(**{f"field_{number}": Counted(number) for number in range(1_000)})
    assert len(fields_of(event, most=3)) == 3
    shown([Counted(number) for number in range(1_000)])
    assert len(looked) < 20


def test_a_set_reads_the_same_in_every_process_and_a_large_one_is_counted() -> None:
    assert shown({"b", "a", "c"}) == "{'a', 'b', 'c'}"
    assert shown(set(range(5_000))) == "{… 5,000 items …}"
    assert shown(set()) == "set()"
    assert shown(frozenset()) == "frozenset()"


def test_a_set_of_long_things_is_not_spelled_out() -> None:
    assert len(shown({(number, "x" * 100_000) for number in range(200)})) <= 200


def test_marks_that_reorder_writing_go() -> None:
    assert clean("a\u061cb\u206ac\ufff9d") == "abcd"


# -- errors ------------------------------------------------------------------------------------------------------------


class Pin(BaseModel):
    """Data that do not fit easily."""

    number: int
    password: str

    @field_validator("password")
    @classmethod
    def is_strong(cls, value: str) -> str:
        raise ValueError(f"{value} is weak")


def refused(**fields: Any) -> ValidationError:
    """Return pydantic's error for some data."""
    with pytest.raises(ValidationError) as raised:
        Pin(**fields)
    return raised.value


class Unsayable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("a pot"), "a pot"),
        (ValueError(), ""),
        (ValueError(5), "5"),
        (KeyError("missing"), "'missing'"),
        (ValueError("two", 2), "('two', 2)"),
        (ValueError({"password": "hunter2", "n": 1}), f"{{'password': {MASK}, 'n': 1}}"),
        (KeyError(Login(user="Ann", password="hunter2")), f"Login(user='Ann', password={MASK})"),
        (ValueError("no", [{"token": "hunter2"}]), f"('no', [{{'token': {MASK}}}])"),
        (RuntimeError(ValueError(Account("Ann", "hunter2"))), f"Account(name='Ann', api_key={MASK})"),
        (ValueError([f"problem {n}" for n in range(9)]), str([f"problem {n}" for n in range(9)])),
        (OSError(2, "No such file", "plan.txt"), "[Errno 2] No such file: 'plan.txt'"),
        (Unsayable(), "(its message cannot be shown)"),
    ],
)
def test_an_error_is_said_without_what_is_secret(error: BaseException, text: str) -> None:
    assert said(error) == text


def test_what_pydantic_refuses_is_told_without_the_data() -> None:
    told = said(refused(number="hunter2", password="hunter2"))
    assert told.startswith("2 validation errors for Pin: number: Input should be a valid integer")
    assert told.endswith("password: does not fit")
    assert "hunter2" not in told


def test_an_error_that_quotes_it_tells_no_data_either() -> None:
    told = said(RuntimeError(f"The answer was no good: {refused(number='hunter2', password=5)}"))
    assert "The answer was no good" in told
    assert "Input should be a valid integer, unable to parse string" in told
    assert "hunter2" not in told


def test_an_endless_text_is_no_endless_work() -> None:
    started = time.perf_counter()
    assert said(ValueError(", input_value=" * 50_000))
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit, asyncio.CancelledError])
def test_a_value_that_exits_when_it_is_looked_at_ends_nothing(kind: type[BaseException]) -> None:
    class Leaves(Exception):
        def __repr__(self) -> str:
            raise kind

        __str__ = __repr__

    assert shown([Leaves, 1]).endswith(", 1]")
    assert "not showable" in shown({"value": Spelled(Leaves().__repr__)})
    assert said(Leaves()) == "(its message cannot be shown)"


class Spelled:
    """Has the repr that it is given."""

    def __init__(self, spell: Callable[[], str]) -> None:
        self._spell = spell

    def __repr__(self) -> str:
        return self._spell()


def test_an_interrupt_is_somebody_who_wants_to_stop() -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shown(Spelled(interrupted))
