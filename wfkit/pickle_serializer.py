"""Snapshots of values that JSON has no form for, at the price of trust."""

from __future__ import annotations

import base64
import pickle
import warnings
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wfkit.errors import ContextSerdeError
from wfkit.serialize import PICKLE, TAG, JsonSerializer, text_of


class Unwritable(ContextSerdeError):
    """A value that can be written neither as JSON nor as a pickle; what holds it is refused in the same words."""


class PickleSerializer(JsonSerializer):
    """Like JsonSerializer, but pickles what that one refuses.

    **Reading a pickle runs what it says.** Whoever can write your snapshots can run code in your process, so read only
    those that you have written yourself and that nobody could touch since. Making one warns of that.

    What JSON can hold stays readable JSON, and only the values in it that JSON has no form for are pickled, each by
    itself: two that share an object have one each when they come back.

    Args:
        allowed_types: pydantic models that are written as JSON, besides those that the steps name.

    Example:
        Workflow(serializer=PickleSerializer())
    """

    def __init__(self, *, allowed_types: Iterable[type[BaseModel]] | None = None) -> None:
        warnings.warn(
            "PickleSerializer reads pickles, and reading a pickle runs what it says: restore only snapshots that you "
            "have written yourself. JsonSerializer(allowed_types=[...]) has no such risk.",
            UserWarning,
            stacklevel=2,
        )
        super().__init__(allowed_types=allowed_types)

    def encode(self, value: Any) -> Any:
        try:
            return self._encode(value)
        except RecursionError:  # it contains itself, which a pickle can say
            return _pickled(value, "it contains itself, or is nested too deep.")

    def _encode(self, value: Any) -> Any:
        try:
            written = super()._encode(value)
        except Unwritable as refused:
            # What it holds cannot be pickled, but it may know how to be, as with a `__getstate__` that leaves it out.
            try:
                return _pickled(value, str(refused))
            except ContextSerdeError:
                raise refused from None
        except ContextSerdeError as refused:
            return _pickled(value, str(refused))
        if isinstance(value, Exception):
            again = self._decode(written)
            if type(again) is not type(value) or vars(again).keys() != vars(value).keys():
                return _pickled_exception(value) or written
        return written

    def _encode_field(self, model: type[BaseModel], name: str, field: FieldInfo | None, value: Any) -> Any:
        try:
            return self._plain()._encode_field(model, name, field, value)
        except (ContextSerdeError, RecursionError):
            pass
        try:
            return self._encode(value)
        except ContextSerdeError as error:
            raise type(error)(f"Field {name!r} of {model.__name__}: {error}") from error

    def _plain(self) -> JsonSerializer:
        """Return what writes the same classes and pickles nothing."""
        twin = JsonSerializer.__new__(JsonSerializer)
        twin._types, twin._exceptions = self._types, self._exceptions
        return twin

    def _decode(self, value: Any) -> Any:
        if type(value) is dict and value.get(TAG) == PICKLE:
            try:
                return pickle.loads(base64.b64decode(value["value"]))
            except Exception as error:
                raise ContextSerdeError(f"A pickle in the data cannot be read: {error!r}") from error
        return super()._decode(value)


def _pickled(value: Any, refused: str) -> dict[str, Any]:
    """Write a value as a pickle.

    Raises:
        Unwritable: that cannot be done either.
    """
    try:
        return {TAG: PICKLE, "value": base64.b64encode(pickle.dumps(value)).decode()}
    except Exception as error:
        raise Unwritable(
            f"A value of type {type(value).__module__}.{type(value).__qualname__} can be written neither as JSON nor "
            f"as a pickle. JSON: {refused} Pickle: {text_of(error)}"
        ) from error


def _pickled_exception(error: Exception) -> dict[str, Any] | None:
    """Write an exception as a pickle; None if that could not be read again, as with some constructors."""
    try:
        text = pickle.dumps(error)
        if type(pickle.loads(text)) is not type(error):
            return None
    except Exception:
        return None
    return {TAG: PICKLE, "value": base64.b64encode(text).decode()}
