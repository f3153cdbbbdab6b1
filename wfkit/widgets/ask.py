"""`wfkit.ask(handler)`: the questions of a run as forms that answer them, and how the run goes on.

Each question is a card with a form for the class of answer that the run waits for. Those that were answered stay below,
folded; when the run has ended the panel becomes the picture of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from wfkit.display.bundles import handler_bundle
from wfkit.display.live import Watch
from wfkit.display.status import ASKING, status_html
from wfkit.display.words import brief, clean, cut, field_name, fields_of, name_of_type, shown, values_of
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import Event, StopEvent
from wfkit.masking import MASK, is_secret_name
from wfkit.records import Record
from wfkit.seam import with_another
from wfkit.widgets.base import Panel, panel_script, panel_style
from wfkit.widgets.forms import Form, FormError
from wfkit.widgets.guard import guard
from wfkit.widgets.questions import Question, Questions

MOST_OPEN: Final = 20
MOST_ANSWERED: Final = 50
_TEXT: Final = 4_000  # characters of a field of a question
_SHORT: Final = 200
_ENDS: Final = {"failed": "failed", "timed out": "took longer than its time", "cancelled": "was cancelled"}
_ADVICE: Final = (
    "answer in the panel, then await the handler in another cell, or answer from Python: await handler.send_event(...)."
)


class Ask(Panel):
    """The questions of a run, to be answered.

    Args:
        handler: what `run()` returned.

    Raises:
        WorkflowRuntimeError: it is no handler, or its run has ended.
    """

    _esm = panel_script("signs", "form", "ask")
    _css = panel_style("form", "ask")

    keeps_still = True

    def __init__(self, handler: Any) -> None:
        run = getattr(handler, "__wfkit_run__", lambda: None)()
        if run is None:
            raise WorkflowRuntimeError(f"ask() takes a handler, got {handler!r}. Pass what workflow.run() returned.")
        super().__init__(run.loop)
        self._handler = handler
        self._run = run
        self._watch = Watch(run.plan, begun=run.begun)
        self._forms: dict[tuple[str, str], Form[Event]] = {}  # by question and class of the answer
        self._wrong: dict[str, dict[str, str]] = {}  # by question
        self._tries = 0
        self._ended = run.ended
        self._count()
        self._questions = Questions(handler, self.refresh)
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
        self.freeze(lambda: handler_bundle(self._handler))

    def _held(self) -> str:
        """Return by what the run is held, "" while it goes on or nobody could have clicked."""
        asks = self._shown_as and self._run.ledger.idle and self._questions.open()
        return "by a question" if asks else ""

    # -- what is shown ---------------------------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return the questions, open ones with their forms, and how the run stands."""
        asked = self._questions.open()
        return {
            "name": brief(self._run.plan.name, 120),
            "status": self._status(),
            "open": [self._card(question) for question in asked[:MOST_OPEN]],
            "more": max(0, len(asked) - MOST_OPEN),
            "answered": [_answered(question) for question in self._questions.answered()[-MOST_ANSWERED:]],
            "tries": self._tries,
        }

    def _status(self) -> dict[str, Any]:
        status = self._watch.status(self._run, self._handler)
        rows = [
            {"name": brief(row.name, 60), "state": row.state or "", "counts": _counts(row.counts)}
            for row in status.rows
        ]
        return {
            "state": status.state,
            "events": status.events,
            "rows": rows,
            "waiting_for": "" if self._questions.open() else brief(status.waiting_for, 600),
            "result": self._result(),
        }

    def _result(self) -> str:
        verdict = self._run.verdict
        if verdict.outcome is None:
            return ""
        if verdict.error is not None:
            return brief(f"The run {_ENDS.get(verdict.outcome, 'has ended')}: {name_of_type(verdict.error)}", _SHORT)
        event = verdict.event
        told = dict(fields_of(event, _SHORT)) if isinstance(event, StopEvent) else {}
        return f"result: {told['result']}" if set(told) == {"result"} else _told(event, told)

    def _card(self, question: Question) -> dict[str, Any]:
        before = self._questions.before(question)
        kinds = self._questions.kinds(question)
        return {
            "key": question.key,
            "name": "" if question.event is None else name_of_type(question.event),
            "step": brief(question.step, 60),
            "fields": [] if question.event is None else told_plainly(question.event, _TEXT),
            "forms": [self._form(question, kind) for kind in kinds],
            "after": "" if before is None else before.key,
            "errors": self._wrong.get(question.key, {}),
        }

    def _form(self, question: Question, kind: type[Event]) -> dict[str, Any]:
        key = question.key, kind.__name__
        if key not in self._forms:
            questions = self._questions
            self._forms[key] = Form(kind, questions.given(question), questions.wanted(question, kind))
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
        question = next((one for one in self._questions.open() if one.key == key), None)
        if question is None:
            raise ValueError("This question is not open any more.")
        classes = self._questions.kinds(question)
        wanted = next((one for one in classes if one.__name__ == kind), None) or classes[0]
        self._form(question, wanted)
        self._wrong.pop(key, None)
        try:
            event = self._forms[key, wanted.__name__].read(values or {})
            self._questions.answer(key, event)
        except FormError as error:
            self._wrong[key] = error.errors

    # -- where there is no kernel ----------------------------------------------------------------------------------

    def _bundle(self) -> dict[str, Any]:
        return handler_bundle(self._handler) if self._run.ended else super()._bundle()

    def still_key(self) -> object:
        return self.line()

    def note(self) -> str:
        return self.line()

    def line(self) -> str:
        asked, told = len(self._questions.open()), len(self._questions.answered())
        return f"Questions of {brief(self._run.plan.name, 120)}: {self._handler.status}, {asked} open, {told} answered"

    def still(self) -> str:
        hint = "Its questions can be answered here while the kernel runs."
        return f"{status_html(self._watch.status(self._run, self._handler))}<p>{escape(hint)}</p>"


def _counts(counts: Mapping[Any, int]) -> list[tuple[str, int]]:
    return [(state, counts[state]) for state in (*ASKING, "retried") if counts.get(state)]


def _told(event: Event, fields: Mapping[str, str]) -> str:
    inside = ", ".join(f"{name}={value}" for name, value in fields.items())
    return brief(f"{name_of_type(event)}({inside})", 4 * _SHORT)


def told_plainly(event: Event, limit: int) -> list[tuple[str, str]]:
    """Return an event's fields as a person reads them: text without quotation marks and with its lines, secrets masked.

    Args:
        event: the event.
        limit: greatest number of characters of a value.
    """
    return [
        (field_name(name), MASK if is_secret_name(name) else _plainly(value, limit))
        for name, value in values_of(event).items()
    ]


def _plainly(value: Any, limit: int) -> str:
    if type(value) is not str:
        return shown(value, limit)
    return "\n".join(clean(line) for line in cut(value, limit).split("\n"))


def _answered(question: Question) -> dict[str, Any]:
    assert question.answer is not None
    asked = question.event
    return {
        "key": question.key,
        "name": name_of_type(question.answer) if asked is None else name_of_type(asked),
        "asked": [] if asked is None else told_plainly(asked, _SHORT),
        "answer": told_plainly(question.answer, _SHORT),
        "kind": name_of_type(question.answer),
    }


def ask(handler: Any) -> Ask:
    """Show the questions of a run as forms that answer them, in a notebook.

    Run it in a cell that does not await the handler; await it in a later one. It may be shown at any time while the
    run goes on, also for a run that was restored from a snapshot.

    Args:
        handler: what `run()` returned.

    Returns:
        A widget.

    Raises:
        WorkflowRuntimeError: it is no handler.

    Example:
        handler = workflow.run()
        wfkit.ask(handler)
    """
    return Ask(handler)
