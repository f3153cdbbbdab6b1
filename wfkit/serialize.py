"""Values to text and back, without ever running what the text says.

A class is found by name among those that the serializer was given: the workflow's own events and state, the framework's
events, and what the caller allows. Nothing is imported because data names it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from functools import cache
from typing import Any, TypeAlias, get_args

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from wfkit import events
from wfkit.errors import ContextSerdeError
from wfkit.plan import Plan

TAG = "__type__"


class BaseSerializer(ABC):
    """Turns values into text and back, for snapshots."""

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

    A model of a class that it does not know is refused when it is written, not when it is too late.

    Args:
        allowed_types: pydantic models that may be written and read back, besides those that `knowing` adds.

    Example:
        serializer = JsonSerializer(allowed_types=[Query])
        assert serializer.deserialize(serializer.serialize(Query(text="hi"))) == Query(text="hi")
    """

    def __init__(self, *, allowed_types: Iterable[type[BaseModel]] | None = None) -> None:
        self._types: dict[str, type[BaseModel]] = {}
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
        for kind in plan.classes():
            if issubclass(kind, BaseModel):
                twin._allow(kind)
        return twin

    def _allow(self, kind: type[BaseModel]) -> None:
        if self._types.setdefault(_type_id(kind), kind) is kind:
            for field in kind.model_fields.values():
                for inner in _models_in(field.annotation):
                    if _type_id(inner) not in self._types:
                        self._allow(inner)

    def serialize(self, value: Any) -> str:
        return json.dumps(self.encode(value))

    def deserialize(self, value: str) -> Any:
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
            return value
        if kind is list:
            return [self._encode(item) for item in value]
        if isinstance(value, BaseModel):
            if _type_id(kind) not in self._types:
                raise ContextSerdeError(_unknown(_type_id(kind)))
            return {TAG: _type_id(kind), "value": self._encode_fields(value)}
        if isinstance(value, dict):
            return self._encode_dictionary(value)
        if kind in _codecs():
            return {TAG: kind.__name__, "value": self._encode(_codecs()[kind][0](value))}
        raise ContextSerdeError(
            f"Cannot write a value of type {kind.__module__}.{kind.__qualname__} as JSON: {_short(value)}. "
            f"Keep data in events and state, and live objects in attributes of the workflow."
        )

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
                    if type(again) is type(value) and again == value:
                        return written
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
        if isinstance(name, str) and name in _decoders():
            inner = self._decode(content)
            if name in _COLLECTIONS and type(inner) is not list:
                raise ContextSerdeError(f"Damaged data: a {name} holds a {type(inner).__name__}.")
            return _decoders()[name](inner)
        return self._decode_model(name, content)

    def _decode_model(self, name: object, content: Any) -> BaseModel:
        kind = self._types.get(name) if isinstance(name, str) else None
        if kind is None:
            raise ContextSerdeError(_unknown(name))
        if type(content) is not dict:
            raise ContextSerdeError(f"Damaged data: a {kind.__name__} holds a {type(content).__name__}.")
        fields = {key: self._decode(item) for key, item in content.items()}
        try:
            return kind.model_validate(fields["root"] if kind.__pydantic_root_model__ else fields)
        except (ValidationError, KeyError) as error:
            raise ContextSerdeError(f"The data do not fit {kind.__name__}: {error}") from error


_PLAIN = frozenset({str, int, float, bool, type(None)})
_COLLECTIONS = frozenset({"tuple", "set", "frozenset"})


def _unknown(name: object) -> str:
    return (
        f"The type {name!r} is not among those that the steps of this workflow name. "
        f"If it may be saved and read, pass serializer=JsonSerializer(allowed_types=[...])."
    )


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
    return {kind.__name__: codec[1] for kind, codec in _codecs().items()}


_FRAMEWORK_EVENTS: tuple[type[BaseModel], ...] = (
    events.Event,
    events.StartEvent,
    events.StopEvent,
    events.InputRequiredEvent,
    events.HumanResponseEvent,
)


def _type_id(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _short(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # a hostile or broken __repr__ must not hide the real message
        text = f"<repr failed: {type(error).__name__}>"
    return text if len(text) <= 80 else text[:79] + "…"
