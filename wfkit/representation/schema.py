"""What is told of an event class: its names, its text and the JSON schema of its fields."""

from __future__ import annotations

import inspect
import json
import math
from typing import Any
from weakref import WeakKeyDictionary

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import CoreSchema, from_json

from wfkit.events import Event
from wfkit.masking import MASK, is_secret_name

_facts: WeakKeyDictionary[type[Event], bytes] = WeakKeyDictionary()  # as JSON: the graphs are the user's to change


def facts_of(kind: type[Event]) -> dict[str, Any]:
    """Return what a node tells of an event class alone."""
    written = _facts.get(kind)
    if written is None:
        doc = inspect.cleandoc(vars(kind).get("__doc__") or "")
        facts = {
            "node_type": "event",
            "label": kind.__name__,
            "description": doc or None,
            "event_type": kind.__name__,
            "event_types": [base.__name__ for base in kind.__mro__ if issubclass(base, Event)],
            "event_schema": _schema_of(kind),
        }
        written = json.dumps(_plain(facts)).encode()
        if kind.__pydantic_complete__:  # else its schema may yet change
            _facts[kind] = written
    known: dict[str, Any] = from_json(written)
    return known


class _Schema(GenerateJsonSchema):
    """Makes a schema for any event; a type that JSON does not know takes anything."""

    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> JsonSchemaValue:
        kind = schema.get("cls")
        return {"title": kind.__name__} if isinstance(kind, type) else {}

    def encode_default(self, dft: Any) -> Any:
        return super().encode_default(_ordered(dft))

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Say nothing: a default that JSON cannot tell is left out."""


def _ordered(value: Any) -> Any:
    """Return a default with the sets in it as sorted lists: in a set, text has another order in each process."""
    if isinstance(value, (set, frozenset)):
        return sorted(map(_ordered, value), key=repr)
    if type(value) in (list, tuple):
        return [_ordered(item) for item in value]
    return {key: _ordered(item) for key, item in value.items()} if type(value) is dict else value


def _schema_of(kind: type[Event]) -> dict[str, Any]:
    try:
        schema: dict[str, Any] = json.loads(json.dumps(_plain(kind.model_json_schema(schema_generator=_Schema))))
        return schema
    except Exception:  # a type not yet defined, or code of the user's that makes schemas
        return {"title": kind.__name__, "type": "object", "properties": {key: {} for key in kind.model_fields}}


def _plain(value: Any, name: str = "", in_default: bool = False) -> Any:
    """Return JSON that is the same in every process, with the defaults of what is named like a secret masked.

    Args:
        value: what may stand in a schema.
        name: the key that it stands under.
        in_default: whether it is part of a default.
    """
    if isinstance(value, dict):
        return {
            text(str(key)): MASK
            if isinstance(item, str) and is_secret_name(key if in_default else name if key == "default" else "")
            else _plain(item, str(key), in_default or key == "default")
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item, name, in_default) for item in value]
    if isinstance(value, str):
        return text(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def text(given: str) -> str:
    """Return text as UTF-8 can have it: half of a surrogate pair is spelled out."""
    return given if given.isascii() else given.encode("utf-8", "backslashreplace").decode()
