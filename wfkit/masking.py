"""Which names are taken to hold a secret, and what is shown instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

MASK = "****"

_SECRET = re.compile(r"key|token|passw|pwd|secret|credential", re.IGNORECASE)

# Rather one name too many than a secret shown. Let through is what language models bring along and nobody hides.
_HARMLESS = re.compile(r"keywords?|keyboard|keynotes?|keyframes?|tokeni[sz]\w*|monkey|turkey|hockey")
_COUNTED = re.compile(  # max_tokens, promptTokens; not access_tokens
    "max|min|num|number|n|total|sum|all|new|used|prompt|completion|input|output|cached?|reasoning|thinking|context|text"
    "|stop|special|audio|image|generated|remaining|estimated|of|in|out"
)
_COUNTS = re.compile("counts?|limit|budget|usage|used|length|window|estimate")  # token_count
_POINTS = re.compile("(?:point|fact|finding|idea|insight|takeaway|term|phrase|topic|theme)s?")  # key_points
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z0-9]+")
_FAR_ENOUGH = 1_000  # characters of a name that are looked at


def is_secret_name(name: object) -> bool:
    """Whether a field of this name is taken to hold a secret.

    Example:
        assert is_secret_name("openai_api_key") and not is_secret_name("max_tokens")
    """
    if isinstance(name, bytes):
        name = name.decode(errors="replace")
    if not isinstance(name, str) or _SECRET.search(name, 0, _FAR_ENOUGH) is None:
        return False
    words = _WORD.findall(_HUMP.sub("_", name[:_FAR_ENOUGH]).casefold())
    suspects = [place for place, word in enumerate(words) if _SECRET.search(word)]
    return not suspects or not all(_is_harmless(words, place) for place in suspects)


def _is_harmless(words: list[str], place: int) -> bool:
    word, before, after = words[place], "".join(words[:place][-1:]), "".join(words[place + 1 : place + 2])
    if word == "tokens" and (not before or _COUNTED.fullmatch(before)):
        return True
    pattern = {"token": _COUNTS, "tokens": _COUNTS, "key": _POINTS}.get(word)
    return (_HARMLESS.fullmatch(word) if pattern is None else pattern.fullmatch(after)) is not None


def masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with the values of those that are taken to hold a secret replaced."""
    return {name: MASK if is_secret_name(name) else value for name, value in fields.items()}


def misfits(error: ValidationError) -> str:
    """Say where data do not fit a model and why, without the data, which may be secret.

    Example:
        "n: Input should be a valid integer; password: does not fit"
    """
    told = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        # A validator of the user's may well say what it has been given.
        hidden = any(is_secret_name(part) for part in found["loc"])
        told.append(f"{'.'.join(map(str, found['loc'])) or 'the value'}: {'does not fit' if hidden else found['msg']}")
    return "; ".join(told)
