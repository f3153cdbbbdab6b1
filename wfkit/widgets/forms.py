"""Forms for events: what a person may change in one, or fill in for a new one, and the event that comes of it. Pure.

A form says what to show (`specs`) and reads what was typed (`read`). What nobody touched stays the very object it was,
also when no text could stand for it; a secret leaves Python only as a mask and comes back only if typed anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import AliasChoices, BaseModel, SecretBytes, SecretStr, ValidationError

from wfkit.display.words import brief, count, shown
from wfkit.draft import differs
from wfkit.masking import MASK, is_secret_name
from wfkit.widgets.fields import ABSENT, Field, Kind, as_json, field_of_value, fields_of_class, parts_of

ModelT = TypeVar("ModelT", bound=BaseModel)

_INTEGER: Final = re.compile(r"[+-]?\d+(_\d+)*")
_NAME_LIMIT: Final = 200
_MESSAGE_LIMIT: Final = 300


class FormError(ValueError):
    """What was typed does not make the event.

    Attributes:
        errors: for each field what is wrong with it; "" stands for the whole form.
    """

    def __init__(self, name: str, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        told = "; ".join(f"{field}: {message}" if field else message for field, message in self.errors.items())
        super().__init__(f"{name} was not made: {told}")


class Form(Generic[ModelT]):
    """A form for an event, or for any pydantic model.

    Args:
        what: the event to change, or a class to make one of.
        given: values that the new event must have, such as the requirements of a wait; they cannot be changed.
        wanted: undeclared fields that the new event should have, and whether it needs them.

    Attributes:
        name: of the class.
        fields: what it asks for.
        open: whether fields may be added that the class does not declare.

    Example:
        form = Form(QueryEvent(text="hello"))
        assert form.read({"text": "hello you"}) == QueryEvent(text="hello you")
    """

    def __init__(
        self,
        what: ModelT | type[ModelT],
        given: Mapping[str, Any] | None = None,
        wanted: Mapping[str, bool] | None = None,
    ) -> None:
        self._model: ModelT | None = None if isinstance(what, type) else what
        self._kind: type[ModelT] = what if isinstance(what, type) else type(what)
        self._given = dict(given or {})
        self._old = {**({} if self._model is None else parts_of(self._model)), **self._given}
        self.name = brief(self._kind.__name__, _NAME_LIMIT)
        self.open = self._kind.model_config.get("extra") == "allow"
        found = [self._prepared(field) for field in fields_of_class(self._kind, self._shown())]
        for name, needed in (wanted or {}).items():
            if self.open and name not in self._old and name not in self._kind.model_fields:
                kind: Kind = "secret" if is_secret_name(name) else "text"
                found.append(Field(name, kind, "text", required=needed, declared=False))
        self.fields = tuple(found)

    def _shown(self) -> dict[str, Any]:
        """Return what stands in the fields; in those of a new event their defaults, where they are plain values."""
        if self._model is not None:
            return self._old
        defaults = {
            name: info.default
            for name, info in self._kind.model_fields.items()
            if not info.is_required() and info.default_factory is None and info.default is not None
        }
        return {**defaults, **self._old}

    def _prepared(self, field: Field) -> Field:
        if field.name in self._given:
            told = field.value if field.filled and field.kind not in ("secret", "choice", "bool") else None
            label = _told(self._given[field.name], field) if told is None else str(told)
            return replace(field, kind="fixed", reads="fixed", value=label, filled=True)
        filled = field.name in self._old
        return field if field.filled == filled else replace(field, filled=filled)

    def specs(self) -> list[dict[str, Any]]:
        """Return the fields as the script of the form takes them: plain JSON, secrets masked."""
        return [field.spec() for field in self.fields]

    def read(self, values: Mapping[str, Any]) -> ModelT:
        """Return the event that was meant.

        Args:
            values: by name what stands in the controls that were touched: text, truth values, places of choices, None
                for one that was emptied.

        Raises:
            FormError: something typed cannot be read, or the class refuses it.

        Example:
            Form(Answer).read({"text": "yes", "times": "3"})
        """
        fields = {field.name: field for field in self.fields}
        errors: dict[str, str] = {}
        typed: dict[str, Any] = {}
        for name, value in values.items():
            field = fields.get(name)
            if field is None and not (self.open and _is_name(name)):
                errors[name] = f"{self.name} has no field of this name."
                continue
            try:
                typed[name] = read_value(field or Field(name, "any", "any"), value, self._old.get(name, ABSENT))
            except ValueError as error:
                errors[name] = str(error)
        needed = (field.name for field in self.fields if field.required and not field.declared)
        errors |= {name: "Needed." for name in needed if typed.get(name, "") == ""}
        if errors:
            raise FormError(self.name, errors)
        return self._changed(self._model, typed) if self._model is not None else self._made(typed)

    def _made(self, typed: dict[str, Any]) -> ModelT:
        return self._validated({**self._given, **typed}, typed)

    def _changed(self, model: ModelT, typed: dict[str, Any]) -> ModelT:
        """Return a copy of the event with the touched fields changed, and those that its validators change with them.

        The event is made twice, with the old values and with the new ones. Only what is not the same in both is taken
        from there; so an untouched field stays the object it was, even if its validator would make another.
        """
        if not typed:
            return model
        try:
            before = parts_of(self._kind.model_validate(self._by_alias(self._old)))
        except Exception:  # it was not made by its validators, or has a way of its own to be made
            return self._assigned(model, typed)
        after = parts_of(self._validated({**self._old, **typed}, typed))
        changed = {
            name: value
            for name, value in after.items()
            if name in typed or name not in self._old or differs(before.get(name, ABSENT), value)
        }
        return _with_fields(model, changed)

    def _assigned(self, model: ModelT, typed: dict[str, Any]) -> ModelT:
        """Return a copy with the fields set one after the other, each checked by itself."""
        twin = _with_fields(model, {})
        errors: dict[str, str] = {}
        for name, value in typed.items():
            try:
                type(twin).__pydantic_validator__.validate_assignment(twin, name, value)
            except ValidationError as error:
                errors |= self._told(error, typed)
        if errors:
            raise FormError(self.name, errors)
        return twin

    def _validated(self, values: dict[str, Any], typed: Mapping[str, Any]) -> ModelT:
        try:
            return self._kind.model_validate(self._by_alias(values))
        except ValidationError as error:
            raise FormError(self.name, self._told(error, typed)) from error
        except Exception as error:  # a validator or a constructor of the user's own
            raise FormError(self.name, {"": brief(f"{type(error).__name__}: {error}", _MESSAGE_LIMIT)}) from error

    def _by_alias(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self._alias(name): value for name, value in values.items()}

    def _alias(self, name: str) -> str:
        """Return the key under which pydantic reads a field: its alias, where it has one."""
        info = self._kind.model_fields.get(name)
        alias = None if info is None else info.validation_alias
        if isinstance(alias, AliasChoices):
            alias = alias.choices[0]
        return alias if isinstance(alias, str) else name

    def _told(self, error: ValidationError, typed: Mapping[str, Any]) -> dict[str, str]:
        """Return what pydantic found, by field, in few words and without what was typed."""
        names = {self._alias(name): name for name in (*self._kind.model_fields, *typed)}
        errors: dict[str, str] = {}
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            first, *rest = found["loc"] or ("",)
            name = names.get(str(first), str(first))
            message = "Needed." if found["type"] == "missing" and not rest else found["msg"]
            if is_secret_name(name) and found["type"] != "missing":  # a validator's words may tell what was typed
                message = f"Not accepted ({found['type']})."
            inside = ".".join(str(part) for part in rest if not _names_a_branch(part))
            message = brief(message.removeprefix("Value error, "), _MESSAGE_LIMIT)
            errors.setdefault(name, f"{brief(inside, 80)}: {message}" if inside else message)
        return errors


class ValueForm:
    """A form for one value, such as what stands at a key of the state.

    Args:
        name: what it is called.
        value: what it is now; what is typed is read as a value of its type.

    Example:
        assert ValueForm("visits", 3).read({"visits": "4"}) == 4
    """

    def __init__(self, name: str, value: Any) -> None:
        self._value = value
        self.name = name
        self.fields = (field_of_value(name, value),)

    def specs(self) -> list[dict[str, Any]]:
        """Return its one field as the script of the form takes it."""
        return [field.spec() for field in self.fields]

    def read(self, values: Mapping[str, Any]) -> Any:
        """Return the value that was meant; the very object it was if nothing was typed.

        Raises:
            FormError: it cannot be read, or the model that it is of refuses it.
        """
        if self.name not in values:
            return self._value
        try:
            return read_value(self.fields[0], values[self.name], self._value)
        except ValueError as error:
            raise FormError(self.name, {self.name: str(error)}) from error


def read_value(field: Field, value: Any, old: Any = ABSENT) -> Any:
    """Return the value that is meant by what stands in a control.

    Args:
        field: what was asked for.
        value: what the page sent: text, a truth value, the place of a choice, None.
        old: what stood there before, for the secrets in it.

    Raises:
        ValueError: it cannot be read; the message says why, and tells no secret.
    """
    if field.kind == "fixed":
        raise ValueError("This cannot be changed here.")
    if value is None or (value == "" and field.nullable):
        if field.nullable:
            return None
        raise ValueError("Needed.")
    if field.reads == "bool":
        return _read_truth(value)
    if field.reads == "choice":
        return _read_choice(field, value)
    if not isinstance(value, str):
        raise ValueError("This is no text.")
    if field.reads == "number":
        return _read_number(value)
    if field.reads == "json":
        return _as_before(_unmasked(_read_json(value), old), old, field.declared)
    if field.reads == "any":
        try:
            return _unmasked(_read_json(value), old)
        except ValueError:
            return value
    return value


def _as_before(value: Any, old: Any, declared: bool) -> Any:
    """Return what was typed as an object of the class that stood there; a declared field may take another one."""
    if isinstance(old, tuple) and isinstance(value, list) and type(old) is tuple:
        return tuple(value)
    if not isinstance(old, BaseModel):
        return value
    try:
        return type(old).model_validate(value)
    except ValidationError as error:
        if declared:
            return value
        found = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, found["loc"]))
        raise ValueError(brief(f"{where}: {found['msg']}" if where else found["msg"], _MESSAGE_LIMIT)) from None


def _read_truth(value: Any) -> bool:
    truth = {"true": True, "yes": True, "false": False, "no": False}.get(value.lower()) if type(value) is str else value
    if not isinstance(truth, bool):
        raise ValueError("Say true or false.")
    return truth


def _read_choice(field: Field, value: Any) -> Any:
    if type(value) is str:  # typed unseen
        value = next((n for n, choice in enumerate(field.choices) if str(choice) == value), -1)
    if type(value) is not int or not 0 <= value < len(field.choices):
        raise ValueError(f"Choose one of the {count(len(field.choices), 'value')}.")
    return field.choices[value]


def _read_number(text: str) -> int | float:
    text = text.strip()
    try:
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    except ValueError:
        raise ValueError("This is no number." if len(text) < 4_000 else "This number is too long.") from None


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"This is no JSON: {error.msg} at {where}.") from None
    except (RecursionError, ValueError):
        raise ValueError("This is no JSON that can be read: it is too deep, or a number in it too long.") from None


def _unmasked(value: Any, old: Any, secret: bool = False) -> Any:
    """Return what was typed with the masks in it replaced by the secrets that stood at the same places.

    Raises:
        ValueError: there was none at the place of a mask.
    """
    if value == MASK and (isinstance(old, (SecretStr, SecretBytes)) or (secret and old is not ABSENT)):
        return old
    if value == MASK and secret:
        raise ValueError(f"{MASK} stands for a secret that is not known here; type the secret.")
    if isinstance(value, dict):
        before = parts_of(old)
        return {key: _unmasked(item, before.get(key, ABSENT), is_secret_name(key)) for key, item in value.items()}
    if isinstance(value, list):
        items = list(old) if isinstance(old, (list, tuple)) else []
        return [_unmasked(item, _before(item, n, items, len(items) == len(value))) for n, item in enumerate(value)]
    return value


def _before(item: Any, place: int, items: list[Any], same_length: bool) -> Any:
    """Return what an item of a list was: the one that looks the same, or stands at its place if none came or went."""
    for old in items:
        try:
            if isinstance(item, (dict, list)) and as_json(old) == item:
                return old
        except ValueError:
            continue
    return items[place] if same_length else ABSENT


def _with_fields(model: ModelT, changed: Mapping[str, Any]) -> ModelT:
    """Return a shallow copy of a model with some fields replaced; what it has worked out and kept is forgotten."""
    twin = model.model_copy()
    declared = type(model).model_fields
    for name in [name for name in twin.__dict__ if name not in declared]:
        del twin.__dict__[name]
    for name, value in changed.items():
        if name in declared:
            twin.__dict__[name] = value
        else:
            cast("dict[str, Any]", twin.__pydantic_extra__)[name] = value
    twin.__pydantic_fields_set__.update(changed)
    return twin


def _told(value: Any, field: Field) -> str:
    return MASK if field.kind == "secret" else shown(value)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _NAME_LIMIT and not name.startswith("_")


def _names_a_branch(part: int | str) -> bool:
    """Whether a part of a place names the member of a union that was tried, not a part of the value."""
    return isinstance(part, str) and re.fullmatch(r"[\w-]+\[.*\]|str|int|float|bool|none", part) is not None
