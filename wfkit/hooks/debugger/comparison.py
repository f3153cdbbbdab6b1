"""Where two runs part, and what differs."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel

from wfkit.draft import differs
from wfkit.hooks.debugger.telling import tell
from wfkit.masking import MASK, is_secret_name
from wfkit.plain import brief
from wfkit.records import EventReplaced, Record, StepFailed, StepFinished, StepStarted, spell
from wfkit.run import Run
from wfkit.values import shown

SHOWN = 10  # differences of a kind that are printed
VALUE = 80  # characters of a value that are printed


class Compared(Protocol):
    """A run that is compared: what happened in it, and the run."""

    @property
    def history(self) -> tuple[Record, ...]:
        """Everything that led to where the run is."""

    def _the_run(self) -> Run: ...


class Difference(NamedTuple):
    """A delivery that is not the same in both runs.

    Attributes:
        id: its lineage number.
        step: the name of its step.
        what: "event" if it works on another event, "outcome" if it came to something else, "missing" if only one of
            the runs has it.
        left, right: what each run has: an event, a tuple of events, an error, or None for nothing.
        at: the number of the record in each run, from 1; None where it is missing.
    """

    id: int
    step: str
    what: str
    left: Any
    right: Any
    at: tuple[int | None, int | None]

    def __str__(self) -> str:
        sides = f"{_spell('', self.left)} | {_spell('', self.right)}"
        return f"{brief(self.step, VALUE)} [{spell(self.id)}] {self.what}: {sides}"

    def __repr__(self) -> str:
        return f"<Difference: {self}>"


class Comparison:
    """What is different in two runs, delivery by delivery. The same delivery has the same id in both.

    Attributes:
        events: the deliveries that differ, in the order in which they happened.
        state: the keys of the store that differ, with the value in each run; a missing one is `...`.
        outcomes: how each run has ended, None for one that goes on.
        results: the last event of each run, None for one that goes on.
    """

    def __init__(self, left: Compared, right: Compared) -> None:
        self.events = tuple(_differences(left.history, right.history))
        self.state = dict(_state_differences(left._the_run(), right._the_run()))
        verdicts = (left._the_run().verdict, right._the_run().verdict)
        self.outcomes = (verdicts[0].outcome, verdicts[1].outcome)
        self.results = (verdicts[0].event, verdicts[1].event)
        self._parting = self._told_parting(left.history, right.history)

    @property
    def where(self) -> tuple[int | None, int | None]:
        """The numbers of the records, from 1, at which the runs part; None for a run that has nothing there."""
        return self.events[0].at if self.events else (None, None)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.events and not self.state and not _unlike(*self.results) and len({*self.outcomes}) == 1

    def _told_parting(self, left: tuple[Record, ...], right: tuple[Record, ...]) -> str:
        if not self.events:
            return "The runs do not part."
        first = self.events[0]
        sides = [
            f"  {name}  {tell(happened[at - 1])}" if at is not None else f"  {name}  does not come there"
            for name, at, happened in zip(("left ", "right"), first.at, (left, right), strict=True)
        ]
        return "\n".join([f"They part at {brief(first.step, VALUE)} [{spell(first.id)}]:", *sides])

    def __str__(self) -> str:
        if self.same:
            return "The two runs are the same."
        lines = [self._parting]
        lines += [f"  {each}" for each in self.events[:SHOWN]]
        if len(self.events) > SHOWN:
            lines.append(f"  and {len(self.events) - SHOWN} more")
        for key, (left, right) in list(self.state.items())[:SHOWN]:
            lines.append(f"  state {brief(key, VALUE)}: {_spell(key, left)} | {_spell(key, right)}")
        if len(self.state) > SHOWN:
            lines.append(f"  and {len(self.state) - SHOWN} more keys")
        ends = zip(self.outcomes, self.results, strict=True)
        lines.append(f"  end: {' | '.join(_told_end(end, event) for end, event in ends)}")
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show all of it as the last value of a cell."""
        printer.text(str(self))

    def __repr__(self) -> str:
        return f"<Comparison: {'the same' if self.same else f'{len(self.events)} deliveries differ'}>"


class _Life:
    """What became of one delivery."""

    def __init__(self, start: StepStarted, at: int) -> None:
        self.step = start.step
        self.event = start.event  # as it was when the step got it
        self.at = at
        self.end: Any = ...
        self.end_at: int | None = None


def _lives(happened: tuple[Record, ...]) -> dict[int, _Life]:
    """Return what became of each delivery; of one that was run again, what it came to in the end."""
    lives: dict[int, _Life] = {}
    for number, record in enumerate(happened, 1):
        match record:
            case StepStarted():
                found = lives.get(record.id)
                if found is None:
                    lives[record.id] = _Life(record, number)
                else:
                    found.event, found.end, found.at = record.event, ..., number
            case EventReplaced() if record.id in lives:
                lives[record.id].event = record.event
            case StepFinished() | StepFailed() if record.id in lives:
                life = lives[record.id]
                life.end = record.event if isinstance(record, StepFinished) else record.error
                life.end_at = number
    return lives


def _differences(left: tuple[Record, ...], right: tuple[Record, ...]) -> Iterator[Difference]:
    one, other = _lives(left), _lives(right)
    for id in {**one, **other}:
        mine, yours = one.get(id), other.get(id)
        if mine is None or yours is None:
            there = mine or yours
            assert there is not None
            at = (None if mine is None else mine.at, None if yours is None else yours.at)
            events = (None if mine is None else mine.event, None if yours is None else yours.event)
            yield Difference(id, there.step, "missing", *events, at)
            continue
        name = mine.step
        if _unlike(mine.event, yours.event):
            yield Difference(id, name, "event", mine.event, yours.event, (mine.at, yours.at))
        if _unlike(mine.end, yours.end):
            yield Difference(id, name, "outcome", _or_none(mine.end), _or_none(yours.end), (mine.end_at, yours.end_at))


def _or_none(value: Any) -> Any:
    return None if value is ... else value


def _unlike(one: Any, other: Any) -> bool:
    """Whether two values differ. Classes go by their names: a cell that was run again has made them anew."""
    try:
        return _differ(one, other)
    except Exception:  # values of the user's own, or some that contain themselves: who cannot be compared, differs
        return True


def _differ(one: Any, other: Any) -> bool:
    if one is other:
        return False
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) != len(other) or any(map(_differ, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() != other.keys() or any(_differ(one[key], other[key]) for key in one)
    kinds = type(one), type(other)
    if kinds[0].__qualname__ != kinds[1].__qualname__:
        return differs(one, other)  # 1 and 1.0
    if isinstance(one, BaseModel) and isinstance(other, BaseModel):
        return _differ(_keys(one), _keys(other))
    if isinstance(one, BaseException) and isinstance(other, BaseException):
        return repr(one.args) != repr(other.args)
    if isinstance(one, Enum) and isinstance(other, Enum):
        return one.name != other.name
    if kinds[0] is not kinds[1] and hasattr(one, "__dict__") and hasattr(other, "__dict__"):
        return _differ(vars(one), vars(other))
    return differs(one, other)


def _state_differences(left: Run, right: Run) -> Iterator[tuple[str, tuple[Any, Any]]]:
    one, other = _keys(left.context.store.state), _keys(right.context.store.state)
    for key in {**one, **other}:
        mine, yours = one.get(key, ...), other.get(key, ...)
        if _unlike(mine, yours):
            yield key, (mine, yours)


def _keys(state: Any) -> dict[str, Any]:
    if isinstance(state, BaseModel):
        return {**state.__dict__, **(state.__pydantic_extra__ or {})}
    return dict(state)


def _told_end(outcome: str | None, event: Any) -> str:
    return "goes on" if outcome is None else f"{outcome}, {_spell('', event)}"


def _spell(key: str, value: Any) -> str:
    """Write a value briefly; what is named like a secret is masked."""
    if value is ...:
        return "not there"
    if value is None:
        return "nothing"
    if is_secret_name(key):
        return MASK
    return shown(value, VALUE)
