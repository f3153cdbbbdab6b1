"""Conditions that come from a page."""

from __future__ import annotations

import pytest

from wfkit import Breakpoint
from wfkit.widgets.conditions import checked

FINE = [
    "n > 3",
    " n > 3 and state['user'] == 'Ada' ",
    "not (0 <= score < 0.5) or len(text) > 10",
    "event.user.name in ('Ada', 'Bob')",
    "state['rows'][-1]['n'] is None",
    "max(n, m) - min(n, m) >= 2 if ready else any(flags)",
]
MORE = [
    "().__class__.__base__.__subclasses__()",
    "[c for c in ().__class__.__mro__]",
    "__import__('os').system('true')",
    "getattr(event, '__class__')",
    "event.model_dump()",
    "'{0.__class__}'.format(event)",
    "f'{event}'",
    "(lambda: 1)()",
    "(n := 3)",
    "'x' * 10**9",
    "9 ** 9 ** 9",
    "1 << 10**9",
    "'%s' % n",
    "sum([x for x in (1, 2)])",
    "len(*event)",
    "max(1, key=event.run)",
    "type(event)",
    "str(event)",
    "_secret",
    "event._work",
    "await n",
    "+".join(["1"] * 100),
]


@pytest.mark.parametrize("text", FINE)
def test_comparisons_of_fields_and_state_are_fine(text: str) -> None:
    assert checked(text) == text.strip()
    Breakpoint(when=checked(text))


@pytest.mark.parametrize("text", MORE)
def test_whatever_could_do_something_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="more than a comparison"):
        checked(text)


@pytest.mark.parametrize(
    "text", ["password < 'm'", "state['api_key'][0] == 's'", "event.token > 'a'", "len(secret) > 3"]
)
def test_a_page_may_not_ask_about_secrets_letter_by_letter(text: str) -> None:
    with pytest.raises(ValueError, match="what is masked"):
        checked(text)


@pytest.mark.parametrize("text", ["state['api' + '_k' + 'ey'] < 'm'", "n - 'x'"])
def test_names_are_not_put_together(text: str) -> None:
    with pytest.raises(ValueError, match="more than a comparison"):
        checked(text)


@pytest.mark.parametrize("text", ["n >", "", "x = 1", "import os", "\x00", "(" * 300, "-" * 400 + "1", "1 1"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no expression|more than a comparison"):
        checked(text)


def test_a_long_one_is_not_even_read() -> None:
    with pytest.raises(ValueError, match="at most 500 characters"):
        checked("n" * 1_000_000)
