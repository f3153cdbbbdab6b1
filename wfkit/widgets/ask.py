"""`wfkit.ask(handler)`: the questions of a run as forms that answer them, and how the run goes on.

Each question is a card with a form for the class of answer that the run waits for. Those that were answered stay below,
folded; when the run has ended the panel becomes the picture of the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import escape
from typing import Any, Final

from wfkit.display.bundles import handler_bundle
from wfkit.display.live import Watch
from wfkit.display.status import ASKING, status_html
from wfkit.display.words import brief, clean, count, cut, field_name, fields_of, name_of_type, shown, values_of
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import Event, StopEvent
from wfkit.masking import MASK, is_secret_name
from wfkit.records import Record
from wfkit.seam import with_another
from wfkit.values import said
from wfkit.widgets.base import Panel, panel_script, panel_style
from wfkit.widgets.family import MOST_ANSWERED, Asked, Family, handler_of
from wfkit.widgets.forms import Form, FormError
from wfkit.widgets.guard import guard

MOST_OPEN: Final = 20
_TEXT: Final = 4_000  # characters of a field of a question
_SHORT: Final = 200
_ROOM: Final = 40_000  # characters of a question in all
_MOST_TEXT: Final = 300_000  # characters of all cards together
_MOST_FIELDS: Final = 40
_MOST_LINES: Final = 20
_ENDS: Final = {"failed": "failed", "timed out": "took longer than its time", "cancelled": "was cancelled"}
_ADVICE: Final = (
    "answer in the panel, then await the handler in another cell, or answer from Python: await handler.send_event(...)."
)


class Ask(Panel):
    """The questions of a run, to be answered.

    Args:
        handler: what `run()` returned.

    Raises:
        WorkflowRuntimeError: it is no handler.
    """

    _esm = panel_script("signs", "form", "ask")
    _css = panel_style("form", "ask")

    keeps_still = True

    def __init__(self, handler: Any) -> None:
        handler = handler_of(handler)
        run = getattr(handler, "__wfkit_run__", lambda: None)()
        if run is None or not hasattr(handler, "send_event"):
            got = shown(handler, 80)
            raise WorkflowRuntimeError(f"ask() takes a handler, got {got}. Pass what workflow.run() returned.")
        super().__init__(run.loop)
        self._handler = handler
        self._run = run
        self._watch = Watch(run.plan, begun=run.begun)
        self._forms: dict[tuple[str, str], Form[Event]] = {}  # by question and class of the answer
        self._wrong: dict[str, dict[str, str]] = {}  # by question
        self._tries = 0
        self._ended = run.ended
        self.keeps_still = not run.ended  # one that has ended is a picture itself
        self._count()
        self._given: set[str] = set()  # keys of questions that were answered here
        self._family = Family(handler, self.refresh)
        if not run.ended:
            guard(run, self, self._held, _ADVICE)
        self.show_now()

    def _count(self) -> None:
        """Count what the run has done and does, for the line that says how it stands."""
        see = self._watch.counter(self._moved, lambda: None)
        past: tuple[Record, ...] = self._handler.__wfkit_records__() or ()
        self._watch.began = past[0].time if past else None
        for record in past:
            see((type(record), *record))
        if not self._run.ended:
            self._run.emit = with_another(self._run.emit, see)
        self._watch.alert = True

    def _moved(self, ended: bool) -> None:
        if not ended or self._ended:
            self.refresh()
            return
        self._ended = True
        self.freeze(self._last_bundle)

    def _held(self) -> str:
        """Return by what the run is held, "" while it goes on or nobody could have clicked."""
        asks = self._shown_as and self._family.rests() and self._family.open()
        return "by a question" if asks else ""

    # -- what is shown ---------------------------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return the questions, open ones with their forms, and how the run stands."""
        asked = self._family.open()
        cards = list(self._cards(asked[:MOST_OPEN]))
        return {
            "name": brief(self._run.plan.name, 120),
            "status": self._status(bool(asked)),
            "open": cards,
            "more": len(asked) - len(cards),
            "elsewhere": [brief(name, 120) for name in self._family.elsewhere()[:MOST_OPEN]],
            "answered": [_answered(one) for one in self._family.answered()[-MOST_ANSWERED:]],
            "tries": self._tries,
        }

    def _status(self, asks: bool) -> dict[str, Any]:
        status = self._watch.status(self._run, self._handler)
        rows = [
            {"name": brief(row.name, 60), "state": row.state or "", "counts": _counts(row.counts)}
            for row in status.rows
        ]
        return {
            "state": "waiting" if asks else status.state,  # for somebody, whatever else goes on
            "events": status.events,
            "rows": rows,
            "waiting_for": "" if asks else brief(status.waiting_for, 600),
            "result": self._result(),
        }

    def _result(self) -> str:
        verdict = self._run.verdict
        if verdict.outcome is None:
            return ""
        if verdict.error is not None:
            why = f"{name_of_type(verdict.error)}: {said(verdict.error)}".removesuffix(": ")
            return brief(f"The run {_ENDS.get(verdict.outcome, 'has ended')}. {why}", 4 * _SHORT)
        event = verdict.event
        told = dict(fields_of(event, _SHORT)) if isinstance(event, StopEvent) else {}
        return f"result: {told['result']}" if set(told) == {"result"} else _told(event, told)

    def _cards(self, asked: tuple[Asked, ...]) -> Iterator[dict[str, Any]]:
        """Yield cards, at least one, until there is as much text on them as a page should get at a time."""
        room = _MOST_TEXT
        for one in asked:
            card = self._card(one)
            room -= len(json.dumps(card))
            if room < 0 and one is not asked[0]:
                return
            yield card

    def _card(self, asked: Asked) -> dict[str, Any]:
        question = asked.question
        before = asked.among.before(question)
        return {
            "key": asked.key,
            "name": "" if question.event is None else name_of_type(question.event),
            "step": brief(question.step, 60),
            "child": brief(asked.child, 120),
            "fields": [] if question.event is None else told_plainly(question.event, _TEXT),
            "forms": [self._form(asked, kind) for kind in asked.among.kinds(question)],
            "after": "" if before is None else before.key,
            "errors": self._wrong.get(asked.key, {}),
        }

    def _form(self, asked: Asked, kind: type[Event]) -> dict[str, Any]:
        key = asked.key, kind.__name__
        if key not in self._forms:
            given, wanted = asked.among.given(asked.question), asked.among.wanted(asked.question, kind)
            self._forms[key] = Form(kind, given, wanted)
        form = self._forms[key]
        return {"name": form.name, "fields": form.specs(), "open": form.open}

    # -- what is done ----------------------------------------------------------------------------------------------

    def do_answer(self, key: str, kind: str = "", values: Mapping[str, Any] | None = None) -> None:
        """Answer a question with what was typed.

        Args:
            key: of the question.
            kind: the class of the answer, where there are several.
            values: what was typed, as `Form.read` takes it.

        Raises:
            ValueError: the question is not open, or has no answer of that class.
        """
        self._tries += 1
        asked = next((one for one in self._family.open() if one.key == key), None)
        if asked is None and key in self._given:
            return  # clicked twice
        if asked is None:
            raise ValueError("This question is not open any more.")
        classes = asked.among.kinds(asked.question)
        wanted = next((one for one in classes if one.__name__ == kind), None) or classes[0]
        self._form(asked, wanted)
        self._wrong.pop(key, None)
        try:
            event = self._forms[key, wanted.__name__].read(values or {})
            asked.among.answer(asked.question.key, event)
            self._given.add(key)
        except FormError as error:
            self._wrong[key] = error.errors

    # -- where there is no kernel ----------------------------------------------------------------------------------

    def _bundle(self) -> dict[str, Any]:
        return self._last_bundle() if self._run.ended else super()._bundle()

    def _last_bundle(self) -> dict[str, Any]:
        """Return the picture of the run, and above it what was asked and answered."""
        bundle = handler_bundle(self._handler)
        told = "".join(f"<div>{escape(_in_a_line(one))}</div>" for one in self._family.answered()[-MOST_ANSWERED:])
        return {**bundle, "text/html": f"<small>{told}</small>{bundle['text/html']}"} if told else bundle

    def still_key(self) -> object:
        return self.line()

    def note(self) -> str:
        return self.line()

    def line(self) -> str:
        asked, told = len(self._family.open()), len(self._family.answered())
        return f"Questions of {brief(self._run.plan.name, 120)}: {self._handler.status}, {asked} open, {told} answered"

    def still(self) -> str:
        # Without the time that has passed: notebooks under test compare what is saved.
        told = status_html(replace(self._watch.status(self._run, self._handler), elapsed=""))
        if self._run.ended:
            return told
        lines = [_line_of(one) for one in self._family.open()[:MOST_OPEN] if one.child]
        lines.append("Its questions can be answered here while the kernel runs.")
        return told + "".join(f"<p>{escape(line)}</p>" for line in lines)


def _counts(counts: Mapping[Any, int]) -> list[tuple[str, int]]:
    return [(state, counts[state]) for state in (*ASKING, "retried") if counts.get(state)]


def _told(event: Event, fields: Mapping[str, str]) -> str:
    inside = ", ".join(f"{name}={value}" for name, value in fields.items())
    return brief(f"{name_of_type(event)}({inside})", 4 * _SHORT)


def told_plainly(event: Event, limit: int) -> list[tuple[str, str]]:
    """Return an event's fields as a person reads them: text without quotation marks and with its lines, secrets masked.

    What is empty is left out. Of very many fields, or very long ones, only as much is told as somebody would read.

    Args:
        event: the event.
        limit: greatest number of characters of a value.
    """
    told: list[tuple[str, str]] = []
    room = _ROOM
    values = {name: value for name, value in values_of(event).items() if not _is_empty(value)}
    for name, value in values.items():
        if room < 0 or len(told) == _MOST_FIELDS:
            told.append(("…", f"and {count(len(values) - len(told), 'more field')}"))
            break
        told.append((field_name(name), MASK if is_secret_name(name) else _plainly(value, limit)))
        room -= len(told[-1][1])
    return told


def _is_empty(value: Any) -> bool:
    return value is None or (type(value) in (str, list, tuple, dict, set) and not value)


def _plainly(value: Any, limit: int) -> str:
    if type(value) in (list, tuple) and all(type(item) is str for item in value[:_MOST_LINES]):
        lines = [f"\u2022 {_plainly(item, limit // 4)}" for item in value[:_MOST_LINES]]
        more = [f"and {len(value) - _MOST_LINES:,} more"] if len(value) > _MOST_LINES else []
        return "\n".join([*lines, *more])[:limit]
    if type(value) is not str:
        return shown(value, limit)
    return "\n".join(clean(line) for line in cut(value, limit).split("\n"))


def _line_of(one: Asked) -> str:
    """Return one line for the question of a child run, which the picture of its parent does not tell."""
    fields = [] if one.question.event is None else told_plainly(one.question.event, _SHORT)
    name = "an answer" if one.question.event is None else name_of_type(one.question.event)
    told = ", ".join(value for _, value in fields)
    return brief(f"The child run {one.child} waits: {name}{': ' * bool(told)}{told}", 4 * _SHORT)


def _in_a_line(one: Asked) -> str:
    """Return a question and its answer in one line."""
    told = _answered(one)
    asked, given = _named(told["asked"]) or told["name"], _named(told["answer"]) or told["kind"]
    return f"{brief(asked, 2 * _SHORT)} \u2192 {brief(given, 2 * _SHORT)}"


def _named(fields: list[tuple[str, str]]) -> str:
    return fields[0][1] if len(fields) == 1 else ", ".join(f"{name}: {value}" for name, value in fields)


def _answered(one: Asked) -> dict[str, Any]:
    asked, answer = one.question.event, one.question.answer
    assert answer is not None
    return {
        "key": one.key,
        "name": name_of_type(answer) if asked is None else name_of_type(asked),
        "asked": [] if asked is None else told_plainly(asked, _SHORT),
        "answer": told_plainly(answer, _SHORT),
        "kind": name_of_type(answer),
    }


def ask(handler: Any) -> Ask:
    """Show the questions of a run as forms that answer them, in a notebook.

    Run it in a cell that does not await the handler; await it in a later one. It may be shown at any time while the
    run goes on, also for a run that was restored from a snapshot.

    Args:
        handler: what `run()` returned; also a debugger or a panel, for its run.

    Returns:
        A widget.

    Raises:
        WorkflowRuntimeError: it is no handler.

    Example:
        handler = workflow.run()
        wfkit.ask(handler)
    """
    return Ask(handler)
