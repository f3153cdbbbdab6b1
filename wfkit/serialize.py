"""Values to text and back, without ever running what the text says.

A class is found by name among those that the serializer was given: the workflow's own events and state, the framework's
events, and what the caller allows. Nothing is imported because data names it.
"""

from __future__ import annotations

import builtins
import dataclasses
import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from copy import copy
from enum import Enum
from functools import cache
from typing import Any, TypeAlias, get_args

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from wfkit import errors, events
from wfkit.errors import ContextSerdeError, UnreconstructedException
from wfkit.masking import misfits
from wfkit.plain import cut
from wfkit.plan import Plan
from wfkit.values import shown

TAG = "__type__"
EXCEPTION = "exception"
PICKLE = "pickle"  # written by PickleSerializer, and by nobody else read


class BaseSerializer(ABC):
    """Turns values into text and back, for snapshots.

    It is given events, the values in the store, or the whole state where its type is declared, and the exceptions of
    steps that wait for another attempt.

    Example:
        class Hidden(BaseSerializer):
            def serialize(self, value: Any) -> str:
                return encrypt(plain.serialize(value))  # plain: a JsonSerializer that knows the types

            def deserialize(self, value: str) -> Any:
                return plain.deserialize(decrypt(value))

        workflow = Greet(serializer=Hidden())
    """

    @abstractmethod
    def serialize(self, value: Any) -> str:
        """Return the value as text.

        Raises:
            ContextSerdeError: it cannot be written.
        """

    @abstractmethod
    def deserialize(self, value: str) -> Any:
        """Return the value that `serialize` wrote.

        Raises:
            ContextSerdeError: the text cannot be read.
        """

    def encode(self, value: Any) -> Any:
        """Return something that `json.dumps` takes."""
        return self.serialize(value)

    def decode(self, value: Any) -> Any:
        """Return the value that `encode` wrote."""
        return self.deserialize(value)


class JsonSerializer(BaseSerializer):
    """JSON in which pydantic models, tuples, sets, dates and the like keep their types.

    A model of a class that it does not know is refused when it is written, not when it is too late. So is what would
    come back as something else: a value of a subclass of dict, list, str or the like, unless a declared field makes
    the same of it again. An exception comes back if it is one of Python's or of wfkit's, or the steps name its class,
    and if its arguments make it again; else an UnreconstructedException stands for it.

    Args:
        allowed_types: pydantic models that may be written and read back, besides those that `knowing` adds.

    Example:
        serializer = JsonSerializer(allowed_types=[Query])
        assert serializer.deserialize(serializer.serialize(Query(text="hi"))) == Query(text="hi")
    """

    def __init__(self, *, allowed_types: Iterable[type[BaseModel]] | None = None) -> None:
        self._types: dict[str, type[BaseModel]] = {}
        self._exceptions: dict[str, type[Exception]] = {}
        for kind in (*_FRAMEWORK_EVENTS, *(allowed_types or ())):
            self._allow(kind)

    @classmethod
    def for_plan(cls, plan: Plan) -> JsonSerializer:
        """Return a serializer for a workflow's own classes."""
        return cls().knowing(plan)

    def knowing(self, plan: Plan) -> JsonSerializer:
        """Return a serializer that knows the classes a workflow's steps name, too, and the models in their fields."""
        twin = copy(self)
        twin._types = dict(self._types)
        twin._exceptions = dict(self._exceptions)
        for kind in plan.classes():
            if issubclass(kind, BaseModel):
                twin._allow(kind)
            elif issubclass(kind, Exception):
                twin._exceptions.setdefault(_type_id(kind), kind)
        return twin

    def _allow(self, kind: type[BaseModel]) -> None:
        if self._types.setdefault(_type_id(kind), kind) is kind:
            for field in kind.model_fields.values():
                for inner in _models_in(field.annotation):
                    if _type_id(inner) not in self._types:
                        self._allow(inner)

    def serialize(self, value: Any) -> str:
        import json  # late: it is no part of what asyncio and pydantic load

        return json.dumps(self.encode(value), allow_nan=False)

    def deserialize(self, value: str) -> Any:
        import json

        try:
            data = json.loads(value)
        except (ValueError, TypeError, RecursionError) as error:
            raise ContextSerdeError(f"Not valid JSON: {error}") from error
        return self.decode(data)

    def encode(self, value: Any) -> Any:
        try:
            return self._encode(value)
        except RecursionError:
            raise ContextSerdeError(
                f"Cannot write a {type(value).__name__} as JSON: it contains itself, or is nested too deep."
            ) from None

    def _encode(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            if kind is float and not math.isfinite(value):
                return {TAG: "float", "value": repr(value)}  # JSON has no such numbers
            return value
        if kind is list:
            return [self._encode(item) for item in value]
        if isinstance(value, BaseModel):
            if _type_id(kind) not in self._types:
                raise ContextSerdeError(_unknown(_type_id(kind)))
            return {TAG: _type_id(kind), "value": self._encode_fields(value)}
        if kind is dict:
            return self._encode_dictionary(value)
        if isinstance(value, Exception):
            return {TAG: EXCEPTION, "value": self._encode_exception(value)}
        if kind in _codecs():
            return {TAG: kind.__name__, "value": self._encode(_codecs()[kind][0](value))}
        raise ContextSerdeError(
            f"Cannot write a value of type {kind.__module__}.{kind.__qualname__} as JSON: {shown(value, 80)}. "
            f"{_hint(value)}Keep data in events and state, and live objects in attributes of the workflow."
        )

    def _encode_exception(self, error: Exception) -> list[Any]:
        """Write an exception's class, its arguments where they can be written, and its text."""
        if type(error) is UnreconstructedException:
            return [error.type_name, None, error.message]
        try:
            arguments = [self._encode(argument) for argument in error.args]
        except Exception:  # `args` of a class may be anything, and raise anything
            arguments = None
        return [_type_id(type(error)), arguments, text_of(error)]

    def _encode_dictionary(self, value: dict[Any, Any]) -> Any:
        if all(type(key) is str for key in value) and TAG not in value:
            return {key: self._encode(item) for key, item in value.items()}
        return {TAG: "dict", "value": [[self._encode(key), self._encode(item)] for key, item in value.items()]}

    def _encode_fields(self, model: BaseModel) -> dict[str, Any]:
        written = {}
        fields = type(model).model_fields
        for name, value in {**model.__dict__, **(model.__pydantic_extra__ or {})}.items():
            field = fields.get(name)
            if field is None or not field.exclude:
                written[_key(name, field)] = self._encode_field(type(model), name, field, value)
        return written

    def _encode_field(self, model: type[BaseModel], name: str, field: FieldInfo | None, value: Any) -> Any:
        try:
            return self._encode(value)
        except ContextSerdeError as error:
            # Pydantic may write what we do not: an enum, a URL, a type with a serializer of its own. That will do only
            # where the declared type makes the same of it again.
            if field is not None:
                from pydantic import TypeAdapter  # late: it makes pydantic look for plugins, a tenth of our import time

                with suppress(Exception):
                    written = to_jsonable_python(value)
                    again = TypeAdapter[Any](field.annotation or Any).validate_python(written)
                    if again == value and _types_in(again) == _types_in(value):
                        return self._encode(written)
            raise ContextSerdeError(f"Field {name!r} of {model.__name__}: {error}") from error

    def decode(self, value: Any) -> Any:
        try:
            return self._decode(value)
        except (ValueError, TypeError, ArithmeticError, AttributeError, RecursionError) as error:
            raise ContextSerdeError(f"Damaged data: {type(error).__name__}: {error}") from error

    def _decode(self, value: Any) -> Any:
        if type(value) is list:
            return [self._decode(item) for item in value]
        if type(value) is not dict:
            return value
        if TAG not in value:
            return {key: self._decode(item) for key, item in value.items()}
        name, content = value[TAG], value.get("value", ())
        if name == "dict":
            return {self._decode(key): self._decode(item) for key, item in content}
        if name == EXCEPTION:
            return self._decode_exception(*content)
        if name == PICKLE:
            raise ContextSerdeError(
                "The data hold a pickle, and reading a pickle runs what it says. If you have written them yourself and "
                "nobody else could touch them, read them with serializer=PickleSerializer()."
            )
        if isinstance(name, str) and name in _decoders():
            inner = self._decode(content)
            if name in _COLLECTIONS and type(inner) is not list:
                raise ContextSerdeError(f"Damaged data: a {name} holds a {type(inner).__name__}.")
            return _decoders()[name](inner)
        return self._decode_model(name, content)

    def _moved(self, name: str) -> type[BaseModel] | None:
        """Return the class of a name that was defined in a notebook or script, and has moved to a module since."""
        module, _, own = name.partition(":")
        found = [kind for kind in self._types.values() if kind.__qualname__ == own] if module == "__main__" else []
        return found[0] if len(found) == 1 else None

    def _decode_exception(self, name: str, arguments: list[Any] | None, text: str) -> Exception:
        kind = self._exceptions.get(name) or _known_exceptions().get(name)
        if kind is not None and arguments is not None:
            # One whose constructor wants other arguments than it keeps is stood for like an unknown one. Such a
            # constructor need not raise: what it makes of them may only read differently.
            with suppress(Exception):
                error = kind(*(self._decode(argument) for argument in arguments))
                if type(error) is kind and text_of(error) == text:
                    return error
        return UnreconstructedException(str(name), str(text))

    def _decode_model(self, name: object, content: Any) -> BaseModel:
        kind = self._types.get(name) or self._moved(name) if isinstance(name, str) else None
        if kind is None:
            raise ContextSerdeError(_unknown(name))
        if type(content) is not dict:
            raise ContextSerdeError(f"Damaged data: a {kind.__name__} holds a {type(content).__name__}.")
        fields = {key: self._decode(item) for key, item in content.items()}
        try:
            return kind.model_validate(fields["root"] if kind.__pydantic_root_model__ else fields)
        except ValidationError as error:
            raise ContextSerdeError(f"The data do not fit {kind.__name__}: {misfits(error)}") from None
        except KeyError as error:
            raise ContextSerdeError(f"The data do not fit {kind.__name__}: {error} is missing") from error


_PLAIN = frozenset({str, int, float, bool, type(None)})
_BUILTIN = frozenset({dict, list, tuple, set, frozenset, bytes})
_COLLECTIONS = frozenset({"tuple", "set", "frozenset"})


def _unknown(name: object) -> str:
    return (
        f"The type {name!r} is not among those that the steps of this workflow name. "
        f"If it may be saved and read, pass serializer=JsonSerializer(allowed_types=[...])."
    )


def _hint(value: object) -> str:
    """Say what to do about a value of a subclass of a type that could be written."""
    kind = type(value)
    if isinstance(value, Enum):
        return f"Declare the event's field as {kind.__name__}, or keep its .value. "
    base = next((base for base in kind.__mro__ if base in _PLAIN or base in _BUILTIN), None)
    if base is None:
        return ""
    return (
        f"It would come back as a plain {base.__name__}: make it one, or declare the event's field as {kind.__name__}. "
    )


def _types_in(value: Any) -> Any:
    """Return the types of a value and of all that is in it, to be compared: equal values may be of different types."""
    if isinstance(value, BaseModel):
        inner: Any = _types_in({**value.__dict__, **(value.__pydantic_extra__ or {})})
    elif isinstance(value, Mapping):
        inner = tuple((_types_in(key), _types_in(item)) for key, item in value.items())
    elif dataclasses.is_dataclass(value):
        inner = tuple(_types_in(getattr(value, field.name)) for field in dataclasses.fields(value))
    elif isinstance(value, (set, frozenset)):
        inner = frozenset(Counter(map(_types_in, value)).items())
    elif isinstance(value, Collection) and not isinstance(value, (str, bytes, Enum)):  # a flag is one of its own
        inner = tuple(map(_types_in, value))
    else:
        inner = None
    return type(value), inner


def _key(name: str, field: FieldInfo | None) -> str:
    """Return the key under which pydantic reads a field: its alias, where it has one."""
    alias = None if field is None else field.validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return alias if isinstance(alias, str) else name


Codec: TypeAlias = tuple[Callable[[Any], Any], Callable[[Any], Any]]


@cache
def _codecs() -> dict[type, Codec]:
    """Return how values that JSON has no form for are written and read. Made late: the imports are dear."""
    import base64
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal
    from uuid import UUID

    return {
        tuple: (list, tuple),
        set: (list, set),
        frozenset: (list, frozenset),
        bytes: (lambda value: base64.b64encode(value).decode(), base64.b64decode),
        datetime: (datetime.isoformat, datetime.fromisoformat),
        date: (date.isoformat, date.fromisoformat),
        time: (time.isoformat, time.fromisoformat),
        timedelta: (
            lambda value: [value.days, value.seconds, value.microseconds],
            lambda parts: timedelta(*parts),
        ),
        Decimal: (str, Decimal),
        UUID: (str, UUID),
    }


@cache
def _decoders() -> dict[str, Callable[[Any], Any]]:
    return {kind.__name__: codec[1] for kind, codec in _codecs().items()} | {"float": float}


@cache
def _known_exceptions() -> dict[str, type[Exception]]:
    """Return the exceptions that any workflow may meet: Python's own and ours."""
    found = [*vars(builtins).values(), *vars(errors).values()]
    kinds = [kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception)]
    return {_type_id(kind): kind for kind in kinds}


_FRAMEWORK_EVENTS: tuple[type[BaseModel], ...] = (
    events.Event,
    events.StartEvent,
    events.StopEvent,
    events.InputRequiredEvent,
    events.HumanResponseEvent,
    events.StepFailedEvent,
    events.CollectionReleaseEvent,
)


def _type_id(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def text_of(error: BaseException) -> str:
    """Return an exception's text, cut if it is very long; a `__str__` that raises is told of in its place."""
    try:
        text = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as mistake:  # a hostile or broken __str__ must not hide the real message
        text = f"<str failed: {type(mistake).__name__}>"
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text)  # another on each run, and of use to nobody
    return cut(text, 2_000)
