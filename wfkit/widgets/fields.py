"""What a form asks for: the fields of a pydantic model, each with the control that suits it. Pure.

What a field is is read from its JSON schema, what stands in it from the object at hand. A value that no text can stand
for (a data frame, a lock, a megabyte) is fixed: it is shown, and kept as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, Flag
from typing import Any, Final

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from wfkit.display.words import FIELD_LIMIT, brief, count, shown
from wfkit.masking import MASK, is_secret_name
from wfkit.widgets.schemas import HELP_LIMIT, Kind, Schema, schema_alone, schema_of, taken_by
from wfkit.widgets.spelling import ABSENT, LONGEST, adapter, as_json, is_spelled, spelled

_ONE_LINE: Final = 72  # longer text gets several lines
_LONGEST_NAME: Final = 200
_MOST_UNDECLARED: Final = 100
_MOST_TEXT: Final = 100_000  # characters in all the fields of a form together
# A page would change these characters, or cannot be sent them; a text area also writes all ends of lines alike.
_CHANGED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]|\r(?!\n)")
_HALF: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: of the model's field.
        kind: which control: one line of text, several lines, a number, yes or no, a choice, JSON as text, JSON or else
            plain text, a secret (typed without being seen), or fixed: nothing to type.
        reads: how typed text is read; differs from `kind` for a secret.
        title: what the model calls it, else its name.
        help: its description.
        note: in words what it takes.
        default: its default, in words, "" if it has none.
        required: whether the model wants it.
        nullable: whether None will do; empty stands for it.
        declared: whether it is a field of the class.
        free: whether nothing but the value that stands in it tells what it takes.
        filled: whether there is a value.
        value: what the control shows: text, a truth value, the place of a choice; None for nothing.
        choices: the values to choose from.
        limits: what its JSON schema demands: minimum, maxLength, pattern and so on.
    """

    name: str
    kind: Kind
    reads: Kind
    title: str = ""
    help: str = ""
    note: str = ""
    default: str = ""
    required: bool = False
    nullable: bool = False
    declared: bool = True
    free: bool = False
    filled: bool = False
    value: str | bool | int | None = None
    choices: tuple[Any, ...] = ()
    limits: tuple[tuple[str, Any], ...] = ()

    def spec(self) -> dict[str, Any]:
        """Return what the script of the form needs of it, ready for JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "title": self.title,
            "help": self.help,
            "note": self.note,
            "default": self.default,
            "required": self.required,
            "nullable": self.nullable,
            "declared": self.declared,
            "filled": self.filled,
            "value": self.value,
            "choices": [label_of(choice) for choice in self.choices],
            "limits": dict(self.limits),
        }


def fields_of_class(kind: type[BaseModel], values: Mapping[str, Any]) -> list[Field]:
    """Return the fields of a model, declared ones first, then the undeclared ones that have a value.

    Args:
        kind: the model.
        values: what stands in the fields, by name; those that are missing have no value. One whose name no page could
            be sent is left out. What is more than a page should hold is fixed, and of many undeclared ones only told.
    """
    schema = schema_of(kind)
    found = []
    for name, info in kind.model_fields.items():
        value = values.get(name, ABSENT)
        try:
            field = _declared(name, info, schema or schema_alone(name, info), value)
            json.dumps(field.spec(), allow_nan=False).encode()
        except Exception:  # a schema of the author's own that is none
            field = replace(field_of_value(name, value), required=info.is_required(), declared=True, free=False)
        found.append(field)
    others = [name for name in values if name not in kind.model_fields and is_fit_name(name)]
    found += [field_of_value(name, values[name]) for name in others[:_MOST_UNDECLARED]]
    if len(others) > _MOST_UNDECLARED:
        told = f"and {count(len(others) - _MOST_UNDECLARED, 'more field')}, kept as they are"
        found.append(Field("…", "fixed", "fixed", declared=False, filled=True, value=told))
    return list(_bounded(found, values))


def _bounded(fields: Iterable[Field], values: Mapping[str, Any]) -> Iterator[Field]:
    """Yield fields, fixed from where they hold more text together than a page should."""
    room = _MOST_TEXT
    for field in fields:
        room -= len(field.value) if isinstance(field.value, str) else 0
        over = room < 0 and field.kind != "fixed" and isinstance(field.value, str)
        yield replace(field, kind="fixed", reads="fixed", value=shown(values[field.name])) if over else field


def is_fit_name(name: Any) -> bool:
    """Whether a form can have a field of this name."""
    return type(name) is str and len(name) <= _LONGEST_NAME and _HALF.search(name) is None


def _declared(name: str, info: FieldInfo, schema: Schema, value: Any) -> Field:
    taken = taken_by(name, info, schema)
    required = info.is_required()
    field = Field(
        name=name,
        kind=taken.kind,
        reads=taken.kind,
        title=brief(str(info.title or ""), FIELD_LIMIT),
        help=brief(str(info.description or ""), HELP_LIMIT),
        note=taken.note,
        default="" if required else _default(name, info),
        required=required,
        nullable=taken.nullable,
        free=info.annotation is Any,
        choices=taken.choices,
        limits=taken.limits,
    )
    if value is not ABSENT and not info.repr:  # its author does not want it to be seen
        return replace(field, kind="secret", filled=True)
    filled = with_value(field, value)
    spelled_out = filled.kind in ("text", "lines") and not issubclass(type(value), str)
    if spelled_out and not _reads_back(info.annotation, filled.value, value):
        return replace(filled, kind="fixed", reads="fixed", value=shown(value))
    return filled


def _reads_back(annotation: Any, told: Any, value: Any) -> bool:
    """Whether a field reads the text that stands for its value as that value."""
    if value is ABSENT or told is None or isinstance(value, Enum):
        return True
    try:
        read = adapter(annotation).validate_python(told, strict=False)
        return type(read) is type(value) and bool(read == value)
    except Exception:  # it has names that are not defined yet, or reads it as nothing
        return is_spelled(value) and not isinstance(value, bytes)


def field_of_value(name: str, value: Any) -> Field:
    """Return the field for a value that nothing is declared about.

    Args:
        name: of the field.
        value: what stands in it; its own type tells how what is typed in its place is read.
    """
    kind: Kind = "any"
    told = type(value)
    choices: tuple[Any, ...] = ()
    if told is bool:
        kind = "bool"
    elif told in (int, float):
        kind = "number"
    elif told is str or is_spelled(value):
        kind = "text"
    elif issubclass(told, Enum) and not issubclass(told, Flag):
        kind, choices = "choice", tuple(told)
    elif issubclass(told, (list, tuple, set, frozenset, dict, BaseModel)) or hasattr(told, "__dataclass_fields__"):
        kind = "json"
    return with_value(Field(name, kind, kind, declared=False, free=True, choices=choices), value)


def with_value(field: Field, value: Any) -> Field:
    """Return a field with a value in it, and the control that suits both.

    Args:
        field: without a value.
        value: what stands in it, or ABSENT.
    """
    filled = value is not ABSENT
    hidden = issubclass(type(value), (SecretStr, SecretBytes))
    if hidden or is_secret_name(field.name) or field.kind == "secret":
        secret = field.kind in ("secret", "lines") or hidden
        return replace(field, kind="secret", reads="text" if secret else field.reads, filled=filled)
    if not filled or (value is None and field.nullable):
        return replace(field, filled=filled)
    content = _content(field, value)
    if content is None:
        return replace(field, kind="fixed", reads="fixed", filled=True, value=shown(value))
    kind, told = content
    return replace(field, kind=kind, reads=kind, filled=True, value=told)


def _content(field: Field, value: Any) -> tuple[Kind, str | bool | int] | None:
    """Return the control for a value and what it shows, None if no control can show it faithfully."""
    if field.kind == "fixed":
        return None
    told = type(value)
    try:
        if field.kind == "choice":
            place = place_of(value, field.choices)
            return None if place is None else ("choice", place)
        if field.kind == "bool":
            return ("bool", value) if told is bool else None
        if field.kind == "number":
            number = issubclass(told, (int, float)) and told is not bool
            return ("number", str(value)) if number and _is_fit(str(value)) else None
        if issubclass(told, Enum):
            value, told = value.value, type(value.value)
        if field.kind == "any" and (value is None or told in (bool, int, float)):
            return "any", json.dumps(value)
        if field.kind in ("json", "any") and told is not str and not is_spelled(value):
            plain = as_json(value)
            text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
            text = text if len(text) < _ONE_LINE else json.dumps(plain, ensure_ascii=False, indent=2)
            return ("json", text) if _is_fit(text) else None
        if field.kind == "json":
            text = json.dumps(value if told is str else spelled(value), ensure_ascii=False)
            return ("json", text) if _is_fit(text) else None
        return _text(field, value)
    except Exception:  # not for JSON, or it does not let itself be looked at
        return None


def _text(field: Field, value: Any) -> tuple[Kind, str] | None:
    if type(value) is not str:  # a date, an address, a path: spelled as pydantic reads it
        value = spelled(value) if is_spelled(value) else str(value)
    if not _is_fit(value):
        return None
    long = "\n" in value or len(value) > _ONE_LINE or field.kind == "lines"
    return ("lines" if long else "text"), value


def _is_fit(text: str) -> bool:
    """Whether a control holds the text: it is not too long and has no characters that a page would change."""
    if len(text) > LONGEST or _CHANGED.search(text):
        return False
    return "\r" not in text or text.count("\r\n") == text.count("\n")


def place_of(value: Any, choices: tuple[Any, ...]) -> int | None:
    """Return the place of a value among choices, by its value if it is a member of an Enum and they are not."""
    for found in (value, value.value) if isinstance(value, Enum) else (value,):
        for place, choice in enumerate(choices):
            if type(choice) is type(found) and choice == found:
                return place
    return None


def label_of(choice: Any) -> str:
    """Return what stands for a choice in a list of them; for a member of an Enum its value if that is text."""
    if isinstance(choice, Enum):
        choice = choice.value if isinstance(choice.value, str) else choice.name
    return brief(choice if isinstance(choice, str) else shown(choice), 120)


def _default(name: str, info: FieldInfo) -> str:
    if is_secret_name(name) or not info.repr:
        return MASK
    if info.default_factory is not None:
        return "made anew"
    return label_of(info.default) if isinstance(info.default, Enum) else shown(info.default, 80)
