"""Which steps gather what a fan-out sends out, and which handler takes whose failures.

Read off the signatures once. A *place* is where a step can be at work: the fan-outs around it, the innermost last; the
empty place is outside of all. An event stays in the place of the step that sent it, an item of a list goes one deeper,
and what a list parameter gathers comes out again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from wfkit.collect import Join, Members
from wfkit.events import Event, HumanResponseEvent, StartEvent, fits
from wfkit.steps import StepSpec

Place: TypeAlias = tuple[int, ...]

DEPTH = 8  # a fan-out that leads back to itself has places without end; what holds this deep holds deeper


class Bindings(NamedTuple):
    """How the steps of a workflow hang together beyond who takes which event. Steps are given by their index.

    Attributes:
        collectors: for each step that returns lists, the steps that gather what comes of them.
        catchers: for each step with an error handler, the handler.
        unfed: steps with a list parameter that no fan-out reaches, and joins whose events never meet in one place.
        origins: for each event type the places it is sent in.
    """

    collectors: Mapping[int, tuple[int, ...]]
    catchers: Mapping[int, int]
    unfed: tuple[int, ...]
    origins: Mapping[type[Event], tuple[Place, ...]]


def bind(steps: Sequence[StepSpec]) -> Bindings:
    """Read the bindings off the signatures."""
    catchers = dict(_catchers(steps))
    walk = _Walk(steps, catchers)
    for index, spec in enumerate(steps):
        if spec.gathers is None and any(issubclass(kind, (StartEvent, HumanResponseEvent)) for kind in spec.accepted):
            walk.enter(index, ())
    walk.run()
    unfed = [
        index
        for index, spec in enumerate(steps)
        if spec.gathers is not None and index not in walk.fed and walk.reaches(index)
    ]
    collectors = {source: tuple(sorted(found)) for source, found in walk.collectors.items()}
    return Bindings(collectors, catchers, tuple(unfed), walk.origins())


def _catchers(steps: Sequence[StepSpec]) -> Iterator[tuple[int, int]]:
    """Yield (step, its handler): one that names the step goes before one for all; handlers have none."""
    handlers = [(index, spec.catches.steps) for index, spec in enumerate(steps) if spec.catches is not None]
    for index, spec in enumerate(steps):
        if spec.catches is not None:
            continue
        named = [handler for handler, names in handlers if names is not None and spec.name in names]
        for handler in [*named, *(handler for handler, names in handlers if names is None)][:1]:
            yield index, handler


class _Walk:
    """Follows the events through the flow, from place to place."""

    def __init__(self, steps: Sequence[StepSpec], catchers: Mapping[int, int]) -> None:
        self.steps = steps
        self.catchers = catchers
        self.collectors: dict[int, set[int]] = {index: set() for index, spec in enumerate(steps) if spec.listed}
        self.fed: set[int] = set()
        self._arrived: dict[tuple[int, Place], set[type[Event]]] = {}
        self._entered: set[tuple[int, Place]] = set()
        self._sent: set[tuple[type[Event], Place]] = set()
        self._open: list[tuple[type[Event], Place]] = []

    def enter(self, index: int, place: Place) -> None:
        """Note that a step can be at work in a place, and what it sends from there."""
        if (index, place) in self._entered:
            return
        self._entered.add((index, place))
        spec = self.steps[index]
        for kind in spec.produced:
            if kind in spec.listed and len(place) < DEPTH:
                self._send(kind, (*place, index))
            if kind in spec.bare:
                self._send(kind, place)
        if index in self.catchers:
            self.enter(self.catchers[index], place)

    def _send(self, kind: type[Event], place: Place) -> None:
        if (kind, place) not in self._sent:
            self._sent.add((kind, place))
            self._open.append((kind, place))

    def run(self) -> None:
        """Follow every event that was sent to those who take it."""
        while self._open:
            kind, place = self._open.pop()
            for index, spec in enumerate(self.steps):
                if spec.catches is None and spec.takes(kind):
                    self._arrive(index, spec, kind, place)

    def _arrive(self, index: int, spec: StepSpec, kind: type[Event], place: Place) -> None:
        if isinstance(spec.gathers, Members):
            if place:
                self.fed.add(index)
                self.collectors[place[-1]].add(index)
                self.enter(index, place[:-1])
            return
        if isinstance(spec.gathers, Join):
            arrived = self._arrived.setdefault((index, place), set())
            arrived.add(kind)
            if not all(any(_fits(spec, slot, other) for other in arrived) for slot in spec.gathers.kinds):
                return
            self.fed.add(index)
        self.enter(index, place)

    def origins(self) -> dict[type[Event], tuple[Place, ...]]:
        """Return for each event type the places it is sent in."""
        kinds = {kind for kind, _ in self._sent}
        return {kind: tuple(sorted(place for other, place in self._sent if other is kind)) for kind in kinds}

    def reaches(self, index: int) -> bool:
        """Whether events of every kind that a gathering step takes are sent somewhere; else another check says so."""
        spec = self.steps[index]
        return all(any(_fits(spec, slot, kind) for kind, _ in self._sent) for slot in spec.accepted)


def _fits(spec: StepSpec, slot: type[Event], kind: type[Event]) -> bool:
    return fits(kind, slot, spec.accept_event_subclasses)
