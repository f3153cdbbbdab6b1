"""Which names are taken to hold a secret, and what is shown instead."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

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


class _Told:
    """Something whose repr has been worked out already."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def veiled(value: Any, depth: int = 20) -> Any:
    """Return what has the repr of a value, but for text under the name of a secret, however deep it is.

    Args:
        value: anything; without a secret in it, it is returned itself.
        depth: so many values in one another are looked into.

    Example:
        assert repr(veiled({"api_key": "sk-1", "n": 5})) == "{'api_key': '****', 'n': 5}"
    """
    kind = type(value)
    if depth <= 0 or kind in (str, int, float, bool, type(None)):
        return value
    if kind is dict:
        return _unless_same(value, {key: _veiled_field(key, item, depth) for key, item in value.items()})
    if kind is list or kind is tuple:
        return _unless_same(value, kind(veiled(item, depth - 1) for item in value))
    named = _fields_in_repr(value)
    if named is None:
        return value
    told = {name: _veiled_field(name, item, depth) for name, item in named.items()}
    if all(told[name] is item for name, item in named.items()):
        return value
    return _Told(f"{kind.__qualname__}({', '.join(f'{name}={item!r}' for name, item in told.items())})")


def _veiled_field(name: object, value: Any, depth: int) -> Any:
    return MASK if isinstance(value, (str, bytes)) and is_secret_name(name) else veiled(value, depth - 1)


def _unless_same(value: Any, other: Any) -> Any:
    pairs = zip(value.values(), other.values(), strict=True) if type(value) is dict else zip(value, other, strict=True)
    return value if all(before is after for before, after in pairs) else other


def _fields_in_repr(value: Any) -> dict[str, Any] | None:
    """Return the fields that the usual repr of a model, a dataclass or a named tuple tells; None for all others."""
    kind = type(value)
    if isinstance(value, BaseModel):
        if any(getattr(kind, name) is not getattr(BaseModel, name) for name in ("__repr__", "__repr_args__")):
            return None
        return {name: item for name, item in value.__repr_args__() if name is not None}
    if dataclasses.is_dataclass(kind) and "__repr__" in vars(kind) and hasattr(kind.__repr__, "__wrapped__"):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(kind) if field.repr}
    if isinstance(value, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
        return dict(zip(kind._fields, value, strict=False))
    return None


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
