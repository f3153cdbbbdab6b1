"""Which names are taken to hold a secret, and what is said of data that do not fit."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from wfkit.masking import MASK, is_secret_name, masked, misfits

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
