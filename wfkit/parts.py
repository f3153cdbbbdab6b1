"""What the markers of a signature and the parts of a retry policy have in common: they are values, and checked.

A part is made once, at decoration, and only read afterwards. It is equal to another that is made from equal
arguments, reads back as the call that made it, and can be pickled. Written out by hand: two dozen frozen dataclasses
would cost a tenth of what `import wfkit` takes.
"""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar, NoReturn, TypeAlias

from wfkit.errors import WorkflowRuntimeError

Seconds: TypeAlias = float | timedelta
"""A number of seconds, or a timedelta."""


class Part:
    """A value made from its arguments. A subclass names its fields in `__slots__`, in the order of its arguments."""

    __slots__ = ()
    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Note the fields; a class that adds none has those of its base."""
        slots = cls.__dict__.get("__slots__", ())
        cls._names += (slots,) if isinstance(slots, str) else tuple(slots)

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _arguments(self) -> tuple[Any, ...]:
        """Return the positional arguments that make an equal part."""
        return tuple(getattr(self, name) for name in self._names)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{self!r} cannot be changed. Make another one instead of setting {name!r}.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{self!r} cannot be changed. Make another one instead of deleting {name!r}.")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Part) and type(self) is type(other):
            return self._arguments() == other._arguments()
        return NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._arguments()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments()

    def __repr__(self) -> str:
        names, values = self._names, self._arguments()
        if len(names) == 1:
            words = [_shown(value) for value in values]
        else:
            pairs = zip(names, values, strict=True)
            words = [f"{name}={_shown(value)}" for name, value in pairs if value is not None]
        return f"{type(self).__name__}({', '.join(words)})"


class Parts(Part):
    """Several parts of one kind. Its own kind among them gives way to what that is made of, so `(a | b) | c` is flat.

    Attributes:
        parts: what it is made of, in order.
    """

    __slots__ = ("parts",)
    kind: ClassVar[type[Kind]]
    flat: ClassVar[bool] = True
    parts: tuple[Any, ...]

    def __init__(self, *parts: Any) -> None:
        name = type(self).__name__
        checked = [check_part(f"{name}() takes", self.kind, part) for part in parts]
        flat = [
            each for part in checked for each in (part.parts if self.flat and type(part) is type(self) else (part,))
        ]
        self._set(parts=tuple(flat))

    def _arguments(self) -> tuple[Any, ...]:
        return self.parts

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(_shown, self.parts))})"


class Kind:
    """A condition, a wait or a stop: what they are called, and how a function that stands in for one is called.

    Attributes:
        noun: the word for it.
        keyword: which argument of `retry_policy` takes it.
        example: one of the kind, as code.
        call: the call that a function must take, as code.
        sample: arguments of such a call: positional ones, named ones.
    """

    __slots__ = ()
    noun: ClassVar[str]
    keyword: ClassVar[str]
    example: ClassVar[str]
    call: ClassVar[str]
    sample: ClassVar[tuple[tuple[Any, ...], Mapping[str, Any]]]


def check_part(where: str, kind: type[Kind], given: Any) -> Any:
    """Return what was given as a part of a kind.

    Raises:
        TypeError: it is neither one of the kind nor a function that can stand in for one.
    """
    if isinstance(given, kind):
        return given
    start, way_out = f"{where} a {kind.noun}", f"For example {kind.example}."
    if isinstance(given, type):
        if issubclass(given, BaseException):
            raise TypeError(f"{start}, got the class {given!r}. Write retry_if_exception_type({given.__name__}).")
        if issubclass(given, Kind):
            way_out = f"Call it: {given.__name__}(...)." if issubclass(given, kind) else way_out
        raise TypeError(f"{start}, got the class {given!r}. {way_out}")
    if isinstance(given, Kind):
        raise TypeError(f"{start}, got {given!r}, which is a {given.noun}. {way_out}")
    if not callable(given):
        raise TypeError(f"{start}, got {given!r}. {way_out}")
    check_function(start, kind.call, kind.sample, given)
    return given


def check_function(
    start: str, call: str, sample: tuple[tuple[Any, ...], Mapping[str, Any]], given: Callable[..., Any]
) -> None:
    """Raise TypeError unless a function can be called with the sample of arguments, and answers at once."""
    if inspect.iscoroutinefunction(given) or inspect.iscoroutinefunction(type(given).__call__):
        raise TypeError(f"{start}, got {given!r}, which is asynchronous. Make it a plain function.")
    try:
        inspect.signature(given).bind(*sample[0], **sample[1])
    except TypeError as problem:
        raise TypeError(f"{start}, got {given!r}, which cannot be called as {call}: {problem}.") from None
    except ValueError:  # written in C without a signature: it will be seen when it is called
        pass


def check_number(what: str, value: Any, *, least: float = 0, finite: bool = True) -> float:
    """Return a number, or the seconds of a timedelta.

    Args:
        what: the argument, for the message, such as "wait_fixed(): wait".
        value: what was given.
        least: the smallest that is allowed.
        finite: whether infinity is refused.

    Raises:
        TypeError: it is neither.
        ValueError: it is too small, infinite, or no number at all (NaN).
    """
    number = number_of(value)
    if number is None:
        raise TypeError(f"{what} must be a number or a timedelta, got {value!r}.")
    if not number >= least:
        raise ValueError(f"{what} must be at least {least:g}, got {value!r}.")
    if finite and not is_finite(number):
        raise ValueError(f"{what} must be finite, got {value!r}.")
    return number


def number_of(value: object) -> float | None:
    """Return a number as it is, a timedelta in seconds, another kind of real number as a float, anything else None."""
    if isinstance(value, (int, float)):
        return None if isinstance(value, bool) else value
    if isinstance(value, timedelta):
        return value.total_seconds()
    from numbers import Real

    return float(value) if isinstance(value, Real) else None


def check_delay(words: str, asked: object, answer: object, end: str) -> float:
    """Return the seconds that a wait or a policy answered.

    Args:
        words: the beginning of the message, what was asked: "The wait".
        asked: the wait or the policy.
        answer: what it returned.
        end: how the message ends.

    Raises:
        WorkflowRuntimeError: nobody can wait that long.
    """
    delay = number_of(answer)
    if delay is None or not is_finite(delay) or delay < 0:
        raise WorkflowRuntimeError(
            f"{words} {asked!r} returned {answer!r}. Return the seconds to wait, a finite number of at least 0{end}"
        )
    return delay


def is_finite(number: float) -> bool:
    """Whether a number can be waited for: not infinite, not NaN, no integer beyond the floats."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})" if len(value) > 1 else _shown(value[0])
    if isinstance(value, (type, types.FunctionType)):
        return value.__name__
    return repr(value)
