"""Reads annotations: unions flattened, names looked up where the language would look, and around the definition.

Steps and resource factories are often made in a notebook cell or inside a function, with classes that only exist there.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from wfkit.errors import WorkflowValidationError

# Modules that read annotations at decoration: their frames are not where the names come from.
_READERS = frozenset({__name__, "wfkit.signature", "wfkit.steps", "wfkit.resources"})


def members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union without None; of anything else, the thing itself.

    Example:
        assert members(int | None) == (int,)
    """
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(kind for part in typing.get_args(hint) for kind in members(part))
    return () if hint is type(None) else (hint,)


def hints_of(func: Callable[..., Any]) -> dict[str, Any]:
    """Resolve a function's annotations, with names of the functions and classes around its definition."""
    strings = any(isinstance(hint, str) for hint in func.__annotations__.values())
    try:
        # As the language would look the names up: in the functions and classes around the step, then in its module.
        return typing.get_type_hints(func, localns=_names(_surrounding(func)) if strings else None, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError):
        pass  # a step made by a function elsewhere: take the names of all that are at work
    try:
        return typing.get_type_hints(func, localns=_names(_frames()), include_extras=True)
    except NameError as error:
        raise WorkflowValidationError(
            f"Failed to resolve type annotations for {func.__qualname__!r}. Missing name: {error.name}. "
            f"Define or import it before the step, at run time and not only for type checkers."
        ) from error
    except (TypeError, AttributeError, SyntaxError) as error:
        raise WorkflowValidationError(
            f"Failed to resolve type annotations for {func.__qualname__!r}: {error}. Mend the annotation."
        ) from error


def _frames() -> Iterator[types.FrameType]:
    """Yield the frames of functions and class bodies at work outside this module, the innermost first."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") not in _READERS and frame.f_code.co_name != "<module>":
            yield frame
        frame = frame.f_back


def _surrounding(func: Callable[..., Any]) -> Iterator[types.FrameType]:
    """Yield the frames whose code is written around a function's definition, the innermost first."""
    for frame in _frames():
        if frame.f_globals is func.__globals__ and func.__qualname__.startswith(f"{frame.f_code.co_qualname}."):
            yield frame


def _names(frames: Iterable[types.FrameType]) -> dict[str, Any]:
    """Return the local names of frames, the first one winning. A step is no type, even where an event has its name."""
    names: dict[str, Any] = {}
    for frame in frames:
        local = {name: value for name, value in frame.f_locals.items() if not _is_step(value)}
        names = {**local, **names}
    return names


def _is_step(value: object) -> bool:
    return isinstance(value, types.FunctionType) and hasattr(value, "__wfkit_step__")


def type_name(kind: Any) -> str:
    """Return how a type is written."""
    return kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind)
