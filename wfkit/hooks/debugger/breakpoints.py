"""Where a debugged run stops by itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Final, TypeAlias

from wfkit.errors import WorkflowValidationError
from wfkit.events import CollectionReleaseEvent, Event, fields_of, fits
from wfkit.masking import MASK, is_secret_name
from wfkit.plain import brief
from wfkit.plan import Plan
from wfkit.steps import SPEC_ATTRIBUTE
from wfkit.values import said, shown

Condition: TypeAlias = "Callable[[Event, Any], object] | str"

# What a condition in words may call, beside the fields of the event.
_CALLS: Final = {
    call.__name__: call
    for call in (
        *(abs, all, any, bool, dict, enumerate, float, getattr, hasattr, int, isinstance, len, list, max, min, range),
        *(repr, reversed, round, set, sorted, str, sum, tuple, type, zip),
    )
}

_QUOTED: Final = re.compile("['\"]([^'\"]*)['\"]")
_OF_TYPES: Final = (ArithmeticError, AttributeError, IndexError, NameError, TypeError)  # these quote no values


@dataclass(eq=False, repr=False)
class Breakpoint:
    """A place or a moment at which a debugged run stops. Everything it names must hold at once.

    Attributes:
        step: the name of a step: it stops before that step works on an event.
        event: a type of events: it stops before a step works on one of them, alone or among those it gathers; and, for
            a StopEvent or a question, which no step takes, after a step has returned it and before that counts.
        when: a function of the event and the state, or an expression such as "n > 3 and state['user'] == 'Ada'", in
            which the event's fields are names, and `event` and `state` are there. By itself it is asked before each
            step works on an event. It is run as Python: use none that comes from somebody else.
        failure: whether it stops when a step raises, before that counts.
        state: a dotted path in the store: it stops after that, or something in it, has changed.
        once: whether it is gone after it has stopped the run.
        after: how many times it lets pass first.
        enabled: whether it is looked at; may be changed, as `once` and `after`.
        hits: how often it was reached.
        problem: what its condition raised last, or "".

    Raises:
        ValueError: nothing is named, or the condition is no expression.

    Example:
        debugger.break_at(step="judge", when="score < 0.5")
    """

    step: str | None = None
    event: type[Event] | None = None
    when: Condition | None = None
    failure: bool = False
    state: str | None = None
    once: bool = False
    after: int = 0
    enabled: bool = True
    hits: int = 0
    problem: str = ""
    _code: CodeType | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not (self.step or self.event or self.when or self.failure or self.state):
            raise ValueError("A breakpoint names a step, an event, a condition, a failure or a key of the state.")
        if self.step is not None and not isinstance(self.step, str):
            given = shown(self.step, 80)
            raise ValueError(f"step is the name of a step; it is {given}. A type of events goes to event=.")
        if self.event is not None and not (isinstance(self.event, type) and issubclass(self.event, Event)):
            raise ValueError(f"event is a type of events, not one of them; it is {shown(self.event, 80)}.")
        if self.state is not None and (self.step or self.event or self.failure or self.when):
            raise ValueError(f"A breakpoint on the state key {self.state!r} names nothing else. Make two breakpoints.")
        if isinstance(self.after, bool) or not isinstance(self.after, int) or self.after < 0:
            raise ValueError(f"after is a whole number of times from 0 on; it is {shown(self.after, 80)}.")
        if self.when is not None and not (isinstance(self.when, str) or callable(self.when)):
            raise ValueError(
                f"when is a function of the event and the state, or an expression; it is {shown(self.when, 80)}."
            )
        if inspect.iscoroutinefunction(self.when) or inspect.iscoroutinefunction(type(self.when).__call__):
            raise ValueError(f"when={shown(self.when, 80)} is asynchronous. A condition is a plain function.")
        if isinstance(self.when, str):
            try:
                self._code = compile(self.when.strip(), "<condition>", "eval")
            except (SyntaxError, MemoryError, RecursionError, ValueError) as error:
                told = error.msg if isinstance(error, SyntaxError) else "it is too long, or no text"
                raise ValueError(f"when={brief(self.when, 80)!r} is no expression: {told}. Write 'n > 3'.") from None

    def check(self, plan: Plan) -> None:
        """Raise if the step that it names is none of a workflow's.

        Raises:
            WorkflowValidationError: there is no such step.
        """
        if self.step is not None and self.step not in plan.by_name:
            raise WorkflowValidationError(
                f"There is no step {self.step!r} to break at. The steps are {', '.join(plan.by_name)}."
            )

    def meets(self, step: str, event: Event, state: Any, failed: bool) -> bool:
        """Whether the run has come there, and shall stop. A condition that raises stops it, too."""
        if not self.enabled or self.state is not None or self.failure is not failed:
            return False
        if self.step not in (None, step) or (self.event is not None and not _is_of(event, self.event)):
            return False
        return self._holds(event, state) and self._counts()

    def meets_change(self, keys: tuple[str, ...]) -> bool:
        """Whether a change of the store is one to stop at; no keys stand for all of it."""
        if not self.enabled or self.state is None:
            return False
        return (not keys or any(_touch(self.state, key) for key in keys)) and self._counts()

    def _holds(self, event: Event, state: Any) -> bool:
        if self.when is None:
            return True
        self.problem = ""
        try:
            if self._code is None:
                return bool(self.when(event, state))  # type: ignore[operator]  # text has been compiled
            names = {**fields_of(event), "event": event, "state": state}
            return bool(eval(self._code, {**names, "__builtins__": _CALLS}))
        except Exception as error:  # a condition that fails must not be a breakpoint that never stops
            self.problem = brief(self._told(error, event), 300)
            return True

    def _told(self, error: Exception, event: Event) -> str:
        """Return what a condition has raised without the event's secrets, which Python quotes: int(password), say."""
        name, text = type(error).__name__, said(error)
        quoted = _QUOTED.findall(text) if isinstance(self.when, str) and not isinstance(error, _OF_TYPES) else ()
        if any(value not in str(self.when) for value in quoted):
            return name
        for field_name, value in fields_of(event).items():
            if is_secret_name(field_name) and isinstance(value, str) and value:
                text = text.replace(value, MASK)
        return f"{name}: {text}"

    def _counts(self) -> bool:
        self.hits += 1
        return self.hits > self.after

    def __repr__(self) -> str:
        notes = [f"{self.hits} hit{'' if self.hits == 1 else 's'}"]
        notes += [text for text, holds in (("once", self.once), ("disabled", not self.enabled)) if holds]
        notes += [f"after {self.after}"] if self.after else []
        notes += [self.problem] if self.problem else []
        return f"<Breakpoint: {self}; {', '.join(notes)}>"

    def __str__(self) -> str:
        places = " and ".join(self._places())
        if self.when is None:
            return places
        told = self.when.strip() if isinstance(self.when, str) else getattr(self.when, "__name__", "a condition")
        return f"{places} if {brief(str(told), 200)}" if places else brief(str(told), 200)

    def _places(self) -> Iterator[str]:
        if self.state is not None:
            yield f"state {brief(repr(self.state), 80)} changes"
        step = brief(self.step or "", 80)
        if self.failure:
            yield f"{step or 'a step'} fails"
        elif step:
            yield step
        if self.event is not None:
            yield brief(self.event.__name__, 80)


Place: TypeAlias = "Breakpoint | str | type[Event]"


def breakpoints_at(places: Place | Iterable[Place]) -> list[Breakpoint]:
    """Return the breakpoints at places: names of steps, types of events, and breakpoints as they are.

    Raises:
        TypeError: there is something else among them.
    """
    if isinstance(places, (Breakpoint, str, type)):
        places = (places,)
    return [_breakpoint_at(place) for place in places]


def _breakpoint_at(place: Any) -> Breakpoint:
    if isinstance(place, Breakpoint):
        return place
    if isinstance(place, str):
        return Breakpoint(step=place)
    if isinstance(place, type) and issubclass(place, Event):
        return Breakpoint(event=place)
    spec = getattr(place, SPEC_ATTRIBUTE, None)  # the step itself, as `JokeFlow.rate`
    if spec is not None:
        return Breakpoint(step=spec.name)
    raise TypeError(
        f"breakpoints takes names of steps, types of events and Breakpoint(...) objects, not {shown(place, 80)}."
    )


def _is_of(event: Event, wanted: type[Event]) -> bool:
    """Whether an event is of a type, or one of the events that a step gathers is."""
    if isinstance(event, CollectionReleaseEvent) and any(fits(type(each), wanted, True) for each in event.events):
        return True
    return fits(type(event), wanted, True)


def _touch(path: str, key: str) -> bool:
    """Whether a change at a key touches a path: it is there, around it, or in it."""
    return path == key or path.startswith(f"{key}.") or key.startswith(f"{path}.")
