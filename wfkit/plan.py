"""A workflow's steps, compiled once: who takes which event.

A `Plan` never changes. Adding or replacing a step makes a new plan, and a run in flight keeps the one it began with.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, ModuleType
from typing import Any, TypeVar

from wfkit.bindings import Bindings, bind
from wfkit.collect import Join
from wfkit.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, name_of
from wfkit.steps import StepSpec

Kind = TypeVar("Kind", bound=Event)


class Route:
    """Where events of one type go.

    Attributes:
        steps: indices of the steps that take it, in starting order.
        names: the names of these steps.
        ends: whether the event ends the run when a step returns it.
        asks: whether it is a question to a person.
    """

    __slots__ = ("asks", "ends", "names", "steps")

    def __init__(self, event_type: type[Event], steps: tuple[int, ...], names: tuple[str, ...]) -> None:
        self.steps = steps
        self.names = names
        self.ends = issubclass(event_type, StopEvent)
        self.asks = issubclass(event_type, InputRequiredEvent)


class Plan:
    """The steps of one workflow in the order in which they start.

    Args:
        name: the workflow's name, for messages and drawings.
        steps: methods in alphabetical order, then free functions in the order of their registration.
        doc: the workflow's docstring.
    """

    __slots__ = (
        "__weakref__",
        "bindings",
        "by_name",
        "doc",
        "has_resources",
        "joins",
        "name",
        "routes",
        "scoped",
        "start_types",
        "steps",
        "stop_types",
        "typed",
    )

    def __init__(self, name: str, steps: Iterable[StepSpec], doc: str = "") -> None:
        self.name = name
        self.doc = doc
        self.steps = _with_one_class_for_each_name(steps)
        self.by_name = {spec.name: index for index, spec in enumerate(self.steps)}
        self.start_types = _of_kind(StartEvent, [kind for spec in self.steps for kind in spec.accepted])
        self.stop_types = _of_kind(StopEvent, [kind for spec in self.steps for kind in spec.produced])
        self.routes: dict[type, Route] = {}
        self.typed = any(spec.state_type is not None for spec in self.steps)
        self.has_resources = any(spec.resources for spec in self.steps)
        # Most flows have none of this, and pay nothing for it.
        self.scoped = any(spec.gathers or spec.listed or spec.catches for spec in self.steps)
        self.joins = tuple(spec.name for spec in self.steps if isinstance(spec.gathers, Join))
        self.bindings = bind(self.steps) if self.scoped else Bindings({}, {}, (), {})

    def route(self, event_type: type[Event]) -> Route:
        """Return where events of this type go. The answer is kept in `routes`, misses too.

        A class that is not known but has the module and qualified name of one that is, is that one defined again in
        a notebook cell, and routed like it. A StopEvent is never routed.
        """
        known = self.routes.get(event_type)
        if known is None:
            found = () if issubclass(event_type, StopEvent) else self._find(event_type)
            known = self.routes[event_type] = Route(event_type, found, tuple(self.steps[i].name for i in found))
        return known

    def _find(self, event_type: type[Event]) -> tuple[int, ...]:
        return tuple(index for index, spec in enumerate(self.steps) if spec.catches is None and spec.takes(event_type))

    @property
    def start_type(self) -> type[StartEvent]:
        """The event type that begins a run."""
        return self.start_types[0] if self.start_types else StartEvent

    @property
    def stop_type(self) -> type[StopEvent]:
        """The event type that ends a run."""
        return self.stop_types[0] if self.stop_types else StopEvent

    @property
    def events(self) -> tuple[type[Event], ...]:
        """Every event type named in a signature, once, in order of appearance."""
        return tuple(dict.fromkeys(kind for spec in self.steps for kind in (*spec.accepted, *spec.produced)))

    @property
    def state_types(self) -> list[type]:
        """The state types that the steps declare."""
        return [spec.state_type for spec in self.steps if spec.state_type is not None]

    def classes(self) -> tuple[type, ...]:
        """Return the classes that belong to the workflow: those in its signatures and those its steps name inside.

        The latter for a class that only a `wait_for_event(Answer)` or a `store.set("plan", Plan(...))` mentions.
        """
        named = [kind for spec in self.steps for kind in _classes_named(inspect.unwrap(spec.func))]
        return tuple(dict.fromkeys([*self.events, *self.state_types, *named]))

    @property
    def asks_people(self) -> bool:
        """Whether a person takes part: a question is produced or an answer is taken."""
        return any(issubclass(kind, InputRequiredEvent) for spec in self.steps for kind in spec.produced) or any(
            issubclass(kind, HumanResponseEvent) for spec in self.steps for kind in spec.accepted
        )


def _with_one_class_for_each_name(steps: Iterable[StepSpec]) -> tuple[StepSpec, ...]:
    """Return the steps with every event class that a notebook cell has defined again replaced by its newest version.

    So a flow of which only some cells were run again still hangs together.
    """
    specs = tuple(steps)
    newest: dict[tuple[str, str], type] = {}
    again = False
    for kind in (kind for spec in specs for kind in (*spec.accepted, *spec.produced)):
        known = newest.setdefault(name_of(kind), kind)
        if known is not kind:
            again = True
            if getattr(sys.modules.get(kind.__module__), kind.__qualname__, kind) is kind:
                newest[name_of(kind)] = kind
    if not again:
        return specs

    def renew_each(kinds: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(newest.get(name_of(kind), kind) if isinstance(kind, type) else kind for kind in kinds)

    def renew(kinds: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(renew_each(kinds)))

    return tuple(
        spec._replace(
            accepted=renew(spec.accepted),
            returned=renew(spec.returned),
            listed=renew(spec.listed),
            bare=renew(spec.bare),
            gathers=None if spec.gathers is None else spec.gathers._replace(kinds=renew_each(spec.gathers.kinds)),
        )
        for spec in specs
    )


def _of_kind(kind: type[Kind], types: list[type[Event]]) -> tuple[type[Kind], ...]:
    return tuple(dict.fromkeys(found for found in types if issubclass(found, kind)))


def _classes_named(func: Callable[..., Any]) -> Iterator[type]:
    """Yield the classes that a function's code refers to by name, directly or as `module.Class`."""
    names = names_in(func)
    closed = dict(zip(func.__code__.co_freevars, func.__closure__ or (), strict=False))
    for name in sorted(names):
        try:
            found = closed[name].cell_contents if name in closed else func.__globals__.get(name)
        except ValueError:  # not yet bound
            continue
        if isinstance(found, type):
            yield found
        elif isinstance(found, ModuleType):
            # Not getattr: a module may load things when it is asked for a name that it does not have yet.
            yield from (kind for inner in sorted(names) if isinstance(kind := vars(found).get(inner), type))


def names_in(func: Callable[..., Any]) -> set[str]:
    """Return the names in a function's code, in the functions inside it, and in what a decorator has wrapped."""
    codes: list[CodeType] = []
    found: Any = func
    while found is not None:
        if isinstance(code := getattr(found, "__code__", None), CodeType) and code not in codes:
            codes.append(code)
        found = getattr(found, "__wrapped__", None)
    for code in codes:  # grows while it is read
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return {name for code in codes for name in (*code.co_names, *code.co_freevars)}
