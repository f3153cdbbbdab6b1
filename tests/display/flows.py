"""The flows that the drawing tests draw: the seeds' ones, hostile ones, big ones, and records made by hand."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from typing import Any

from wfkit.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StepFailedEvent, StopEvent
from wfkit.plan import Plan
from wfkit.records import EventSent, Record, RunEnded, RunStarted, StepFinished, StepStarted
from wfkit.steps import StepSpec, catch_error, spec_of, step

HOSTILE = "</script><script>alert(1)</script>\"']]>&<img src=x onerror=alert(2)>\x00\x1b[31mred\u2028\u202e\ud800"

_UNTHINKABLE = re.compile("[\x00\ud800]")  # Python itself refuses these in names


class FailedEvent(Event):
    error: str


class QueryEvent(Event):
    query: str


class InputEvent(Event):
    input: str


class SetupEvent(Event):
    error: bool


class Question(InputRequiredEvent):
    text: str


class Answer(HumanResponseEvent):
    text: str


class Drawable:
    """Stands in for a workflow: the methods that the drawings ask for."""

    def __init__(
        self, plan: Plan, records: Sequence[Record] | None = None, children: Mapping[str, Any] | None = None
    ) -> None:
        self._plan = plan
        self._records = records
        self._children = dict(children or {})

    def __wfkit_plan__(self) -> Plan:
        return self._plan

    def __wfkit_children__(self) -> dict[str, Any]:
        return self._children

    def __wfkit_records__(self) -> tuple[Record, ...] | None:
        return None if self._records is None else tuple(self._records)


class TrivialSteps:
    @step
    async def generate(self, ev: StartEvent) -> StopEvent:
        raise NotImplementedError


class LoopSteps:
    @step
    async def answer_query(self, ev: StartEvent | QueryEvent) -> FailedEvent | StopEvent:
        raise NotImplementedError

    @step
    async def improve_query(self, ev: FailedEvent) -> QueryEvent | StopEvent:
        raise NotImplementedError


class WaitSteps:
    @step
    async def query(self, ev: StartEvent) -> StopEvent:
        raise NotImplementedError

    @step
    async def setup(self, ev: StartEvent) -> StopEvent:
        raise NotImplementedError


class CollectSteps:
    @step
    async def collect_input(self, ev: StartEvent) -> InputEvent:
        raise NotImplementedError

    @step
    async def parse_query(self, ev: StartEvent) -> QueryEvent:
        raise NotImplementedError

    @step
    async def run_query(self, ev: InputEvent | SetupEvent | QueryEvent) -> StopEvent | None:
        raise NotImplementedError

    @step
    async def setup(self, ev: StartEvent) -> SetupEvent:
        raise NotImplementedError


class PersonSteps:
    @step
    async def ask(self, ev: StartEvent) -> Question:
        raise NotImplementedError

    @step(num_workers=1)
    async def hear(self, ev: Answer) -> StopEvent:
        raise NotImplementedError


def plan(steps: type, name: str | None = None) -> Plan:
    """Compile the decorated methods of a plain class."""
    specs = [spec for attribute in sorted(vars(steps)) if (spec := spec_of(vars(steps)[attribute])) is not None]
    return Plan(name or steps.__name__.replace("Steps", "Flow"), specs)


def made_step(name: str, takes: Sequence[type[Event]], gives: Sequence[type[Event]], doc: str = "") -> StepSpec:
    """Make a step of any name, such as one that no source code could have."""

    async def body(self: Any, ev: Any) -> Any:
        raise NotImplementedError

    name = _UNTHINKABLE.sub("", name)
    function = types.FunctionType(body.__code__, {}, name)
    function.__annotations__ = {"ev": _union(takes), "return": _union(gives)}
    function.__qualname__ = f"Steps.{name}"
    function.__doc__ = doc
    spec = spec_of((catch_error if StepFailedEvent in takes else step)(function))
    assert spec is not None
    return spec


def _union(kinds: Sequence[type[Event]]) -> Any:
    found: Any = kinds[0]
    for kind in kinds[1:]:
        found = found | kind
    return found


def made_event(name: str, base: type[Event] = Event) -> type[Event]:
    """Make an event class of any name that Python itself lets through."""
    return type(_UNTHINKABLE.sub("", name), (base,), {"__module__": __name__})


def chain(count: int) -> Plan:
    """Return a flow of so many steps, one after the other, each of which may also stop."""
    kinds: list[type[Event]] = [StartEvent, *(made_event(f"Event{index:03}") for index in range(1, count))]
    specs = [
        made_step(f"step_{index:03}", [kinds[index]], [*kinds[index + 1 : index + 2], StopEvent])
        for index in range(count)
    ]
    return Plan("ChainFlow", specs)


def hostile(name: str = HOSTILE) -> Plan:
    """Return a flow in which every name and every docstring is as bad as it can be."""
    made = made_event(name)
    return Plan(
        name, [made_step(name, [StartEvent], [made], doc=name), made_step(f"{name}2", [made], [StopEvent], doc=name)]
    )


class Tape:
    """Writes records by hand, with the numbers a run would give them."""

    def __init__(self, workflow: str = "Flow") -> None:
        self.records: list[Record] = [RunStarted(0.0, "run", workflow, False)]
        self._sends: dict[int, int] = {}

    def send(
        self,
        event: Event,
        targets: Sequence[str] = (),
        source: tuple[str, int] | None = None,
        parent: int | None = None,
    ) -> tuple[Event, int, int]:
        """Note a sent event; returns what `start` needs to deliver it."""
        name, sender = source or (None, 0)
        lineage = sender if parent is None else parent
        n = self._sends[lineage] = self._sends.get(lineage, -1) + 1
        self.records.append(EventSent(0.0, event, name, lineage, n, tuple(targets)))
        return event, lineage, n

    def start(self, step: str, id: int, sent: tuple[Event, int, int], attempt: int = 1) -> tuple[str, int]:
        """Note that a step began; returns who it is, for `send` and `finish`."""
        event, parent, n = sent
        self.records.append(StepStarted(0.0, id, step, event, parent, n, attempt))
        return step, id

    def finish(self, who: tuple[str, int], event: Any = None) -> None:
        """Note that a step returned: an event, a tuple of events or nothing."""
        self.records.append(StepFinished(0.0, who[1], who[0], event))

    def end(self, event: StopEvent | None = None) -> list[Record]:
        """Note that the run ended well, and return all records."""
        self.records.append(RunEnded(0.0, "done", event or StopEvent(), None))
        return self.records
