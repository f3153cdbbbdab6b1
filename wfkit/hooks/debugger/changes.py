"""Other events, results and state in the place of what is there."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Final

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from wfkit.draft import isolated
from wfkit.events import CollectionReleaseEvent, Event, fields_of
from wfkit.masking import misfits
from wfkit.plain import name_of_type
from wfkit.plan import Plan
from wfkit.steps import StepSpec
from wfkit.store import Store
from wfkit.values import shown

SHOWN: Final = 80  # characters of a value in an error


def changed_event(event: Event, changes: Mapping[str, Any], step: StepSpec) -> Event:
    """Return an event with other values in some of its fields, validated by its class.

    Args:
        event: the event.
        changes: the new values.
        step: the step that gets it; it says what may be among events that are gathered.

    Raises:
        ValueError: a value does not fit, or it has no such field. The message has none of the values.
    """
    kind, fields = type(event), fields_of(event)
    declared = kind.model_fields
    for name in changes:
        if declared and name not in declared and name not in fields:
            raise ValueError(f"{kind.__name__} has no field {name!r} to change. Its fields: {', '.join(fields)}.")
    if isinstance(event, CollectionReleaseEvent) and "events" in changes:
        changes = {**changes, "events": _gathered(changes["events"], step)}
    try:
        if kind.__pydantic_decorators__.model_validators or _is_frozen(kind, changes):
            return _validated_anew(event, {**fields, **changes})
        return _with(event, changes)
    except ValidationError as error:
        raise ValueError(f"{kind.__name__} does not take that: {misfits(error)}.") from None


def _with(event: Event, changes: Mapping[str, Any]) -> Event:
    """Validate only what changes: a validator that makes something else of a value has done so with the others."""
    twin = event.model_copy()
    for cached in [name for name in twin.__dict__ if name not in type(event).model_fields]:
        del twin.__dict__[cached]
    for name, value in changes.items():
        type(event).__pydantic_validator__.validate_assignment(twin, name, value)
    return twin


def _gathered(events: Any, step: StepSpec) -> list[Event]:
    """Return what a step that gathers events may be given; a dictionary is taken for the fields of one."""
    if not isinstance(events, (list, tuple)):
        raise ValueError(f"Step {step.name!r} gathers a list of events, not {name_of_type(events)}.")
    return [_one_of(each, step) for each in events]


def _one_of(value: Any, step: StepSpec) -> Event:
    if isinstance(value, Event) and step.takes(type(value)):
        return value
    if isinstance(value, dict) and len(step.accepted) == 1:
        try:
            return step.accepted[0].model_validate(value)
        except ValidationError as error:
            raise ValueError(f"{step.accepted[0].__name__} does not take that: {misfits(error)}.") from None
    wanted = ", ".join(kind.__name__ for kind in step.accepted)
    raise ValueError(f"Step {step.name!r} gathers {wanted}, not {name_of_type(value)}.")


def fitting(state: Any, path: str, value: Any) -> Any:
    """Return a value as the state takes it at a dotted path; where a model declares it, the model validates it.

    Raises:
        ValueError: it does not fit. The message does not have it.
    """
    name, _, rest = path.partition(".")
    inner = state.get(name) if isinstance(state, dict) else None if name[:1] == "_" else getattr(state, name, None)
    if rest and isinstance(inner, (dict, BaseModel)):
        return fitting(inner, rest, value)
    if not isinstance(state, BaseModel):
        return value
    trial = isolated(state)
    if rest:
        Store(trial)._set_deep(path, value)
    try:
        type(state).__pydantic_validator__.validate_assignment(trial, name, getattr(trial, name) if rest else value)
    except ValidationError as error:
        raise ValueError(f"{type(state).__name__} does not take that: {misfits(error)}.") from None
    return value if rest else getattr(trial, name)


def _is_frozen(kind: type[Event], names: Mapping[str, Any]) -> bool:
    declared = kind.model_fields
    return bool(kind.model_config.get("frozen")) or any(name in declared and declared[name].frozen for name in names)


def _validated_anew(event: Event, values: dict[str, Any]) -> Event:
    """Return an event of these values: what is validated together, or is frozen, has to be made whole."""
    kind = type(event)
    if not kind.model_config.get("populate_by_name"):
        for name, info in kind.model_fields.items():
            alias = _alias_of(info)
            if alias is not None and name in values:
                values[alias] = values.pop(name)
    made = kind.model_validate(values)
    if event.__pydantic_private__ is not None:
        object.__setattr__(made, "__pydantic_private__", copy(event.__pydantic_private__))
    return made


def _alias_of(field: FieldInfo) -> str | None:
    alias = field.validation_alias or field.alias
    if isinstance(alias, AliasChoices):
        alias = next((choice for choice in alias.choices if isinstance(choice, str)), None)
    return alias if isinstance(alias, str) else None


def check_event(event: Any, step: StepSpec, before: Event, plan: Plan) -> None:
    """Raise TypeError if a step cannot be given an event in the place of the one before."""
    if not isinstance(event, Event):
        raise TypeError(f"Step {step.name!r} works on events; {shown(event, SHOWN)} is none.")
    if isinstance(event, CollectionReleaseEvent) and step.gathers is not None:
        _gathered(event.events, step)
        return
    if type(event) is type(before):
        return
    if step.gathers is None and plan.by_name[step.name] in plan.route(type(event)).steps:
        return
    taken = ", ".join(kind.__name__ for kind in step.accepted)
    raise TypeError(f"Step {step.name!r} does not take {type(event).__name__}. It takes {taken}.")


def check_result(result: Any, step: StepSpec) -> None:
    """Raise TypeError if a step cannot have returned something."""
    if isinstance(result, list) and step.listed and all(isinstance(each, Event) for each in result):
        if all(type(each) in step.listed for each in result):
            return
    elif result is None or (isinstance(result, Event) and _may_be_bare(step, result)):
        return
    made = ", ".join(getattr(kind, "__name__", str(kind)) for kind in (*step.returned, *step.listed)) or "nothing"
    listed = f"a list of {', '.join(kind.__name__ for kind in step.listed)}, " if step.listed else ""
    raise TypeError(
        f"Step {step.name!r} returns {listed}an event or None, not {shown(result, SHOWN)}. It declares {made}."
    )


def _may_be_bare(step: StepSpec, event: Event) -> bool:
    return type(event) not in step.listed or type(event) in step.bare
