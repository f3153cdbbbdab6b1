"""The picture of what happened: every execution of a step, and the events between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape
from typing import Final

from wfkit.display.figure import NAME_LIMIT, Arrow, Figure, Shape, ShapeKind, label_limit
from wfkit.display.siblings import Siblings, fold_siblings
from wfkit.display.traces import message_of
from wfkit.display.words import TIMES, VALUE_LIMIT, brief, count, cut, fields_of, name_of_type, values_of
from wfkit.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    WorkflowFailedEvent,
)
from wfkit.history import Execution, History, Passage
from wfkit.records import Record

# Of a longer run the first and the last executions are drawn, and what lies between is folded into one shape.
MOST: Final = 60
FOLD: Final = "… more …"
EARLIER: Final = "… earlier …"
PERSON: Final = "(person)"  # no step can have this name
_FIELDS, _BRIEF_FIELDS = 20, 4
_NAME: Final = 400  # characters of a name
_BRIEF: Final = 40  # characters of a value
# Characters of HTML. What events carried is told in full on hovering until there is that much of it on one picture.
_TIP_ROOM: Final = 100_000
_ERRORS: Final = 5


def draw_execution(
    records: Iterable[Record] | History, max_label_length: int | None = None, with_outcome: bool = True
) -> Figure:
    """Return the picture of a run.

    Args:
        records: what happened, oldest first, or what has been read from it.
        max_label_length: names are cut to this many characters; None stands for a sensible length.
        with_outcome: whether the picture itself says how the run ended.
    """
    history = records if isinstance(records, History) else History(records)
    return _Sketch(history, label_limit(max_label_length), with_outcome).figure()


class _Group:
    """Events of one type that took the same way: drawn as one pill, with their number."""

    def __init__(self, first: Passage, sources: tuple[str, ...], targets: tuple[str, ...]) -> None:
        self.first = first
        self.sources = sources
        self.targets = targets
        self.count = 0


class _Sketch:
    def __init__(self, history: History, limit: int, with_outcome: bool) -> None:
        self.history = history
        self.with_outcome = with_outcome
        self.limit = limit
        self.room = _TIP_ROOM
        self.siblings = fold_siblings(history.executions, history.passages)
        drawn = list(dict.fromkeys(self._unit(execution) for execution in history.executions))
        surplus = max(0, len(drawn) - MOST) if len(drawn) > MOST + 1 else 0
        self.middle = frozenset(drawn[MOST // 2 : MOST // 2 + surplus])
        self.folded = sum(self._unit(execution) in self.middle for execution in history.executions)
        # What stands for many: nobody can tell on the picture which of them got what.
        self.folds = {FOLD, *(found.id for found in self.siblings.values())}
        self.shapes: dict[str, Shape] = {}
        self.arrows: dict[Arrow, None] = {}
        self.persons: dict[int, str] = {}
        self.known = {self._id(execution) for execution in history.executions}
        self.answer_to = {id(passage.answers): passage for passage in history.passages if passage.answers}

    def figure(self) -> Figure:
        """Return the picture."""
        groups = self._groups()
        for group in groups:
            if isinstance(group.first.event, StartEvent):
                self._draw_event(group)
        for execution in self.history.executions:
            self._draw_execution(execution)
        for group in groups:
            if not isinstance(group.first.event, StartEvent):
                self._draw_event(group)
        for brought, execution in self.history.sets:
            for other in brought:
                if self._id(other) != self._id(execution):
                    self.arrows[Arrow(self._id(other), self._id(execution), "collected")] = None
        for opener, execution in self.history.empties:
            if self._id(opener) != self._id(execution):
                self.arrows[Arrow(self._id(opener), self._id(execution), "emptied")] = None
        # A plain arrow says more than a quiet one between the same two.
        by_ends: dict[tuple[str, str], Arrow] = {}
        for arrow in sorted(self.arrows, key=lambda arrow: arrow.quiet):
            by_ends.setdefault((arrow.source, arrow.target), arrow)
        arrows = [arrow for arrow in self.arrows if by_ends[arrow.source, arrow.target] is arrow]
        name = brief(self.history.workflow, NAME_LIMIT)
        return Figure(name, "latest execution", tuple(self.shapes.values()), tuple(arrows), self._remarks())

    # -- executions --------------------------------------------------------------------------------------------

    def _id(self, execution: Execution) -> str:
        unit = self._unit(execution)
        return FOLD if unit in self.middle else unit

    def _unit(self, execution: Execution) -> str:
        together = self.siblings.get(id(execution))
        return f"{execution.step} #{execution.number}" if together is None else together.id

    def _draw_execution(self, execution: Execution) -> None:
        shape_id = self._id(execution)
        if shape_id == FOLD:
            label = f"… {self.folded:,} more …"
            tip = (f"{self.folded:,} executions of steps that are not drawn",)
            self.shapes.setdefault(FOLD, Shape(FOLD, "fold", label, label, tip=tip))
            return
        if shape_id in self.folds:
            self._draw_siblings(self.siblings[id(execution)])
            return
        name = brief(execution.step, _NAME)
        number = f" #{execution.number}"
        lines = [cut(name, 400) + number, execution.state]
        notes = []
        if execution.error is not None:
            kind = name_of_type(execution.error)
            notes.append(cut(kind, self.limit))
            lines.append(_spell_error(execution.error))
        notes += [word for word in ("edited", "skipped") if getattr(execution, word)]
        if execution.attempts > 1 or execution.retrying:
            notes.append(f"{execution.attempts} attempt{'' if execution.attempts == 1 else 's'}")
        if execution.state == "waiting":
            awaited = ", ".join(dict.fromkeys(brief(kind, _NAME) for kind in execution.waits.values()))
            notes.append("to be retried" if execution.retrying else cut(f"for {awaited}", self.limit))
        label = cut(name, self.limit) + number
        self.shapes[shape_id] = Shape(
            shape_id, "step", name + number, label, ", ".join(notes), tuple(lines), execution.state
        )

    def _draw_siblings(self, siblings: Siblings) -> None:
        if siblings.id in self.shapes:
            return
        name = brief(siblings.members[0].step, _NAME)
        number = f" {TIMES}{len(siblings.members):,}"
        lines = [cut(name, 400) + number, siblings.note]
        errors = Counter(_spell_error(found.error) for found in siblings.members if found.error is not None)
        lines += [f"{count:,} {TIMES} {error}" for error, count in errors.most_common(_ERRORS)]
        label = cut(name, self.limit) + number
        self.shapes[siblings.id] = Shape(
            siblings.id, "step", name + number, label, siblings.note, tuple(lines), siblings.state
        )

    # -- events ------------------------------------------------------------------------------------------------

    def _groups(self) -> list[_Group]:
        """Gather the events that are drawn; those that pass only between folded executions are not."""
        groups: dict[tuple[object, ...], _Group] = {}
        for passage in self.history.passages:
            targets = tuple(dict.fromkeys(self._id(taker) for taker in passage.takers))
            sources = self._sources(passage, targets)
            if isinstance(passage.event, InputRequiredEvent):
                targets = (*targets, self._asked(passage))
            if set(sources) | set(targets) == {FOLD} and sources:
                continue
            if sources == (FOLD,) and not targets:
                continue
            key = (sources, targets, type(passage.event), _is_loose(passage))
            group = groups.setdefault(key, _Group(passage, sources, targets))
            group.count += 1
        return list(groups.values())

    def _sources(self, passage: Passage, targets: tuple[str, ...]) -> tuple[str, ...]:
        if passage.outside:
            if isinstance(passage.event, StartEvent):
                return ()
            # Each answer has a person of its own, so that the story reads downwards; what is not drawn shares one.
            if all(target in self.folds for target in targets):
                return (FOLD,) if targets == (FOLD,) else (PERSON,)
            return (self.persons.setdefault(id(passage), f"{PERSON} #{len(self.persons) + 1}"),)
        if passage.sender is None:
            return () if isinstance(passage.event, StartEvent) else (EARLIER,)
        return (self._id(passage.sender),)

    def _asked(self, question: Passage) -> str:
        answer = self.answer_to.get(id(question))
        if answer is None or all(self._id(taker) in self.folds for taker in answer.takers):
            return PERSON
        return self.persons.setdefault(id(answer), f"{PERSON} #{len(self.persons) + 1}")

    def _draw_event(self, group: _Group) -> None:
        passage = group.first
        kind = type(passage.event)
        name = brief(kind.__name__, _NAME)
        label = cut(name, self.limit)
        if group.count > 1:
            name, label = f"{group.count:,} {TIMES} {name}", f"{group.count:,} {TIMES} {label}"
        number = 1
        where = group.sources[0] if group.sources else "outside"
        while (shape_id := f"{where} > {kind.__name__} #{number}") in self.shapes:
            number += 1
        tip = (name, *_told(group, self.room > 0))
        self.room -= sum(len(escape(line)) for line in tip)
        loose = _is_loose(passage)
        self.shapes[shape_id] = Shape(shape_id, _kind_of(passage.event), name, label, tip=tip, loose=loose)
        for source in group.sources:
            self._draw_other(source)
            self.arrows[Arrow(source, shape_id)] = None
        for target in group.targets:
            self._draw_other(target)
            self.arrows[Arrow(shape_id, target)] = None

    def _draw_other(self, shape_id: str) -> None:
        """Draw a person, or what came before the first record, when an event leads there."""
        if shape_id in self.shapes or shape_id in self.known:
            return
        if shape_id == EARLIER:
            tip = ("what happened before the first record that is kept",)
            self.shapes[EARLIER] = Shape(EARLIER, "fold", EARLIER, EARLIER, tip=tip)
        else:
            self.shapes[shape_id] = Shape(shape_id, "person", "person", "person", tip=("somebody outside the run",))

    # -- words -------------------------------------------------------------------------------------------------

    def _remarks(self) -> tuple[str, ...]:
        history = self.history
        lines = self._outcome() if self.with_outcome else []
        if self.folded:
            lines.append(f"{self.folded:,} executions in the middle are folded into one shape")
        if not history.complete:
            lines.append("the beginning of the run is not in the records")
        return tuple(lines)

    def _outcome(self) -> list[str]:
        history = self.history
        counts = f"{count(len(history.executions), 'step execution')}, {count(len(history.passages), 'event')}"
        if history.end is None:
            state = "waiting" if history.idle is not None and not history.idle.stuck else "still running"
            state = "stuck" if history.idle is not None and history.idle.stuck else state
        else:
            state = history.end.outcome
        lines = [f"{state} · {counts}"]
        if history.end is not None and history.end.error is not None and history.end.outcome == "failed":
            error = history.end.error
            lines.append(cut(f"{name_of_type(error)}: {message_of(error, 1_000)}", 120))
        return lines


def _spell_error(error: BaseException) -> str:
    return cut(f"{name_of_type(error)}: {message_of(error, 1_000)}", 300)


def _is_loose(passage: Passage) -> bool:
    """Whether an event led nowhere, and was not meant to."""
    if passage.late:
        return True
    meant = isinstance(passage.event, (StopEvent, InputRequiredEvent))
    return not (passage.takers or passage.targets or meant)


def _kind_of(event: Event) -> ShapeKind:
    if isinstance(event, StartEvent):
        return "start"
    if isinstance(event, StopEvent):
        return "stop"
    if isinstance(event, InputRequiredEvent):
        return "question"
    return "answer" if isinstance(event, HumanResponseEvent) else "event"


def _clock_fields(event: Event) -> tuple[str, ...]:
    """Return the fields that tell when it was: the same run must give the same picture."""
    return ("elapsed_seconds", "failed_at") if isinstance(event, (StepFailedEvent, WorkflowFailedEvent)) else ()


def _told(group: _Group, roomy: bool) -> list[str]:
    passage = group.first
    lines = []
    if passage.late:
        lines.append("returned when the run had already been ended")
    elif _is_loose(passage):
        lines.append("no step took it")
    elif passage.targets and not passage.takers:
        lines.append(brief(f"queued for {', '.join(passage.targets)}, which did not start", 300))
    if group.count == 1:
        clocks = _clock_fields(passage.event)
        most, limit = (_FIELDS, VALUE_LIMIT) if roomy else (_BRIEF_FIELDS, _BRIEF)
        found = fields_of(passage.event, limit, most + len(clocks))
        lines += [f"{name}: {value}" for name, value in found if name not in clocks][:most]
        more = len(values_of(passage.event)) - len(clocks) - most
        if more > 0:
            lines.append(f"… {more:,} more fields")
    return lines
