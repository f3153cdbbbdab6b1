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

from pydantic import AliasChoices, AliasPath, BaseModel, Json, ValidationError
from pydantic.fields import FieldInfo

from wfkit.display.words import brief, name_of_type, shown
from wfkit.draft import differs
from wfkit.masking import MASK, is_secret_name
from wfkit.values import said
from wfkit.widgets.fields import Field, field_of_value, fields_of_class, is_fit_name
from wfkit.widgets.reading import read_value, stands_as_it_was
from wfkit.widgets.schemas import Kind
from wfkit.widgets.spelling import ABSENT, parts_of

ModelT = TypeVar("ModelT", bound=BaseModel)

_NAME_LIMIT: Final = 200
_NEW: Final = Field("", "any", "any", declared=False, free=True)
_MESSAGE_LIMIT: Final = 300


class FormError(ValueError):
    """What was typed does not make the event.

    Attributes:
        errors: for each field what is wrong with it; "" stands for the whole form.
    """

    def __init__(self, name: str, errors: Mapping[str, str]) -> None:
        self.errors = {brief(field, _NAME_LIMIT): message for field, message in errors.items()}
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
            if field is None and not (self.open and _is_new_name(name)):
                errors[name] = f"{self.name} has no field of this name."
                continue
            try:
                if field is None or not stands_as_it_was(field, value):
                    typed[name] = read_value(field or _NEW, value, self._old.get(name, ABSENT))
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
            before = self._validate(self._old)
        except Exception:  # it was not made by its validators, or has a way of its own to be made
            return self._assigned(model, typed)
        after = self._validated({**self._old, **typed}, typed)
        changed = {name: value for name, value in parts_of(after).items() if name in typed or name not in self._old}
        follows = [name for name in self._differing(before, after) if name not in changed]
        if follows:  # unless it is made anew each time, and equal to nothing
            unsteady = self._differing(before, self._validate(self._old))
            changed |= {name: parts_of(after)[name] for name in follows if name not in unsteady}
        twin = _with_fields(model, changed)
        kept, old, new = (one.__pydantic_private__ for one in (twin, before, after))
        if kept and old and new:  # what it worked out of its fields when it was made
            kept |= {name: value for name, value in new.items() if differs(old.get(name, ABSENT), value)}
        return twin

    def _differing(self, one: ModelT, other: ModelT) -> set[str]:
        before = parts_of(one)
        return {name for name, value in parts_of(other).items() if differs(before.get(name, ABSENT), value)}

    def _assigned(self, model: ModelT, typed: dict[str, Any]) -> ModelT:
        """Return a copy with the fields set one after the other, each checked by itself."""
        twin = _with_fields(model, {})
        errors: dict[str, str] = {}
        for name, value in self._as_read(typed).items():
            try:
                type(twin).__pydantic_validator__.validate_assignment(twin, name, value, strict=False)
            except ValidationError as error:
                errors |= self._told(error, typed)
        if errors:
            raise FormError(self.name, errors)
        return twin

    def _validate(self, values: Mapping[str, Any]) -> ModelT:
        """Make an event of what stands in its fields. What was typed is text: no class can insist on more."""
        return self._kind.model_validate(self._as_read(values), strict=False, by_name=True, by_alias=True)

    def _as_read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        infos = self._kind.model_fields
        return {
            name: _wrapped(value) if name in infos and _is_json(infos[name]) else value
            for name, value in values.items()
        }

    def _validated(self, values: dict[str, Any], typed: Mapping[str, Any]) -> ModelT:
        try:
            return self._validate(values)
        except ValidationError as error:
            raise FormError(self.name, self._told(error, typed)) from error
        except Exception as error:  # a validator or a constructor of the user's own
            raise FormError(self.name, {"": brief(f"{name_of_type(error)}: {said(error)}", _MESSAGE_LIMIT)}) from error

    def _told(self, error: ValidationError, typed: Mapping[str, Any]) -> dict[str, str]:
        """Return what pydantic found, by field, in few words and without what was typed."""
        names = {_alias(name, info): name for name, info in self._kind.model_fields.items()}
        errors: dict[str, str] = {}
        for found in error.errors(include_url=False, include_input=False):
            first, *rest = found["loc"] or ("",)
            known = str(first) in self._kind.model_fields or str(first) in typed
            name = str(first) if known else names.get(str(first), str(first))
            message = "Needed." if found["type"] == "missing" and (not rest or name != first) else found["msg"]
            raised = found.get("ctx", {}).get("error")
            if isinstance(raised, Exception):  # by a validator of the user's own
                message = said(raised)
            if is_secret_name(name) and found["type"] != "missing":  # a validator's words may tell what was typed
                message = f"Not accepted ({found['type']})."
            inside = ".".join(str(part) for part in rest if not _names_a_branch(part)) if name == first else ""
            message = brief(message, _MESSAGE_LIMIT)
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


def _is_new_name(name: Any) -> bool:
    return is_fit_name(name) and name != "" and not name.startswith("_")


def _alias(name: str, info: FieldInfo) -> str:
    """Return the key by which pydantic calls a field that is missing."""
    alias = info.validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    if isinstance(alias, AliasPath):
        alias = str(alias.path[0])
    return name if alias is None else alias


def _is_json(info: FieldInfo) -> bool:
    """Whether a field is read from JSON as text, though it holds what that text says."""
    return info.annotation is Json or any(one is Json or type(one) is Json for one in info.metadata)


def _wrapped(value: Any) -> Any:
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return value


def _names_a_branch(part: int | str) -> bool:
    """Whether a part of a place names the member of a union that was tried, not a part of the value."""
    return isinstance(part, str) and re.fullmatch(r"[\w-]+\[.*\]|str|int|float|bool|none", part) is not None
