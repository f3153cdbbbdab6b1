"""How the steps of a run stand: their executions, and how many of them are how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from wfkit.events import Event

Stage: TypeAlias = Literal["running", "held", "waiting", "retrying", "done", "failed", "cancelled"]
# As a picture tells it: one that is to be tried again waits for that.
State: TypeAlias = Literal["done", "failed", "held", "waiting", "running", "cancelled"]
OPEN: Final[tuple[Stage, ...]] = ("running", "held", "waiting", "retrying")
# What is counted of a step: deliveries that are how, and how often one was to be tried again.
COUNTED: Final = ("queued", "running", "held", "waiting", "failed", "retried", "done", "cancelled")
_COUNT: Final[dict[Stage, str]] = {"retrying": "waiting"}


@dataclass(slots=True, eq=False)
class Execution:
    """One delivery to one step, all its attempts together.

    Attributes:
        id: its lineage number.
        step: the name of the step.
        number: the how-manyth execution of this step, from 1.
        stage: how it stands; None while no record has told.
        left: how it stood when it was cancelled, None for any other.
        attempts: how often it was tried.
        error: what it raised last, if that was not made good.
        waits: event types it waits for, by waiter id.
        got: the events it was called with, on their way.
        events: what it was called with; nothing if that record is gone.
        edited: whether a hook gave it another event than the one it got.
        skipped: whether a hook gave what it returns.
        gathers: whether it was called with several events, of which there may be one or none.
    """

    id: int
    step: str
    number: int
    stage: Stage | None = None
    left: Stage | None = None
    attempts: int = 1
    error: BaseException | None = None
    waits: dict[str, str] = field(default_factory=dict)
    got: list[Passage] = field(default_factory=list)
    events: tuple[Event, ...] = ()
    gathers: bool = False
    edited: bool = False
    skipped: bool = False

    @property
    def state(self) -> State:
        """How it stands, for a picture."""
        return "waiting" if self.stage == "retrying" else self.stage or "running"

    @property
    def retrying(self) -> bool:
        """Whether it will be tried again."""
        return self.stage == "retrying"


@dataclass(slots=True, eq=False)
class Passage:
    """One event on its way.

    Attributes:
        event: the event.
        sender: the execution that sent it; None for somebody outside, or for a sender whose records are gone.
        outside: whether somebody outside sent it.
        targets: the steps it was queued for.
        sent: the pair (parent, n) of its record, None if there is none.
        source: the name of the step that sent it, "" for somebody outside or if that record is gone.
        takers: the executions it went to.
        late: whether it was returned when the run had already been ended by another event.
        answers: for an event from a person, the question it answers.
    """

    event: Event
    sender: Execution | None
    outside: bool
    targets: tuple[str, ...] = ()
    sent: tuple[int, int] | None = None
    source: str = ""
    takers: list[Execution] = field(default_factory=list)
    late: bool = False
    answers: Passage | None = None


class Standing:
    """The executions of a run so far.

    Attributes:
        executions: in the order in which they first started.
        by_id: the same by their lineage numbers.
        turns: every change of an execution: the place of its record, the execution and its new stage. The place is -1
            where an execution must have come to that stage before the first record.
        counts: for each step how many deliveries are how, as `COUNTED` has it, since the first record.
        missing: for each step what was there before the first record, as the later ones tell.
        at_work: for each step its executions that are running now.
    """

    def __init__(self) -> None:
        self.executions: list[Execution] = []
        self.by_id: dict[int, Execution] = {}
        self.turns: list[tuple[int, Execution, Stage]] = []
        self.counts: dict[str, dict[str, int]] = {}
        self.missing: dict[str, dict[str, int]] = {}
        self.at_work: dict[str, dict[Execution, None]] = {}
        self._numbers: dict[str, int] = {}

    def execution(self, id: int, step: str) -> Execution:
        """Return the execution of a delivery, a new one the first time."""
        found = self.by_id.get(id)
        if found is None:
            number = self._numbers[step] = self._numbers.get(step, 0) + 1
            found = self.by_id[id] = Execution(id, step, number)
            self.executions.append(found)
            if step not in self.counts:
                self._count(step)
        return found

    def _count(self, step: str) -> dict[str, int]:
        counts = self.counts[step] = dict.fromkeys(COUNTED, 0)
        self.missing[step] = dict.fromkeys(COUNTED, 0)
        self.at_work[step] = {}
        return counts

    def turn(self, place: int, execution: Execution, stage: Stage, presumed: Stage | None = "running") -> None:
        """Note how an execution stands from now on.

        Args:
            place: of the record that says so.
            execution: whose.
            stage: how it stands.
            presumed: how it must have stood before if its earlier records are gone; None for a first start.
        """
        if execution.stage is None and presumed is not None:
            self.presume(execution, presumed)
        counts, before = self.counts[execution.step], execution.stage
        if before is not None:
            counts[_COUNT.get(before, before)] -= 1
        counts[_COUNT.get(stage, stage)] += 1
        if stage == "retrying":
            counts["retried"] += 1
        if stage == "running":
            self.at_work[execution.step][execution] = None
        elif before == "running":
            self.at_work[execution.step].pop(execution, None)
        if stage == "cancelled":
            execution.left = before
        execution.stage = stage
        self.turns.append((place, execution, stage))

    def presume(self, execution: Execution, stage: Stage) -> None:
        """Note how an execution must have stood before the first record."""
        self.missing[execution.step][_COUNT.get(stage, stage)] += 1
        execution.stage = stage
        self.turns.append((-1, execution, stage))

    def queue(self, step: str) -> None:
        """Note that an event was queued for a step."""
        (self.counts.get(step) or self._count(step))["queued"] += 1

    def unqueue(self, step: str, known: bool) -> None:
        """Note that an event came out of a step's queue; `known` is False if the record of its sending is gone."""
        self.counts[step]["queued"] -= 1
        if not known:
            self.missing[step]["queued"] += 1

    def end(self, place: int) -> None:
        """Note that the run has ended: what is open is cancelled, and nothing is queued any more."""
        self.close()
        for execution in self.executions:
            if execution.stage in OPEN:
                self.turn(place, execution, "cancelled")
        for step, counts in self.counts.items():
            counts["queued"] = -self.missing[step]["queued"]

    def close(self) -> None:
        """Note that there are no more records: what has told nothing of itself was over before the first one."""
        for execution in self.executions:
            if execution.stage is None:
                self.presume(execution, "done")

    def copy_counts(self) -> dict[str, dict[str, int]]:
        """Return the counts as they are now; to be added to what turns out to be missing."""
        return {step: dict(counts) for step, counts in self.counts.items()}

    def with_missing(self, counts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        """Return counts that were copied at some moment, with what was there before the first record."""
        found = {}
        for step, missing in self.missing.items():
            had = counts.get(step, {})
            found[step] = {name: had.get(name, 0) + missing[name] for name in COUNTED}
        return found
