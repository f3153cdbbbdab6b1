"""Which of several deliveries somebody means."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Protocol, TypeAlias, TypeVar

from wfkit.hooks.debugger.stops import Delivery
from wfkit.plain import brief
from wfkit.records import spell
from wfkit.values import shown

MOST = 10  # deliveries that an error names

Which: TypeAlias = "Delivery | int | str | None"


class Named(Protocol):
    """Something that can be meant."""

    @property
    def id(self) -> int:
        """The lineage number."""

    @property
    def step(self) -> str:
        """The name of the step."""

    @property
    def attempt(self) -> int:
        """How often it has been tried."""


T = TypeVar("T", bound=Named)


def find(which: Which, among: Iterable[T]) -> T | None:
    """Return what is meant: by a delivery of a stop, an id, the name of a step, or the place; by None the first."""
    if which is None:
        return next(iter(among), None)
    there = list(among)
    if isinstance(which, Delivery):
        return next((each for each in there if (each.id, each.attempt) == (which.id, which.attempt)), None)
    if isinstance(which, str):
        return next((each for each in there if which in (each.step, spell(each.id))), None)
    if type(which) is not int:
        return None
    found = next((each for each in there if each.id == which), None)
    return there[which] if found is None and -len(there) <= which < len(there) else found


def told(which: Which) -> str:
    """Return what was meant, for an error."""
    return brief(str(which), 80) if isinstance(which, (str, Delivery)) else shown(which, 80)


def listed(among: Iterable[Named]) -> str:
    """Return what there is, for an error: "fa48fcef (tell), d7ea25c3 (rate)"."""
    return ", ".join(f"{spell(each.id)} ({each.step})" for each in islice(among, MOST))
