"""Which steps gather what a fan-out sends out, and which handler takes whose failures.

Read off the signatures once. A *place* is where a step can be at work: inside the list that a step returned, told by
that step's index, or outside of all, None. An event stays in the place of the step that sent it, an item of a list goes
into that list's, and what gathers it is called in each place where the list's own step can be at work. What is around
the innermost list makes no difference, so there are few places, however deep lists are nested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from wfkit.collect import Join, Members
from wfkit.events import Event, HumanResponseEvent, StartEvent, fits
from wfkit.steps import StepSpec

Place: TypeAlias = int | None


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
    origins: Mapping[type[Event], frozenset[Place]]


def bind(steps: Sequence[StepSpec]) -> Bindings:
    """Read the bindings off the signatures."""
    catchers = dict(_catchers(steps))
    walk = _Walk(steps, catchers)
    for kind in dict.fromkeys(kind for spec in steps for kind in spec.accepted):
        if issubclass(kind, (StartEvent, HumanResponseEvent)):  # these come from outside
            walk.send(kind, None)
    walk.run()
    unfed = [
        index
        for index, spec in enumerate(steps)
        if spec.gathers is not None and index not in walk.fed and walk.reaches(spec)
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
        self._places: dict[int, set[Place]] = {index: set() for index in range(len(steps))}
        self._arrived: dict[tuple[int, Place], set[type[Event]]] = {}
        self._sent: set[tuple[type[Event], Place]] = set()
        self._open: list[tuple[type[Event], Place]] = []

    def send(self, kind: type[Event], place: Place) -> None:
        """Note that an event is sent in a place."""
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
            if place is not None and index not in self.collectors[place]:
                self.fed.add(index)
                self.collectors[place].add(index)
                for outer in tuple(self._places[place]):
                    self._enter(index, outer)
            return
        if isinstance(spec.gathers, Join):
            arrived = self._arrived.setdefault((index, place), set())
            arrived.add(kind)
            if not all(any(_fits(spec, slot, other) for other in arrived) for slot in spec.gathers.kinds):
                return
            self.fed.add(index)
        self._enter(index, place)

    def _enter(self, index: int, place: Place) -> None:
        """Note that a step can be at work in a place, what it sends from there, and who follows it there."""
        entered = [index]
        while entered:
            here = entered.pop()
            if place in self._places[here]:
                continue
            self._places[here].add(place)
            spec = self.steps[here]
            for kind in spec.produced:
                if kind in spec.listed:
                    self.send(kind, here)
                if kind in spec.bare:
                    self.send(kind, place)
            entered += self.collectors.get(here, ())  # what gathers its list is called where it was at work
            if here in self.catchers:
                entered.append(self.catchers[here])

    def origins(self) -> dict[type[Event], frozenset[Place]]:
        """Return for each event type the places it is sent in."""
        kinds = {kind for kind, _ in self._sent}
        return {kind: frozenset(place for other, place in self._sent if other is kind) for kind in kinds}

    def reaches(self, spec: StepSpec) -> bool:
        """Whether events of every kind that a gathering step takes are sent somewhere; else another check says so."""
        return all(any(_fits(spec, slot, kind) for kind, _ in self._sent) for slot in spec.accepted)


def _fits(spec: StepSpec, slot: type[Event], kind: type[Event]) -> bool:
    return fits(kind, slot, spec.accept_event_subclasses)
