"""How a step with a list parameter, or with several event parameters, gets its events.

A step that returns `list[A]` opens a *scope*: its items, and all that comes of them. A step with a parameter `list[B]`
gathers the B of one scope and is called once for it; a step with several event parameters is called whenever one event
for each is there.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Any, NamedTuple

from wfkit.annotations import members
from wfkit.errors import WorkflowValidationError
from wfkit.events import Event
from wfkit.parts import Part


class All(Part):
    """A list parameter gets everything of its scope, once nothing in it is at work any more."""

    __slots__ = ()


class Take(Part):
    """A list parameter gets the first `n` events that arrive, or fewer if the scope has ended before.

    What comes later is not gathered.

    Args:
        n: how many, at least 1.

    Raises:
        ValueError: it is no whole number of at least 1.
    """

    __slots__ = ("n",)
    n: int

    def __init__(self, n: int) -> None:
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"Take(n) takes a whole number of at least 1, got {n!r}. For everything: All().")
        self._set(n=n)


Cardinality: typing.TypeAlias = All | Take


class Collect(Part):
    """Says when a list parameter is complete: `Annotated[list[Answer], Collect(Take(3))]`. By default all are wanted.

    Example:
        @step
        async def first_two(self, answers: Annotated[list[Answer], Collect(Take(2))]) -> StopEvent:
            return StopEvent(result=[answer.text for answer in answers])
    """

    __slots__ = ("cardinality",)
    cardinality: Cardinality

    def __init__(self, cardinality: Cardinality = All()) -> None:  # noqa: B008 - it never changes
        self._set(cardinality=cardinality)


class Members(NamedTuple):
    """A list parameter: `answers: list[Answer]`.

    Attributes:
        param: its name.
        kinds: what it gathers.
        take: how many at most, None for all.
    """

    param: str
    kinds: tuple[type[Event], ...]
    take: int | None

    def arguments(self, events: Sequence[Event]) -> dict[str, Any]:
        """Return what the step is called with."""
        return {self.param: list(events)}


class Join(NamedTuple):
    """Several event parameters: `left: Left, right: Right`.

    Attributes:
        params: their names.
        kinds: what each takes, in the same order.
    """

    params: tuple[str, ...]
    kinds: tuple[type[Event], ...]

    def arguments(self, events: Sequence[Event]) -> dict[str, Any]:
        """Return what the step is called with."""
        return dict(zip(self.params, events, strict=True))


def list_parameter(step: str, param: str, hint: Any) -> Members | None:
    """Read the annotation of a parameter that may be `list[Event]`, with a `Collect` or without.

    Raises:
        WorkflowValidationError: there is a `Collect` where it means nothing.
    """
    markers: tuple[Any, ...] = ()
    if typing.get_origin(hint) is typing.Annotated:
        hint, *extras = typing.get_args(hint)
        markers = tuple(extra for extra in extras if isinstance(extra, (Collect, All, Take)) or extra is Collect)
    found = members(hint)  # `list[A] | None` is a list, too
    kinds = list_of_events(found[0]) if len(found) == 1 else None
    if kinds is None:
        if markers:
            raise WorkflowValidationError(
                f"Parameter {param!r} of step {step!r} has a Collect marker but is no list of events. "
                f"Annotate it Annotated[list[MyEvent], Collect(...)]."
            )
        return None
    cardinality: Any = All() if not markers or markers[0] is Collect else markers[0]
    if isinstance(cardinality, Collect):
        cardinality = cardinality.cardinality
    if len(markers) > 1 or not isinstance(cardinality, (All, Take)):
        raise WorkflowValidationError(
            f"Parameter {param!r} of step {step!r} has {markers!r}; one of Collect(), Collect(All()) and "
            f"Collect(Take(n)) is what it can have."
        )
    return Members(param, kinds, cardinality.n if isinstance(cardinality, Take) else None)


def list_of_events(hint: Any) -> tuple[type[Event], ...] | None:
    """Return the members of a `list[A | B]` annotation if all of them are events, else None."""
    if typing.get_origin(hint) is not list:
        return None
    kinds = members(typing.get_args(hint)[0])
    return kinds if kinds and all(isinstance(kind, type) and issubclass(kind, Event) for kind in kinds) else None
