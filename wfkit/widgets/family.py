"""The questions of a run and of the child runs that its steps have started: whoever asks, one panel answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from wfkit.events import InputRequiredEvent
from wfkit.handler import WorkflowHandler
from wfkit.hooks.recorder import Recorder
from wfkit.records import ChildStreamed
from wfkit.seam import with_another
from wfkit.widgets.questions import Question, Questions

BEAT: Final = 0.5  # seconds between two looks for children that ask without showing anything
MOST_ANSWERED: Final = 50  # of children that are done


class Asked(NamedTuple):
    """One question, and whose it is.

    Attributes:
        key: names it among all of the family.
        child: the child that asks, as the parent calls it: "child", or "child.grandchild"; "" for the run itself.
        question: the question.
        among: the questions of its run.
    """

    key: str
    child: str
    question: Question
    among: Questions


class _Member(NamedTuple):
    run: Any
    key: str
    name: str
    questions: Questions


class Family:
    """The questions of a run and its children, kept up to date until the run has ended.

    A child that goes on in another thread, because `run_sync` started it in a plain step, cannot be answered.

    Args:
        handler: what `run()` returned.
        changed: called when there is something new.

    Example:
        family = Family(handler)
        asked = family.open()[0]
        asked.among.answer(asked.question.key, Answer(text="yes"))
    """

    def __init__(self, handler: Any, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._count = 0
        self._run = run = handler.__wfkit_run__()
        self._members: dict[int, _Member] = {}
        self._far: dict[str, str] = {}  # names of children in other threads that have asked, by run
        self._done: deque[Asked] = deque(maxlen=MOST_ANSWERED)
        self._join(run, "", handler)
        self._find()
        self._beat()

    def _join(self, run: Any, name: str, handler: Any) -> None:
        key = f"r{self._count}." if self._count else ""
        self._count += 1
        self._members[id(run)] = _Member(run, key, name, Questions(handler, self._changed))
        if not run.ended:
            run.emit = with_another(run.emit, self._watch)

    def _watch(self, fields: tuple[Any, ...]) -> None:
        if fields[0] is ChildStreamed:
            told = fields[2]
            if isinstance(told.event, InputRequiredEvent):
                self._far[told.run_id] = told.child
            self._run.loop.call_soon(self._look)

    def _beat(self) -> None:
        if not self._run.ended:
            self._look()
            self._run.loop.call_later(BEAT, self._beat)

    def _look(self) -> None:
        if self._find():
            self._changed()

    def _find(self) -> bool:
        """Take in children that have come, and let go of those that have ended; return whether there were any."""
        before = list(self._members)
        for member in list(self._members.values()):
            if member.run.ended and member.run is not self._run:
                self._done.extend(asked for asked in _all(member) if asked.question.answer is not None)
                del self._members[id(member.run)]
        waiting = [*self._members.values()]
        for member in waiting:
            children = [run for run in member.run.children if run.loop is self._run.loop and not run.ended]
            for run in sorted(children, key=lambda run: (str(run.name_in_parent), str(run.run_id))):
                if id(run) not in self._members:
                    name = f"{member.name}.{run.name_in_parent}" if member.name else run.name_in_parent
                    self._join(run, name, WorkflowHandler(run, _recorder_of(run)))
                    waiting.append(self._members[id(run)])
        if len(self._far) > MOST_ANSWERED:
            del self._far[next(iter(self._far))]
        return before != list(self._members) or bool(self._far)

    def open(self) -> tuple[Asked, ...]:
        """Return the questions that wait for an answer: those of the run itself first, the oldest of each run first."""
        asked = (asked for member in self._members.values() for asked in _all(member))
        return tuple(one for one in asked if not one.question.closed and one.question.sent is None)

    def answered(self) -> tuple[Asked, ...]:
        """Return the questions that got an answer: those of children that are done first, at most the latest 50."""
        asked = (asked for member in self._members.values() for asked in _all(member))
        return (*self._done, *(one for one in asked if one.question.answer is not None))

    def elsewhere(self) -> tuple[str, ...]:
        """Return the children that have asked and cannot be answered, because they go on in another thread."""
        if self._run.ended:
            return ()
        runs = (run for member in self._members.values() for run in tuple(member.run.children))
        far = [run.run_id for run in runs if run.loop is not self._run.loop and not run.ended]
        return tuple(sorted(self._far[run_id] for run_id in far if run_id in self._far))

    def rests(self) -> bool:
        """Whether nothing goes on but the questions: whatever is at work awaits a child that rests."""
        return all(_rests(member.run, set(self._members)) for member in self._members.values())


def _all(member: _Member) -> Iterator[Asked]:
    for question in member.questions.all:
        yield Asked(f"{member.key}{question.key}", member.name, question, member.questions)


def _rests(run: Any, known: set[int]) -> bool:
    ledger = run.ledger
    if ledger.ready or ledger.retrying:
        return False
    return len(ledger.active) <= sum(id(child) in known for child in run.children)


def handler_of(what: Any) -> Any:
    """Return what has a run: a handler or a Context as it is, of a debugger or a panel its handler."""
    if hasattr(what, "__wfkit_run__") or hasattr(what, "store"):
        return what
    return getattr(what, "handler", what)


def _recorder_of(run: Any) -> Recorder | None:
    """Return what has kept the records of a run."""
    return next((hook for hook in run.hooks if isinstance(hook, Recorder)), None)
