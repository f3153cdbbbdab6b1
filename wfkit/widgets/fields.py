"""What a form asks for: the fields of a pydantic model, each with the control that suits it. Pure.

What a field is is read from its JSON schema, what stands in it from the object at hand. A value that no text can stand
for (a data frame, a lock, a megabyte) is fixed: it is shown, and kept as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from wfkit.display.words import FIELD_LIMIT, brief, clean, cut, shown
from wfkit.masking import MASK, is_secret_name

Kind: TypeAlias = Literal["text", "lines", "number", "bool", "choice", "json", "any", "secret", "fixed"]

ABSENT: Any = object()  # there is no value
LONGEST: Final = 20_000  # characters that a control holds
_HELP_LIMIT: Final = 300
_ONE_LINE: Final = 80  # longer text gets several lines
_DEEPEST: Final = 20
_LIMITS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "{} characters or more",
    "maxLength": "{} characters or less",
    "minItems": "{} items or more",
    "maxItems": "{} items or less",
    "pattern": "matching {}",
}
_WORDS: Final = {
    "integer": "whole number",
    "number": "number",
    "array": "list, as JSON",
    "object": "JSON",
    "date-time": "date and time, as 2026-11-21T16:30",
    "date": "date, as 2026-11-21",
    "time": "time, as 16:30",
    "duration": "duration, as PT1H30M",
    "uuid": "UUID",
    "uri": "address, as https://example.org",
    "email": "e-mail address",
}


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


class _Lenient(GenerateJsonSchema):
    """A JSON schema also of what JSON cannot say."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> dict[str, Any]:
        return {"not-json": True}


def fields_of_class(kind: type[BaseModel], values: Mapping[str, Any]) -> list[Field]:
    """Return the fields of a model, declared ones first, then the undeclared ones that have a value.

    Args:
        kind: the model.
        values: what stands in the fields, by name; those that are missing have no value.
    """
    schema = _schema_of(kind)
    properties, definitions = schema.get("properties", {}), schema.get("$defs", {})
    found = [
        _declared(name, info, properties.get(name, {}), definitions, values.get(name, ABSENT))
        for name, info in kind.model_fields.items()
    ]
    return [*found, *(field_of_value(name, value) for name, value in values.items() if name not in kind.model_fields)]


def _schema_of(kind: type[BaseModel]) -> dict[str, Any]:
    try:
        return kind.model_json_schema(by_alias=False, schema_generator=_Lenient)
    except Exception:  # names that are not defined yet, a schema of the user's own that fails: the values still tell
        return {}


def _declared(name: str, info: FieldInfo, schema: Any, definitions: dict[str, Any], value: Any) -> Field:
    plain, nullable = _resolve(schema if isinstance(schema, dict) else {}, definitions)
    kind, choices = _kind_of(plain)
    required = info.is_required()
    limits = tuple((key, plain[key]) for key in _LIMITS if isinstance(plain.get(key), (int, float, str)))
    field = Field(
        name=name,
        kind=kind,
        reads=kind,
        title=brief(info.title or "", FIELD_LIMIT),
        help=brief(info.description or "", _HELP_LIMIT),
        note=_note(plain, limits),
        default="" if required else _default(name, info),
        required=required,
        nullable=nullable,
        choices=choices,
        limits=limits,
    )
    return with_value(field, value)


def field_of_value(name: str, value: Any) -> Field:
    """Return the field for a value that nothing is declared about.

    Args:
        name: of the field.
        value: what stands in it; its own type tells how what is typed in its place is read.
    """
    kind: Kind = "any"
    if isinstance(value, bool):
        kind = "bool"
    elif isinstance(value, (int, float)):
        kind = "number"
    elif isinstance(value, str):
        kind = "text"
    elif isinstance(value, (list, tuple, dict, BaseModel)):
        kind = "json"
    return with_value(Field(name, kind, kind, declared=False), value)


def with_value(field: Field, value: Any) -> Field:
    """Return a field with a value in it, and the control that suits both.

    Args:
        field: without a value.
        value: what stands in it, or ABSENT.
    """
    filled = value is not ABSENT
    if isinstance(value, (SecretStr, SecretBytes)) or is_secret_name(field.name) or field.kind == "secret":
        secret = field.kind in ("secret", "lines") or isinstance(value, (SecretStr, SecretBytes))
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
    try:
        if field.kind == "choice":
            place = place_of(value, field.choices)
            return None if place is None else ("choice", place)
        if field.kind == "bool":
            return ("bool", value) if isinstance(value, bool) else None
        if field.kind == "number":
            return ("number", str(value)) if _is_fit(str(value)) else None
        if isinstance(value, Enum):
            value = value.value
        if field.kind == "any" and (value is None or isinstance(value, (bool, int, float))):
            return "any", json.dumps(value)
        if field.kind in ("json", "any") and not isinstance(value, str):
            text = json.dumps(as_json(value, 0), ensure_ascii=False, indent=2, allow_nan=False)
            return ("json", text) if _is_fit(text) else None
        if field.kind == "json":
            text = json.dumps(value, ensure_ascii=False)
            return ("json", text) if _is_fit(text) else None
        return _text(field, value)
    except Exception:  # not for JSON, or it does not let itself be looked at
        return None


def _text(field: Field, value: Any) -> tuple[Kind, str] | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8")
    elif not isinstance(value, str):  # a date, an address, a path: spelled as pydantic reads it
        value = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if not _is_fit(value):
        return None
    long = "\n" in value or "\r" in value or len(value) > _ONE_LINE or field.kind == "lines"
    return ("lines" if long else "text"), value


def _is_fit(text: str) -> bool:
    """Whether a control holds the text: it is not too long and has no characters that a page would change."""
    if len(text) > LONGEST:
        return False
    return not any((char < " " and char not in "\n\r\t") or "\ud800" <= char <= "\udfff" for char in text)


def as_json(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON says it, with secrets masked.

    Raises:
        ValueError: JSON cannot say it.
    """
    if depth > _DEEPEST:
        raise ValueError("too deep")
    if isinstance(value, (SecretStr, SecretBytes)):
        return MASK
    if isinstance(value, Enum):
        return as_json(value.value, depth + 1)
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, (list, tuple)):
        return [as_json(item, depth + 1) for item in value]
    if isinstance(value, (dict, BaseModel)):
        inner = parts_of(value)
        if all(isinstance(key, str) for key in inner):
            return {key: MASK if is_secret_name(key) else as_json(item, depth + 1) for key, item in inner.items()}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise ValueError("nothing that JSON can say")


def parts_of(value: Any) -> dict[Any, Any]:
    """Return what is in a dictionary or a model, by name."""
    if isinstance(value, BaseModel):
        own = value.__dict__
        declared = {name: own[name] for name in type(value).model_fields if name in own}
        return {**declared, **(value.__pydantic_extra__ or {})}
    return value if isinstance(value, dict) else {}


def place_of(value: Any, choices: tuple[Any, ...]) -> int | None:
    """Return the place of a value among choices, by its value if it is a member of an Enum."""
    plain = value.value if isinstance(value, Enum) else value
    return next((n for n, choice in enumerate(choices) if type(choice) is type(plain) and choice == plain), None)


def label_of(choice: Any) -> str:
    """Return what stands for a choice in a list of them."""
    return brief(choice if isinstance(choice, str) else shown(choice), 120)


def _default(name: str, info: FieldInfo) -> str:
    if is_secret_name(name):
        return MASK
    if info.default_factory is not None:
        return "made anew"
    return label_of(info.default.value) if isinstance(info.default, Enum) else shown(info.default, 80)


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Follow references and take None out of a union; return what is left, and whether None was in it."""
    nullable = False
    for _ in range(_DEEPEST):
        if "$ref" in schema:
            target = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        elif len(schema.get("allOf", ())) == 1:
            schema = {**schema["allOf"][0], **{key: value for key, value in schema.items() if key != "allOf"}}
        elif "anyOf" in schema and any(option.get("type") == "null" for option in schema["anyOf"]):
            nullable = True
            options = [option for option in schema["anyOf"] if option.get("type") != "null"]
            rest = {key: value for key, value in schema.items() if key != "anyOf"}
            schema = {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}
        else:
            break
    return schema, nullable or schema.get("type") == "null"


def _kind_of(schema: dict[str, Any]) -> tuple[Kind, tuple[Any, ...]]:
    kinds = {option.get("type") for option in schema.get("anyOf", ())}
    told, form = schema.get("type"), schema.get("format")
    if "not-json" in schema or any("not-json" in option for option in schema.get("anyOf", ())):
        return "fixed", ()
    if "enum" in schema:
        return "choice", tuple(schema["enum"])
    if "const" in schema:
        return "choice", (schema["const"],)
    if told == "boolean":
        return "bool", ()
    if told in ("integer", "number") or (kinds and kinds <= {"integer", "number"}):
        return "number", ()
    if kinds == {"number", "string"}:  # a Decimal: pydantic reads the text itself, to the last digit
        return "text", ()
    if form == "password":
        return "secret", ()
    if told == "string":
        return ("lines" if schema.get("multiline") or schema.get("maxLength", 0) >= 200 else "text"), ()
    if told in ("object", "array"):
        return "json", ()
    return "any", ()


def _note(schema: dict[str, Any], limits: tuple[tuple[str, Any], ...]) -> str:
    word = _WORDS.get(str(schema.get("format"))) or _WORDS.get(str(schema.get("type")), "")
    told = [word, *(_LIMITS[key].format(value) for key, value in limits)]
    return cut(clean(", ".join(filter(None, told))), _HELP_LIMIT)
