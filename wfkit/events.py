"""The messages that steps pass: typed pydantic models that also take fields nobody declared.

`Event` adds no Python code to building an instance, because that is the dearest thing a run does: undeclared fields
are pydantic's own extras, not a private dictionary filled by an `__init__` of ours.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from datetime import datetime
from types import MethodType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from wfkit.masking import veiled_field

MISSING: Any = object()


class Event(BaseModel):
    """A message from one step to another.

    Declared fields are validated by pydantic; any other keyword is kept as it is. Both kinds read alike: as
    attributes, with `ev["name"]`, `ev.get("name", default)`, `"name" in ev`, and through `keys`, `values`, `items`
    and `dict(ev)`. A missing attribute raises AttributeError, so `hasattr` works.

    Example:
        class Query(Event):
            text: str

        ev = Query(text="hello", attempt=2)
        assert ev.text == "hello" and ev.attempt == 2 and ev.get("nothing") is None
    """

    # Declared fields may be called model_...; it is the user's own name space.
    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True, protected_namespaces=(), defer_build=True)

    if TYPE_CHECKING:  # At run time these come from __getattr__, below.
        # A checker that takes a model for a dataclass would refuse undeclared fields.
        def __init__(self, **data: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...  # undeclared fields
        def get(self, key: str, default: Any = None) -> Any: ...
        def keys(self) -> KeysView[str]: ...
        def values(self) -> ValuesView[Any]: ...
        def items(self) -> ItemsView[str, Any]: ...
        def to_dict(self) -> dict[str, Any]: ...
    else:

        def __getattr__(self, name: str) -> Any:
            """Look among undeclared fields first, then among the mapping methods.

            The methods are not on the class because pydantic takes an inherited attribute of the same name as a
            field's default: `items: list[str]` would silently become optional, with a method as its value.
            """
            extra = _extra(self)
            # `dict(ev)` and `{**ev}` call `ev.keys()`, so a field of that name is read as ev["keys"].
            if extra and name in extra and name != "keys":
                return extra[name]
            method = _MAPPING_METHODS.get(name)
            if method is not None:
                return MethodType(method, self)
            try:
                return super().__getattr__(name)
            except AttributeError as missing:
                # Not yet initialised, asked by some protocol, or a property that raises by itself.
                if extra is None or name.startswith("_") or hasattr(type(self), name):
                    raise
                fields = ", ".join(map(str, fields_of(self))) or "none"
                raise AttributeError(f"{missing}. Its fields: {fields}.", name=name, obj=self) from None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Name the fields for repr, which a notebook shows and saves: what is named like a secret is masked."""
        for name, value in super().__repr_args__():
            try:
                yield name, veiled_field(name, value)
            except Exception:  # a value of a class of its own that does not let itself be looked at
                yield name, value

    def __getitem__(self, key: str) -> Any:
        return fields_of(self)[key]

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, key, value)

    def __contains__(self, key: object) -> bool:
        return key in fields_of(self)

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]  # keys, as a mapping has; pydantic gives pairs
        return iter(fields_of(self))

    def __len__(self) -> int:
        return len(fields_of(self))

    def __bool__(self) -> bool:
        # An event without fields is still an event: `if ev:` must not depend on __len__.
        return True


def _extra(event: Event) -> dict[str, Any] | None:
    try:
        extra: dict[str, Any] | None = object.__getattribute__(event, "__pydantic_extra__")
    except AttributeError:  # not yet initialised, as while copying or unpickling
        return None
    return extra


def fields_of(event: Event) -> dict[str, Any]:
    """Return declared and undeclared fields as one dictionary, declared ones first."""
    extra, own = _extra(event), event.__dict__
    if len(own) != len(type(event).model_fields):  # a cached property has left its value there
        own = {name: own[name] for name in type(event).model_fields if name in own}
    return {**own, **extra} if extra else dict(own)


def field_of(event: Event, name: str) -> Any:
    """Return one field, declared or not, or a property of the event's class; None if there is none of that name."""
    found = event.__dict__.get(name, MISSING)
    if found is MISSING:
        found = (_extra(event) or {}).get(name, MISSING)
    if found is MISSING:
        found = getattr(event, name, None) if hasattr(type(event), name) else None
    return found


def _get(event: Event, key: str, default: Any = None) -> Any:
    return fields_of(event).get(key, default)


def _keys(event: Event) -> KeysView[str]:
    return fields_of(event).keys()


def _values(event: Event) -> ValuesView[Any]:
    return fields_of(event).values()


def _items(event: Event) -> ItemsView[str, Any]:
    return fields_of(event).items()


_MAPPING_METHODS: Mapping[str, Any] = {
    "get": _get,
    "keys": _keys,
    "values": _values,
    "items": _items,
    "to_dict": fields_of,
}


class StartEvent(Event):
    """The first event of a run: the keyword arguments of `workflow.run(...)` become its fields."""

    if TYPE_CHECKING:  # as above

        def __init__(self, **data: Any) -> None: ...


class StopEvent(Event):
    """The last event of a run: a step that returns it ends the run.

    Args:
        result: what awaiting the handler gives, for a plain StopEvent. For a subclass it gives the event itself.
        data: any other field.
    """

    result: Any = None

    def __init__(self, result: Any = MISSING, **data: Any) -> None:
        if result is not MISSING:
            data["result"] = result
        super().__init__(**data)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            if name != "result" or value is not None:
                yield name, value

    def __str__(self) -> str:
        return str(self.result)


class InputRequiredEvent(Event):
    """A question to a person: returned by a step, it goes to the stream and needs no step that takes it."""

    if TYPE_CHECKING:  # as above

        def __init__(self, **data: Any) -> None: ...


class HumanResponseEvent(Event):
    """A person's answer: sent from outside with `handler.send_event(...)`, it needs no step that produces it."""

    if TYPE_CHECKING:  # as above

        def __init__(self, **data: Any) -> None: ...


class StepFailedEvent(Event):
    """A step failed for good. Goes to error handlers only.

    Attributes:
        step_name: the step that failed.
        input_event: the event it was working on.
        exception: what it raised.
        attempts: how often it was tried, at least 1.
        elapsed_seconds: seconds from its first start to its last failure.
        failed_at: the moment of its last failure, in UTC.
    """

    step_name: str
    input_event: Event
    exception: BaseException
    attempts: int
    elapsed_seconds: float
    failed_at: datetime


class CollectionReleaseEvent(Event):
    """The events that a step with a list parameter, or with several event parameters, is called with.

    Seen as `StepFailedEvent.input_event` and by hooks; no step takes it by its type.

    Attributes:
        events: the events, in the order of their arrival, or of the parameters.
        stream_id: names the scope they belong to, "" outside of all.
        binding_id: the step that gathers them.
    """

    events: list[Event]
    stream_id: str
    binding_id: str


class ChildEvent(Event):
    """What a child run has shown, in the stream of the run whose step started it.

    Attributes:
        child: the parent's attribute that holds the child workflow, else the child's name; for a grandchild both,
            with a dot between them.
        run_id: the child run's.
        event: what it showed.
    """

    child: str
    run_id: str
    event: Event


class WorkflowTimedOutEvent(StopEvent):
    """Ends the stream of a run that took longer than its timeout, in seconds."""

    timeout: float
    active_steps: list[str]


class WorkflowCancelledEvent(StopEvent):
    """Ends the stream of a run that was cancelled."""


class WorkflowFailedEvent(StopEvent):
    """Ends the stream of a run in which a step failed.

    Attributes:
        step_name: the step that failed, or None when the run failed outside any step.
        exception: what it raised.
        attempts: how often it was tried.
        elapsed_seconds: seconds from its first start to its last failure; None without a retry policy and an error
            handler.
    """

    step_name: str | None
    exception: BaseException
    attempts: int | None = None
    elapsed_seconds: float | None = None


def fits(kind: type, wanted: type, subclasses: bool) -> bool:
    """Whether an event of one type is taken where another is wanted.

    By name, too: a class that a notebook cell has defined again is the same kind of event, and so are its subclasses.

    Args:
        kind: the event's type.
        wanted: the type asked for.
        subclasses: whether subclasses of it will do.
    """
    if kind is wanted or (subclasses and issubclass(kind, wanted)):
        return True
    name = name_of(wanted)
    return name_of(kind) == name or (subclasses and any(name_of(base) == name for base in kind.__mro__))


def name_of(event_type: type) -> tuple[str, str]:
    """Return (module, qualified name): what stays the same when a notebook cell defines a class again."""
    return event_type.__module__, event_type.__qualname__
