"""The questions of a run to people: which are open, which were answered, and what would answer them.

Read off the records, so that it is known which question belongs to which wait, whoever answers it and however.
"""

from __future__ import annotations

import dis
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wfkit.draft import differs
from wfkit.events import Event, HumanResponseEvent, InputRequiredEvent, fits, name_of
from wfkit.plan import Plan
from wfkit.records import EventSent, EventStreamed, RunEnded, StepResumed, StepWaiting
from wfkit.seam import with_another
from wfkit.steps import StepSpec
from wfkit.work import Wait

_NOT_FIELDS: Final = frozenset({"get", "keys", "values", "items", "to_dict"})
_LOADS: Final = ("LOAD_FAST", "LOAD_DEREF")
_USUAL: Final = "response"  # what an answer without a class of its own is usually called

logger = logging.getLogger("wfkit")


class Question:
    """One question.

    Attributes:
        key: names it, the same for the same run.
        event: the question itself; None for a wait that comes with none.
        step: who asks, "" if that is not known.
        wait: the delivery and the id of the wait that it comes with, None for one that a step has sent.
        kind: the class that the wait is for, None for any that the steps take.
        sent: the answer that was given here and is on its way.
        answer: the answer, None while there is none and if there never will be.
        closed: whether it is answered, or nobody waits for the answer any more.
    """

    def __init__(self, key: str, event: Event | None, step: str) -> None:
        self.key = key
        self.event = event
        self.step = step
        self.wait: tuple[int, str] | None = None
        self.kind: type[Event] | None = None
        self.sent: Event | None = None
        self.answer: Event | None = None
        self.closed = False

    def is_same(self, other: Question) -> bool:
        """Whether it is the same question, as somebody else who looks at the run knows it."""
        if self.wait is not None or other.wait is not None:
            return self.wait == other.wait
        return self is other or (self.event is not None and self.event is other.event)

    def close(self, answer: Event | None) -> None:
        """Note that it is over, with its answer if it has one."""
        self.closed, self.answer = True, answer if answer is not None else self.answer


class Questions:
    """The questions of one run, kept up to date from now on.

    Args:
        handler: what `run()` returned.
        changed: called when there is something new.

    Example:
        questions = Questions(handler)
        first = questions.open()[0]
        questions.answer(first.key, Answer(text="yes"))
    """

    def __init__(self, handler: Any, changed: Callable[[], None] = lambda: None) -> None:
        self._handler = handler
        self._run = run = handler.__wfkit_run__()
        self._changed = changed
        self.all: list[Question] = []
        self._latest: dict[int, Question] = {}  # by delivery: what it has shown and no wait has taken up yet
        self._waits: dict[tuple[int, str], Question] = {}  # the latest of each wait
        self._just: Question | None = None  # shown by the record before this one
        past = handler.__wfkit_records__() or ()
        self._resumers = {id(record.event) for record in past if isinstance(record, StepResumed)}
        for record in past:
            self._see((type(record), *record), live=False)
        self._resumers = set()
        self._find_others()
        if not run.ended:
            run.emit = with_another(run.emit, self._watch)

    def _watch(self, fields: tuple[Any, ...]) -> None:
        try:
            if self._see(fields, live=True):
                self._changed()
        except Exception:  # a run must not fail because somebody looks
            logger.warning("What a run has asked is not known any more.", exc_info=True)

    # -- as the run moves ------------------------------------------------------------------------------------------

    def _see(self, fields: tuple[Any, ...], live: bool) -> bool:
        """Take in a record; return whether anything is new."""
        kind, just = fields[0], self._just
        self._just = None
        if kind is EventStreamed and isinstance(fields[4], InputRequiredEvent):
            self._just = self._latest[fields[2]] = self._add(fields[4], fields[3] or "")
        elif kind is StepWaiting:
            _, _, delivery, step, waiter, wanted = fields
            return self._waiting(delivery, step, waiter, wanted, just)
        elif kind is StepResumed:
            return self._resumed(fields[2], fields[4], fields[5], just)
        elif kind is EventSent and fields[3] is None and isinstance(fields[2], HumanResponseEvent):
            self._answered(fields[2], live)
        elif kind is RunEnded:
            for question in self.all:
                question.close(None)
        else:
            return False
        return True

    def _add(self, event: Event | None, step: str) -> Question:
        question = Question(f"q{len(self.all) + 1}", event, step)
        self.all.append(question)
        return question

    def _waiting(self, delivery: int, step: str, waiter: str, wanted: type[Event], just: Question | None) -> bool:
        question = self._latest.pop(delivery, None) or just  # one shown again after a restart is nobody's
        known = self._waits.get((delivery, waiter))
        if question is None or question.wait is not None:
            if known is None and not issubclass(wanted, HumanResponseEvent):
                return False
            # A step that is tried again does not ask again.
            question = self._add(None if known is None else known.event, step)
        question.step, question.wait, question.kind = step, (delivery, waiter), wanted
        self._waits[delivery, waiter] = question
        return True

    def _resumed(self, delivery: int, waiter: str, event: Event | None, just: Question | None) -> bool:
        """Note the answer to a wait; one that was there before its wait began, too."""
        question = just or self._waits.get((delivery, waiter))
        if question is None or question.closed:
            return False
        if self._latest.get(delivery) is question:
            del self._latest[delivery]
        question.close(event)
        return True

    def _answered(self, event: Event, live: bool) -> None:
        """Note an answer from outside: to the question it was given to, else to the oldest that no step waits for."""
        asked = _under_way.get(id(event))
        ours = None if asked is None else next((one for one in self.all if one.is_same(asked)), None)
        if ours is not None:
            ours.sent = event
            if ours.wait is None:
                ours.close(event)
            return
        if self._went_to_a_wait(event, live):
            return
        asked = next((one for one in self.all if one.wait is None and not one.closed), None)
        if asked is not None:
            asked.close(event)

    def _went_to_a_wait(self, event: Event, live: bool) -> bool:
        if not live:
            return id(event) in self._resumers
        open_now = {(wait.work.id, wait.id) for wait in self._run.ledger.waits}
        return any(not one.closed and one.wait is not None and one.wait not in open_now for one in self.all)

    def _find_others(self) -> None:
        """Add what the records do not tell of, because they are gone, or because nobody keeps any."""
        ledger = self._run.ledger
        known = {id(one.event) for one in self.all}
        for event in ledger.questions:
            if id(event) not in known:
                self._add(event, "")
        for wait in ledger.waits:
            if wait.asks and (wait.work.id, wait.id) not in self._waits:
                self._waiting(wait.work.id, wait.work.lane.spec.name, wait.id, wait.event_type, self._add(None, ""))

    # -- what is asked and answered --------------------------------------------------------------------------------

    def open(self) -> tuple[Question, ...]:
        """Return the questions that wait for an answer, the oldest first."""
        return tuple(one for one in self.all if not one.closed and one.sent is None)

    def answered(self) -> tuple[Question, ...]:
        """Return the questions that got an answer, in the order in which they were asked."""
        return tuple(one for one in self.all if one.answer is not None)

    def kinds(self, question: Question) -> tuple[type[Event], ...]:
        """Return the classes that an answer to a question may be of: what its wait is for, else what the steps take."""
        if question.kind is not None:
            return (question.kind,)
        return answers_of(self._run.plan) or tuple(self._waited_for()) or (HumanResponseEvent,)

    def _waited_for(self) -> Iterator[type[Event]]:
        yield from dict.fromkeys(wait.event_type for wait in self._run.ledger.waits if wait.asks)

    def given(self, question: Question) -> Mapping[str, Any]:
        """Return the values that an answer to a question must have."""
        wait = self._wait_of(question)
        return {} if wait is None else dict(wait.requirements)

    def wanted(self, question: Question, kind: type[Event]) -> dict[str, bool]:
        """Return which undeclared fields an answer should have, and whether it needs them.

        What the steps that take it read of it, it needs. Nothing tells what the code behind a wait reads.
        """
        if kind.model_fields or kind.model_config.get("extra") != "allow":
            return {}
        if question.wait is not None:
            return {} if kind is not HumanResponseEvent else {_USUAL: False}
        takers = [spec for spec in self._run.plan.steps if spec.takes(kind)]
        return {name: True for spec in takers for name in names_read(spec, kind)}

    def before(self, question: Question) -> Question | None:
        """Return the question that must be answered first, because the run would take any answer for the answer to it.

        Two waits of the same kind get their answers in the order in which they began.
        """
        mine = self._wait_of(question)
        for wait in self._run.ledger.waits if mine is not None else ():
            if wait is mine:
                return None
            if mine is not None and _would_take(wait, mine):
                return self._waits.get((wait.work.id, wait.id))
        return None

    def _wait_of(self, question: Question) -> Wait | None:
        waits = self._run.ledger.waits
        return next((wait for wait in waits if (wait.work.id, wait.id) == question.wait), None)

    def answer(self, key: str, event: Event) -> None:
        """Send an answer into the run.

        Args:
            key: of the question.
            event: the answer.

        Raises:
            ValueError: the question is not open, or another one would get the answer.
            WorkflowRuntimeError: the run has ended.
        """
        question = next((one for one in self.open() if one.key == key), None)
        if question is None:
            raise ValueError(f"Question {key!r} is not open any more: it was answered, or nobody waits for the answer.")
        first = next((wait for wait in self._run.ledger.waits if wait.wants(event)), None)
        mine = self._wait_of(question)
        if mine is not None and first is not mine:
            raise ValueError("The run would take this for the answer to another question. Answer that one first.")
        question.sent = event
        _under_way[id(event)] = question
        try:
            self._handler.ctx.send_event(event)
        except BaseException:
            question.sent = None
            raise
        finally:
            del _under_way[id(event)]


# What is being sent just now, by the answer's identity: several panels may look at one run, and each must know which
# question an answer was given to.
_under_way: Final[dict[int, Question]] = {}


def answers_of(plan: Plan) -> tuple[type[Event], ...]:
    """Return the classes of answers that the steps of a workflow take."""
    taken = {name_of(kind): kind for spec in plan.steps for kind in spec.accepted}
    return tuple(kind for kind in taken.values() if issubclass(kind, HumanResponseEvent))


def _would_take(wait: Wait, other: Wait) -> bool:
    """Whether any answer that one wait is for would be taken by another."""
    if not fits(other.event_type, wait.event_type, wait.work.lane.spec.accept_event_subclasses):
        return False
    theirs, ours = wait.requirements, other.requirements
    return all(key in ours and not differs(ours[key], value) for key, value in theirs.items())


def names_read(spec: StepSpec, kind: type[Event]) -> list[str]:
    """Return which attributes of its event a step's code reads: the fields that an undeclared answer should have.

    Example:
        `async def greet(self, ev: Answer)` that says `ev.name` reads ["name"].
    """
    code = getattr(spec.func, "__code__", None)
    if code is None or not spec.event_param:
        return []
    found: dict[str, None] = {}
    before: Any = None
    for each in dis.get_instructions(code):
        loaded = before is not None and before.opname.startswith(_LOADS) and before.argval == spec.event_param
        if loaded and each.opname in ("LOAD_ATTR", "LOAD_METHOD") and _is_a_field(str(each.argval), kind):
            found[each.argval] = None
        before = each
    return list(found)


def _is_a_field(name: str, kind: type[Event]) -> bool:
    return name not in _NOT_FIELDS and not name.startswith("_") and not hasattr(kind, name)
