"""Which names are taken to hold a secret, and what is shown instead."""

from __future__ import annotations

import dataclasses
import re
import types
from collections import OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, RootModel, ValidationError

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


_AGAIN = _Told("...")  # as repr tells of what is within itself; looked into again and again, it would have no end
# Reprs that tell every part of a value; a class with a repr of its own says what its author wants.
_LISTING: set[Any] = {kind.__repr__ for kind in (list, tuple, set, frozenset, deque, UserList, BaseException)}
_MAPPING: set[Any] = {kind.__repr__ for kind in (dict, OrderedDict, defaultdict, UserDict, types.MappingProxyType)}
_TELLING: set[Any] = {BaseModel.__repr_args__, RootModel.__repr_args__}
_OPEN = (int, float, type(None))  # nobody's secret


def veiled(value: Any, depth: int = 20) -> Any:
    """Return something that is told like a value, but for what stands under the name of a secret, however deep it is.

    Args:
        value: anything; without a secret in it, it is returned itself.
        depth: so many values in one another are looked into.

    Example:
        assert repr(veiled({"api_key": "sk-1", "n": 5})) == "{'api_key': '****', 'n': 5}"
    """
    veil = _Veil()
    told = veil.over(value, depth, ())
    return told if veil.hides else value


def veiled_field(name: object, value: Any) -> Any:
    """Return what has the repr of a field's value; a secret's is a mask, unless it is a number or nothing."""
    return veiled({name: value})[name]


class _Veil:
    """Goes through a value once.

    Attributes:
        hides: whether there was anything to hide.
    """

    def __init__(self) -> None:
        self.hides = False

    def over(self, value: Any, depth: int, above: tuple[int, ...]) -> Any:
        """Return what has the repr of a value that is in those above it."""
        kind: Any = type(value)
        if depth <= 0 or kind in (str, int, float, bool, type(None)):
            return value
        if id(value) in above:
            return _AGAIN
        above = (*above, id(value))
        if kind.__repr__ in _LISTING:
            return self._over_items(value, depth, above)
        named = dict(value) if kind.__repr__ in _MAPPING else _fields_in_repr(value)
        if named is None:
            return value
        told = {name: self._over_field(name, item, depth, above) for name, item in named.items()}
        if all(told[name] is item for name, item in named.items()):
            return value
        if kind.__repr__ in _MAPPING:
            return told if kind is dict else _Told(f"{kind.__qualname__}({told!r})")
        return _Told(f"{kind.__qualname__}({', '.join(f'{name}={item!r}' for name, item in told.items())})")

    def _over_items(self, value: Any, depth: int, above: tuple[int, ...]) -> Any:
        kind, items = type(value), value.args if isinstance(value, BaseException) else value
        told = [self.over(item, depth - 1, above) for item in items]
        if all(after is before for before, after in zip(items, told, strict=True)):
            return value
        if kind is list or kind is tuple:
            return kind(told)
        return _Told(f"{kind.__qualname__}({', '.join(map(repr, told)) if items is not value else told})")

    def _over_field(self, name: object, value: Any, depth: int, above: tuple[int, ...]) -> Any:
        if isinstance(value, _OPEN) or not is_secret_name(name):
            return self.over(value, depth - 1, above)
        self.hides = True
        return MASK


def _fields_in_repr(value: Any) -> dict[str, Any] | None:
    """Return the fields that the usual repr of a model, a dataclass or the like tells; None for all others."""
    kind = type(value)
    if isinstance(value, BaseModel):
        if kind.__repr__ is not BaseModel.__repr__ or kind.__repr_args__ not in _TELLING:  # type: ignore[comparison-overlap]
            return None
        return {name: item for name, item in value.__repr_args__() if name is not None}
    if dataclasses.is_dataclass(kind) and hasattr(kind.__repr__, "__wrapped__"):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(kind) if field.repr}
    if isinstance(value, types.SimpleNamespace):
        return dict(vars(value))
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
