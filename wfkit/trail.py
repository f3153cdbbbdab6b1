"""The way that led to a failure: told by an error's note wherever its traceback is shown.

Read off the records of the run, and only when an error is handed out. A note has names of steps and of event types in
it, never what events carry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from wfkit.events import Event, StartEvent
from wfkit.history import History
from wfkit.plain import name_of_type
from wfkit.records import Record
from wfkit.standing import Execution

EARLIER: Final = "…"  # what came before the first record that is kept
PERSON: Final = "(somebody outside)"
LONGEST_NAME: Final = 120
HEAD: Final = 6  # names at the beginning of a long way that are told
TAIL: Final = 12  # and at its end
_LONGEST_ROUND: Final = 12  # names of a loop that is recognised
MOST_CUT_SHORT: Final = 3


class Trouble(NamedTuple):
    """A delivery that went wrong.

    Attributes:
        step: the name of the step.
        events: what it was working on: one event, or those that it gathered.
        gathers: whether it gathers.
        attempt: which attempt it was, from 1.
        error: what it raised, before the last attempt if it was to be tried again; None for one at work or waiting.
        way: the names of the events and steps on the way there, the first event first, what it was working on last.
    """

    step: str
    events: tuple[Event, ...]
    gathers: bool
    attempt: int
    error: BaseException | None
    way: tuple[str, ...]


class Trail:
    """Where the events of a run came from.

    Args:
        records: what happened, oldest first.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._history = History(records)
        self.end = self._history.end

    def failure(self) -> Trouble | None:
        """Return the failure that ended the run; None if none did, or if its records are gone."""
        if self.end is None or self.end.error is None:
            return None
        # In the order in which they failed: an error may be raised twice, and it was the last time that ended the run.
        for _, execution, stage in reversed(self._history.standing.turns):
            if stage == "failed" and execution.error is self.end.error and _is_known(execution):
                return _trouble(execution, execution.error)
        return None

    def cut_short(self) -> list[Trouble]:
        """Return the deliveries that the end of the run has cut short."""
        cut_short = (one for one in self._history.executions if one.stage == "cancelled" and _is_known(one))
        return [_trouble(one, one.error if one.left == "retrying" else None) for one in cut_short]


def _is_known(execution: Execution) -> bool:
    """Whether the record is there that tells what it was called with."""
    return bool(execution.events) or execution.gathers


def _trouble(execution: Execution, error: BaseException | None) -> Trouble:
    way = way_to(execution)
    return Trouble(execution.step, execution.events, execution.gathers, execution.attempts, error, way)


def way_to(execution: Execution) -> tuple[str, ...]:
    """Return the names of the events and steps that led to an execution, the first event first."""
    names: list[str] = []
    seen: set[int] = set()
    found: Execution | None = execution
    while found is not None and found.id not in seen:
        seen.add(found.id)
        if names:
            names.append(_plain(found.step))
        names.append(_name_of(found.events, found.gathers))
        found = _before(found, names)
    return tuple(reversed(names))


def _before(execution: Execution, names: list[str]) -> Execution | None:
    """Return the execution that sent what another one works on; notes in `names` what is known if there is none."""
    if not execution.got:
        names += [EARLIER] if names[-1] != EARLIER else []
        return None
    passage = execution.got[-1]
    if passage.answers is not None:
        passage = passage.answers
        names += [PERSON, _plain(type(passage.event).__name__)]
    if passage.sender is None:
        if not passage.outside:
            names += [_plain(passage.source), EARLIER] if passage.source else [EARLIER]
        elif not isinstance(passage.event, StartEvent):
            names.append(PERSON)
    return passage.sender


def _plain(name: str) -> str:
    """Return a name that a terminal can show; Python lets a class be called anything."""
    return name if name.isprintable() and len(name) <= LONGEST_NAME else ascii(name[:LONGEST_NAME])


def _name_of(events: Sequence[Event], gathers: bool) -> str:
    if not gathers:
        return _plain(type(events[0]).__name__) if events else EARLIER
    counts = Counter(_plain(type(each).__name__) for each in events)
    return " + ".join(name if count == 1 else f"{count} {name}" for name, count in counts.items()) or "no event"


def spell_way(way: Sequence[str]) -> str:
    """Return a way in one line.

    Example:
        assert spell_way(["StartEvent", "a", "X", "b", "X", "b", "X"]) == "StartEvent -> a -> (X -> b) x 2 -> X"
    """
    return " -> ".join(fold_way(way))


def fold_way(way: Sequence[str]) -> list[str]:
    """Return a way with the rounds of a loop counted and the middle of a long one left out.

    Args:
        way: names of events and steps in turn, an event first.
    """
    told = _fold(way)
    if len(told) > HEAD + TAIL + 1:
        told = [*told[:HEAD], f"… {len(told) - HEAD - TAIL:,} more …", *told[-TAIL:]]
    return told


def _fold(way: Sequence[str]) -> list[str]:
    """Return a way in which a round that is gone several times stands once, with its number."""
    told: list[str] = []
    place = 0
    while place < len(way):
        for length in range(2, _LONGEST_ROUND + 1, 2):  # an event and a step come in turn
            rounds = _rounds(way, place, length)
            if rounds > 1:
                told.append(f"({' -> '.join(way[place : place + length])}) x {rounds:,}")
                place += rounds * length
                break
        else:
            told.append(way[place])
            place += 1
    return told


def _rounds(way: Sequence[str], place: int, length: int) -> int:
    """Return how often the names from a place on, so many of them, follow one another."""
    end = place + length
    while end < len(way) and way[end] == way[end - length]:
        end += 1
    return (end - place) // length


def note_way(error: BaseException, records: Iterable[Record], workflow: str) -> None:
    """Add to a run's error a note of the step that raised it and of the way there, unless it has it. Never raises.

    An error that several runs of a workflow share gets one; an error of a child run that ends its parent's run, too,
    gets one of each.

    Args:
        error: what awaiting the run raises.
        records: what happened in the run, oldest first.
        workflow: its name.
    """
    try:
        trail = Trail(records)
        failure = trail.failure()
        text = _cut_short(trail.cut_short()) if failure is None else _failed(failure, workflow)
        opening = opening_of(failure, workflow)
        notes = [note for note in getattr(error, "__notes__", ()) if isinstance(note, str)]
        if text and not any(note.startswith(opening) for note in notes):
            error.add_note(text)
    except Exception:  # records or an error that cannot be read must not hide the error itself
        return


def opening_of(failure: Trouble | None, workflow: str) -> str:
    """Return how the note begins that an error gets from a run.

    Args:
        failure: what ended the run, None if it took too long.
        workflow: its name.
    """
    return "When it was cut short, " if failure is None else f"In step {failure.step!r} of {_plain(workflow)}"


def _failed(failure: Trouble, workflow: str) -> str:
    attempt = f", attempt {failure.attempt}" if failure.attempt > 1 else ""
    return f"{opening_of(failure, workflow)}{attempt}, working on {_goal(failure)}"


def _cut_short(troubles: list[Trouble]) -> str:
    if not troubles:
        return ""
    told = [f"step {trouble.step!r} was {_doing(trouble)} {_goal(trouble)}" for trouble in troubles[:MOST_CUT_SHORT]]
    if len(troubles) > MOST_CUT_SHORT:
        told.append(f"{len(troubles) - MOST_CUT_SHORT} more were at work.")
    return opening_of(None, "") + " Also ".join(told)


def _doing(trouble: Trouble) -> str:
    if trouble.error is None:
        return "working on"
    return f"to be tried again after {name_of_type(trouble.error)} at attempt {trouble.attempt}, on"


def _goal(trouble: Trouble) -> str:
    event = _name_of(trouble.events, trouble.gathers)
    return f"{event}." if len(trouble.way) < 2 else f"{event}. The way there: {spell_way(trouble.way)}."
