"""Reads a step's signature: what it takes, what it produces, what else it asks for.

All that can be wrong with it is said here, at decoration, so that the error points at the cell being typed.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from typing import Any, NamedTuple, TypeAlias, cast

from wfkit.annotations import hints_of, members, type_name
from wfkit.collect import Join, Members, list_of_events, list_parameter
from wfkit.errors import WorkflowValidationError
from wfkit.events import Event, StopEvent
from wfkit.resources import ResourceDefinition, resources_in

EventParameter: TypeAlias = tuple[str, tuple[type[Event], ...]]


class Signature(NamedTuple):
    """What a step's annotations say.

    Attributes:
        accepted: event types it takes, in the order of the annotations.
        returned: types of its return annotation without None, those inside a list too.
        listed: event types that it may return in a list.
        bare: event types that it may return by themselves.
        event_param: name of the parameter that gets the event, "" if `gathers` says how it gets several.
        gathers: how it gets several events at once, or None.
        context_param: name of the parameter that gets the Context, or None.
        state_type: `S` of a `Context[S]` annotation, or None.
        resources: the parameters that a resource fills.
        shape: how an async method can be called by position: "event", "context event", or "" for by name only.
    """

    accepted: tuple[type[Event], ...]
    returned: tuple[Any, ...]
    listed: tuple[type[Event], ...]
    bare: tuple[Any, ...]
    event_param: str
    gathers: Members | Join | None
    context_param: str | None
    state_type: type | None
    resources: tuple[ResourceDefinition, ...]
    shape: str


class _Parameters(NamedTuple):
    events: list[EventParameter]
    lists: list[Members]
    context: str | None
    unfilled: list[str]


def read_signature(func: Callable[..., Any], is_method: bool) -> Signature:
    """Turn a function's annotations into a Signature.

    Raises:
        WorkflowValidationError: they break a rule; the message says which.
    """
    hints = hints_of(func)
    resources = resources_in(func, hints)
    filled = {definition.name for definition in resources}
    found = _parameters(func, hints, is_method, filled)
    event, accepted, gathers = _inputs(func.__name__, found, hints)
    if found.unfilled:
        raise WorkflowValidationError(
            f"Nothing fills parameter {found.unfilled[0]!r} of step {func.__name__!r}: a step gets its event and, if "
            f"it asks for it, its Context and resources. Annotate it `{found.unfilled[0]}: Context` or "
            f"`Annotated[..., Resource(...)]` if it is one of these, else give it a default."
        )
    returned, listed, bare = _returned(func, hints)
    return Signature(
        accepted=accepted,
        returned=returned,
        listed=listed,
        bare=bare,
        event_param=event,
        gathers=gathers,
        context_param=found.context,
        state_type=_state_type(hints.get(found.context or "")),
        resources=resources,
        shape="" if not is_method or gathers or resources else _shape(func, event, found.context),
    )


def _parameters(func: Callable[..., Any], hints: dict[str, Any], is_method: bool, filled: set[str]) -> _Parameters:
    """Sort the parameters: events, lists of events, the Context, and what nothing fills."""
    found = _Parameters([], [], None, [])
    for place, parameter in enumerate(inspect.signature(func).parameters.values()):
        hint = hints.get(parameter.name)
        kinds = members(hint)
        listed = list_parameter(func.__name__, parameter.name, hint)
        # By name: the Context lives on a higher floor.
        if any(base.__name__ in ("Context", "SyncContext") for kind in kinds for base in _bases(kind)):
            found = found._replace(context=parameter.name)
        elif listed is not None:
            found.lists.append(listed)
        elif kinds and all(isinstance(kind, type) and issubclass(kind, Event) for kind in kinds):
            found.events.append((parameter.name, cast("tuple[type[Event], ...]", kinds)))
        elif parameter.name not in filled:
            variadic = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
            if parameter.default is parameter.empty and not variadic and not (is_method and place == 0):  # 0: self
                found.unfilled.append(parameter.name)
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise WorkflowValidationError(
                f"Parameter {parameter.name!r} of step {func.__name__!r} is positional-only; a step is called by name. "
                f"Take the '/' out of its signature."
            )
    return found


def _inputs(
    step: str, found: _Parameters, hints: dict[str, Any]
) -> tuple[str, tuple[type[Event], ...], Members | Join | None]:
    """Return the name of the event parameter, the types accepted, and how several events are put together."""
    if len(found.lists) > 1 or (found.lists and found.events):
        names = ", ".join(map(repr, [*(listed.param for listed in found.lists), *(name for name, _ in found.events)]))
        raise WorkflowValidationError(
            f"A list[E] collection parameter cannot be combined with other event parameters. "
            f"Step {step!r} has {names}. Take a union, list[A | B], or gather in one step and join in another."
        )
    if found.lists:
        return "", found.lists[0].kinds, found.lists[0]
    if len(found.events) == 1:
        return (*found.events[0], None)
    if found.events:
        for name, kinds in found.events:
            if len(kinds) > 1:
                raise WorkflowValidationError(
                    f"Collect-mode steps (more than one event parameter) require each event parameter to declare a "
                    f"single event type, but {name!r} of step {step!r} declares {_spell(kinds)}. Make a step for each."
                )
        each = tuple(kinds[0] for _, kinds in found.events)
        return "", tuple(dict.fromkeys(each)), Join(tuple(name for name, _ in found.events), each)
    seen = ", ".join(f"{key}: {type_name(kind)}" for key, kind in hints.items() if key != "return")
    raise WorkflowValidationError(
        f"Step signature must have at least one parameter annotated as type Event. "
        f"The annotated parameters of {step!r} are: {seen or 'none'}."
    )


def _returned(
    func: Callable[..., Any], hints: dict[str, Any]
) -> tuple[tuple[Any, ...], tuple[type[Event], ...], tuple[Any, ...]]:
    """Return the flattened return annotation without None, and what of it is inside a list and what is not."""
    if "return" not in hints:
        raise WorkflowValidationError(
            "Return types of workflows step functions must be annotated with their type. "
            f"Annotate {func.__name__!r} with the events it returns, or with None."
        )
    listed: list[type[Event]] = []
    bare: list[Any] = []
    for kind in members(hints["return"]):
        origin = typing.get_origin(kind) or kind
        if inspect.isasyncgenfunction(func) or origin in (AsyncGenerator, AsyncIterable, AsyncIterator):
            raise WorkflowValidationError(
                f"Async-iterator fan-out ({func.__name__!r}) is not supported. Return list[E], or send each event with "
                f"ctx.send_event(...) and return None."
            )
        inside = list_of_events(kind)
        if inside is not None:
            listed += inside
        elif origin in (list, tuple, set):
            raise WorkflowValidationError(
                f"Step {func.__name__!r} returns {type_name(kind)}; a step returns one event, a list of events or None."
                f" Annotate it list[MyEvent]."
            )
        else:
            bare.append(kind)
    if ending := [kind for kind in listed if issubclass(kind, StopEvent)]:
        raise WorkflowValidationError(
            f"Step {func.__name__!r} returns {ending[0].__name__} in a list; one of them would end the run. "
            f"Return it by itself: `-> list[MyEvent] | {ending[0].__name__}`."
        )
    return tuple(dict.fromkeys([*bare, *listed])), tuple(dict.fromkeys(listed)), tuple(dict.fromkeys(bare))


def _bases(kind: Any) -> tuple[type, ...]:
    kind = typing.get_origin(kind) or kind
    return kind.__mro__ if isinstance(kind, type) else ()


def _state_type(hint: Any) -> type | None:
    for kind in members(hint):
        arguments = typing.get_args(kind)
        if arguments and isinstance(arguments[0], type):
            return arguments[0]
    return None


def _shape(func: Callable[..., Any], event: str, context: str | None) -> str:
    """Return how an async method can be called by position, which is quicker than by name."""
    if not inspect.iscoroutinefunction(func):
        return ""
    kinds = inspect.Parameter
    leading = [
        parameter.name
        for parameter in inspect.signature(func).parameters.values()
        if parameter.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ][1:]
    if context is None and leading[:1] == [event]:
        return "event"
    return "context event" if leading[:2] == [context, event] else ""


def _spell(kinds: tuple[type[Event], ...]) -> str:
    return " | ".join(kind.__name__ for kind in kinds)
