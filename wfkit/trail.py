"""The way that led to a failure: told by an error's note wherever its traceback is shown.

Read off the records of the run, and only when an error is handed out. A note has names of steps and of event types in
it, never what events carry.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from wfkit.events import CollectionReleaseEvent, Event, HumanResponseEvent, InputRequiredEvent, StartEvent
from wfkit.plain import name_of_type
from wfkit.records import (
    EventReplaced,
    EventsCollected,
    EventSent,
    EventStreamed,
    Record,
    RunEnded,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepResumed,
    StepStarted,
    StepWaiting,
)

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
        event: what it was working on.
        attempt: which attempt it was, from 1.
        error: what it raised, before the last attempt if it was to be tried again; None for one at work or waiting.
        way: the names of the events and steps on the way there, the first event first, that event last.
    """

    step: str
    event: Event
    attempt: int
    error: BaseException | None
    way: tuple[str, ...]


class Trail:
    """Where the events of a run came from.

    Args:
        records: what happened, oldest first.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.end: RunEnded | None = None
        self._starts: dict[int, StepStarted] = {}
        self._replaced: dict[int, Event] = {}
        self._failures: list[StepFailed] = []
        self._cut_short: list[int] = []
        self._pausing: dict[int, BaseException | None] = {}  # to be tried again, or waiting, when the records end
        self._lineages: dict[int, int] = {}
        self._sends: dict[tuple[int, int], EventSent] = {}
        self._sent: dict[int, EventSent] = {}  # by identity of the event, which the records keep alive
        self._open: OrderedDict[int, Event] = OrderedDict()  # questions without an answer, by identity
        self._shown: dict[int, int] = {}
        self._questions: dict[tuple[int, int], Event] = {}
        for record in records:
            self._read(record)

    def _read(self, record: Record) -> None:
        match record:
            case StepStarted(id=id):
                self._starts[id] = record
                self._pausing.pop(id, None)
            case EventReplaced(id=id):
                self._replaced[id] = record.event
            case EventSent():
                self._sends[record.parent, record.n] = self._sent[id_of(record.event)] = record
                if isinstance(record.event, InputRequiredEvent):
                    self._ask(record.event)
                elif record.source is None and isinstance(record.event, HumanResponseEvent) and self._open:
                    self._questions[record.parent, record.n] = self._open.popitem(last=False)[1]
            case EventStreamed(event=InputRequiredEvent() as event):
                self._ask(event)
                self._shown.setdefault(id_of(event), record.id)
            case StepWaiting(id=id):
                self._pausing[id] = None
            case StepResumed(id=id, event=answer):
                self._pausing.pop(id, None)
                if isinstance(answer, HumanResponseEvent):
                    self._answer(id, answer)
            case EventsCollected():
                self._lineages[record.lineage] = record.id
            case StepFailed(retry_in=None):
                self._failures.append(record)
            case StepFailed(id=id, error=error):
                self._pausing[id] = error
            case StepFinished(id=id):
                self._pausing.pop(id, None)
            case StepCancelled(id=id):
                self._pausing.pop(id, None)
                self._cut_short.append(id)
            case RunEnded():
                self.end = record

    def _ask(self, question: Event) -> None:
        self._open.setdefault(id_of(question), question)

    def _answer(self, id: int, answer: Event) -> None:
        """Note that a waiting step got an answer: it was to its own question, not to the oldest one."""
        sent = self._sent.get(id_of(answer))
        oldest = None if sent is None else self._questions.pop((sent.parent, sent.n), None)
        if oldest is not None:
            self._open[id_of(oldest)] = oldest
            self._open.move_to_end(id_of(oldest), last=False)
        own = next((key for key in self._open if self._shown.get(key) == id), None)
        if own is not None:
            del self._open[own]

    def failure(self) -> Trouble | None:
        """Return the failure that ended the run; None if none did, or if its records are gone."""
        if self.end is None or self.end.error is None:
            return None
        error = self.end.error
        record = next((found for found in reversed(self._failures) if found.error is error), None)
        start = None if record is None else self._starts.get(record.id)
        if record is None or start is None:
            return None
        return Trouble(record.step, self._event_of(start), record.attempt, error, self.way_to(record.id))

    def cut_short(self) -> list[Trouble]:
        """Return the deliveries that the end of the run has cut short."""
        ids = [*dict.fromkeys(self._cut_short), *self._pausing]
        starts = [self._starts[id] for id in ids if id in self._starts]
        return [self._trouble(start) for start in starts]

    def _trouble(self, start: StepStarted) -> Trouble:
        error = self._pausing.get(start.id)
        return Trouble(start.step, self._event_of(start), start.attempt, error, self.way_to(start.id))

    def _event_of(self, start: StepStarted) -> Event:
        return self._replaced.get(start.id, start.event)

    def way_to(self, id: int) -> tuple[str, ...]:
        """Return the names of the events and steps that led to a delivery, the first event first.

        Args:
            id: its lineage number.
        """
        names: list[str] = []
        seen: set[int] = set()
        start: StepStarted | None = self._starts.get(id)
        while start is not None and start.id not in seen:
            seen.add(start.id)
            if names:
                names.append(_plain(start.step))
            names.append(_name_of(self._event_of(start)))
            start = self._before(start, names)
        return tuple(reversed(names))

    def _before(self, start: StepStarted, names: list[str]) -> StepStarted | None:
        """Return the delivery that sent what another one works on; notes in `names` what is known if there is none."""
        pair, event = (start.parent, start.n), start.event
        if isinstance(event, CollectionReleaseEvent):
            sent = self._sent.get(id_of(event.events[-1])) if event.events else None
            if sent is None:
                names.append(EARLIER)
                return None
            pair, event = (sent.parent, sent.n), sent.event
        question = self._questions.get(pair)
        if question is not None:
            names += [PERSON, _name_of(question)]
            asked = self._sent.get(id_of(question))
            pair = (self._shown.get(id_of(question), 0), 0) if asked is None else (asked.parent, asked.n)
        sender = self._starts.get(pair[0]) or self._starts.get(self._lineages.get(pair[0], 0))
        if sender is None:
            known = self._sends.get(pair)
            if known is not None and known.source is not None:
                names += [_plain(known.source), EARLIER]
            elif known is None or not isinstance(event, StartEvent):
                names.append(EARLIER if known is None else PERSON)
        return sender


def id_of(event: Event) -> int:
    """Return what tells an event from all others that are alive."""
    return id(event)


def _plain(name: str) -> str:
    """Return a name that a terminal can show; Python lets a class be called anything."""
    return name if name.isprintable() and len(name) <= LONGEST_NAME else ascii(name[:LONGEST_NAME])


def _name_of(event: Event) -> str:
    if not isinstance(event, CollectionReleaseEvent):
        return _plain(type(event).__name__)
    counts = Counter(_plain(type(each).__name__) for each in event.events)
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
    event = _name_of(trouble.event)
    return f"{event}." if len(trouble.way) < 2 else f"{event}. The way there: {spell_way(trouble.way)}."
