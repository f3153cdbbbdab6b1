"""Which names are taken to hold a secret, and what is said of data that do not fit."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from pydantic import BaseModel, Field, RootModel, ValidationError, field_validator

from wfkit.masking import MASK, is_secret_name, masked, misfits, veiled

SECRET = (
    "password passwd pwd secret client_secret credentials key keys key_id api_key apiKey API_KEY APIKEY "
    "openai_api_key private_key keychain token TOKEN tokens_secret access_token accessToken access_tokens "
    "refresh_tokens session_token bearerToken token_value api_tokens bot_tokens tokens_key mytokens "
    "\u017fecret"
)
HARMLESS = (
    "text tokens max_tokens maxTokens max_new_tokens prompt_tokens promptTokens completion_tokens total_tokens "
    "n_tokens num_input_tokens stop_tokens token_count tokenCount tokens_used token_limit token_usage "
    "tokenizer tokenised keyword keywords keyboard key_points keyPoints key_fact"
)


@pytest.mark.parametrize("name", SECRET.split())
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert is_secret_name(name.encode())
    assert masked({name: "hush"}) == {name: MASK}


@pytest.mark.parametrize("name", HARMLESS.split())
def test_names_that_only_look_like_it(name: str) -> None:
    assert not is_secret_name(name)
    assert is_secret_name(f"{name}_password")


@pytest.mark.parametrize("name", [None, 1, ("api_key",), "", "x" * 5_000, b"\xff"])
def test_what_is_no_name_of_a_secret(name: object) -> None:
    assert not is_secret_name(name)


def test_a_name_in_another_script_hides_no_secret() -> None:
    assert is_secret_name("пароль_password")
    assert is_secret_name("to\u212aen")  # with the sign of Kelvin for a k


class Account(BaseModel):
    """Data that may not fit."""

    age: int
    password: str

    @field_validator("password")
    @classmethod
    def is_strong(cls, value: str) -> str:
        raise ValueError(f"{value!r} is too weak")


def test_misfits_are_told_without_the_values() -> None:
    with pytest.raises(ValidationError) as raised:
        Account.model_validate({"age": "hunter2", "password": "hunter3"})
    told = misfits(raised.value)
    assert told.startswith("age: Input should be a valid integer")
    assert told.endswith("password: does not fit")
    assert "hunter" not in told


def test_a_misfit_of_the_whole_says_so() -> None:
    with pytest.raises(ValidationError) as raised:
        Account.model_validate("hunter2")
    assert misfits(raised.value).startswith("the value: Input should be")


class Inner(BaseModel):
    """A model inside another value."""

    name: str = "Ann"
    token: str = "hunter2"
    hidden: str = Field("hunter2", repr=False)


@dataclass
class Login:
    name: str
    password: str
    kept: str = field(default="hunter2", repr=False)


class Bag(RootModel[dict[str, str]]):
    pass


class Admin(Login):
    pass


@dataclass
class Node:
    name: str
    token: str
    parent: object = None
    children: list[Node] = field(default_factory=list)


class Grant(NamedTuple):
    name: str
    access_token: str


class Own(dict[str, str]):
    def __repr__(self) -> str:
        return "Own()"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": [{"password": "hunter2", "n": 1}]}, "{'a': [{'password': '****', 'n': 1}]}"),
        (({"token": b"hunter2"}, 2), "({'token': '****'}, 2)"),
        ([Inner()], "[Inner(name='Ann', token='****')]"),
        ({"by": Login("Ann", "hunter2")}, "{'by': Login(name='Ann', password='****')}"),
        ([Grant("Ann", "hunter2")], "[Grant(name='Ann', access_token='****')]"),
        (Inner(token=""), "Inner(name='Ann', token='****')"),
        (Own(password="hunter2"), "Own()"),
        (Bag({"api_key": "hunter2"}), "Bag(root={'api_key': '****'})"),
        (Admin("Ann", "hunter2"), "Admin(name='Ann', password='****')"),
        ({"credentials": {"user": "x"}, "api_keys": ["sk-1"]}, "{'credentials': '****', 'api_keys': '****'}"),
        ({"password": 5, "token": None}, "{'password': 5, 'token': None}"),
        ([OrderedDict(token="hunter2")], "[OrderedDict({'token': '****'})]"),
        (defaultdict(bytes, token=b"x"), "defaultdict({'token': '****'})"),
        (deque([{"token": "hunter2"}]), "deque([{'token': '****'}])"),
        (SimpleNamespace(token="hunter2"), "SimpleNamespace(token='****')"),
        ({"error": ValueError("no", {"api_key": "hunter2"})}, "{'error': ValueError('no', {'api_key': '****'})}"),
    ],
)
def test_a_veiled_value_has_the_repr_of_the_value_but_for_secrets(value: object, told: str) -> None:
    assert repr(veiled(value)) == told


@pytest.mark.parametrize("value", [{"a": [1, (2, "x")]}, {1, 2}, object(), None])
def test_a_value_without_secrets_is_left_as_it_is(value: object) -> None:
    assert veiled(value) is value


@pytest.mark.parametrize("secret", [True, False])
def test_a_value_that_is_in_itself_is_no_endless_work(secret: bool) -> None:
    looped: dict[str, object] = {"password": "hunter2"} if secret else {"n": 1}
    looped |= {"a": looped, "b": [looped], "c": (looped,)}
    told = "{'password': '****', 'a': ..., 'b': [...], 'c': (...,)}"
    assert repr(veiled(looped)) == (told if secret else repr(looped))


def test_a_tree_whose_nodes_know_their_parents_is_looked_into_once() -> None:
    root = Node("root", "hunter2")
    root.children = [Node(f"child {n}", "hunter2", root) for n in range(200)]
    assert "hunter2" not in repr(veiled(root))
