"""What a pydantic model's schema and annotations tell of its fields: what each takes, and in words its limits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, Flag
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin
from weakref import WeakKeyDictionary

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from wfkit.display.words import clean, cut

Kind: TypeAlias = Literal["text", "lines", "number", "bool", "choice", "json", "any", "secret", "fixed"]
Schema: TypeAlias = tuple[dict[str, Any], dict[str, Any]]  # of the fields by name, and what they refer to

HELP_LIMIT: Final = 300
_MOST_CHOICES: Final = 200
_MOST_PARTS: Final = 8
_FAR: Final = 1e300  # a limit beyond it is none
_REFERENCES: Final = 20
_HALF: Final = re.compile("[\ud800-\udfff]")
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
    "duration": "duration, as PT1H30M or 1:30:00",
    "uuid": "UUID",
    "uri": "address, as https://example.org",
    "email": "e-mail address",
}


_known: Final[WeakKeyDictionary[type[BaseModel], Schema]] = WeakKeyDictionary()


class Taken(NamedTuple):
    """What a field takes.

    Attributes:
        kind: the control that suits it when nothing stands in it.
        choices: the values to choose from.
        nullable: whether None will do.
        note: in words what it takes.
        limits: what its schema demands, such as minimum, maxLength or pattern.
    """

    kind: Kind
    choices: tuple[Any, ...]
    nullable: bool
    note: str
    limits: tuple[tuple[str, Any], ...]


class _Lenient(GenerateJsonSchema):
    """A JSON schema also of what JSON cannot say."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> dict[str, Any]:
        return {"not-json": True}


def schema_of(kind: type[BaseModel]) -> Schema | None:
    """Return the schema of a model, None if it has none as a whole. It is kept as long as the class is there."""
    if kind in _known:
        return _known[kind]
    try:
        schema = kind.model_json_schema(by_alias=False, schema_generator=_Lenient)
    except Exception:  # names that are not defined yet, a schema of the user's own that fails
        return None
    parts = [schema.get(key, {}) if isinstance(schema, dict) else None for key in ("properties", "$defs")]
    if not isinstance(parts[0], dict) or not isinstance(parts[1], dict):
        return None
    _known[kind] = parts[0], parts[1]
    return _known[kind]


def schema_alone(name: str, info: FieldInfo) -> Schema:
    """Return the schema of one field of a model that has none as a whole; the values still tell of those without."""
    fields: dict[str, Any] = {name: (info.annotation, info)}
    try:
        return schema_of(create_model("Alone", __config__={"arbitrary_types_allowed": True}, **fields)) or ({}, {})
    except Exception:  # a name that is not defined yet
        return {}, {}


def taken_by(name: str, info: FieldInfo, schema: Schema) -> Taken:
    """Return what a field takes.

    Args:
        name: of the field.
        info: what pydantic knows of it.
        schema: of its model, or of itself alone.
    """
    properties, definitions = schema
    own = properties.get(name, {})
    plain, nullable = _resolve(own if isinstance(own, dict) else {}, definitions)
    number = _number_of(plain)
    kind, enumerated = _kind_of(plain)
    choices = tuple(_choices_of(info.annotation)) or enumerated
    if choices:
        kind = "choice" if len(choices) <= _MOST_CHOICES else "any"
    limits = tuple((key, number[key]) for key in _LIMITS if _is_limit(number.get(key)))
    nullable = nullable or _takes_none(info.annotation)
    return Taken(kind, choices if kind == "choice" else (), nullable, _note(number, limits, definitions), limits)


def _is_limit(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= HELP_LIMIT and _HALF.search(value) is None
    return isinstance(value, (int, float)) and abs(value) < _FAR


def _choices_of(annotation: Any) -> Iterator[Any]:
    """Yield the values that an annotation admits, if these are all; None is left out."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _choices_of(inside[0])
    elif origin is Literal:
        yield from (value for value in inside if value is not None)
    elif origin in (Union, UnionType):
        parts = [tuple(_choices_of(part)) for part in inside if part is not type(None)]
        yield from (choice for part in parts for choice in part if all(parts))
    elif isinstance(annotation, type) and issubclass(annotation, Enum) and not issubclass(annotation, Flag):
        yield from annotation


def _takes_none(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType, Literal):
        return any(part in (None, type(None)) or _takes_none(part) for part in get_args(annotation))
    return False


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Follow references and take None out of a union; return what is left, and whether None was in it."""
    nullable = False
    for _ in range(_REFERENCES):
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


def _number_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of the number that a Decimal is, which may be written as text; else the schema itself."""
    options = schema.get("anyOf", ())
    if {option.get("type") for option in options} != {"number", "string"}:
        return schema
    return next(option for option in options if option.get("type") == "number")


def _kind_of(schema: dict[str, Any]) -> tuple[Kind, tuple[Any, ...]]:
    kinds = {option.get("type") for option in schema.get("anyOf", ())}
    told, form = schema.get("type"), schema.get("format")
    if "not-json" in schema or (kinds and all("not-json" in option for option in schema["anyOf"])):
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
    if told == "string" and "contentSchema" not in schema:
        return ("lines" if schema.get("multiline") or schema.get("maxLength", 0) >= 200 else "text"), ()
    if told in ("object", "array") or "contentSchema" in schema:
        return "json", ()
    return "any", ()


def _note(schema: dict[str, Any], limits: tuple[tuple[str, Any], ...], definitions: dict[str, Any]) -> str:
    word = _WORDS.get(str(schema.get("format"))) or _WORDS.get(str(schema.get("type")), "")
    items = schema.get("items")
    inside = _resolve(items, definitions)[0] if isinstance(items, dict) else schema
    parts = inside.get("properties")
    if isinstance(parts, dict) and parts:
        names = [str(name) for name in list(parts)[:_MOST_PARTS]] + ["…"] * (len(parts) > _MOST_PARTS)
        word += f"{' ' if inside is schema else ', each '}with {', '.join(names)}"
    told = [word, *(_LIMITS[key].format(_plainly(value)) for key, value in limits)]
    return cut(clean(", ".join(filter(None, told))), HELP_LIMIT)


def _plainly(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
