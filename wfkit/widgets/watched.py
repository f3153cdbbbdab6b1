"""One debugged run as a panel follows it: its debugger, its counts, what of it is chosen and looked at."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from wfkit.display.figure import Figure
from wfkit.display.words import brief
from wfkit.seam import with_another
from wfkit.widgets.counts import Counts, standing, standing_at
from wfkit.widgets.forms import Form
from wfkit.widgets.questions import Questions
from wfkit.widgets.view import ENDED, key_of

MOST_SKIPS = 6
MOST_FORMS = 50
MOST_ANSWERS = 4
BEAT = 0.1  # seconds


class Watched:
    """A debugged run.

    Args:
        debugger: the brain.
        parent: the run that it was forked from.
        changed: called when there may be something new to show.
        loop: the event loop of the run.

    Attributes:
        chosen: the key of the delivery that the next step lets go; "" for the first.
        looking: the number of the stop that is looked at; None for now.
        questions: what the run has asked.
        counts: what has happened at each place; None before there is a run.
        figure: the picture of its flow, once it was drawn.
    """

    def __init__(
        self, debugger: Any, parent: Watched | None, changed: Callable[[], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.debugger = debugger
        self.parent = parent
        self.chosen = ""
        self.looking: int | None = None
        self.questions: Questions | None = None
        self.counts: Counts | None = None
        self.figure: Figure | None = None
        self._changed = changed
        self._loop = loop
        self._seen: object = None
        self._past: tuple[int, Counts] | None = None
        self._forms: dict[tuple[int, str, str], tuple[Any, Form[Any]]] = {}
        self._beat()
        self.join()

    def _beat(self) -> None:
        """Look a few times a second whether it rests: no record tells of that."""
        debugger = self.debugger
        now = (debugger.status, self.counts and self.rests, self.counts and debugger.stop, debugger.breakpoints)
        if now != self._seen:
            self._seen = now
            self._changed()
        if debugger.status not in ENDED:
            self._loop.call_later(BEAT, self._beat)

    @property
    def handler(self) -> Any:
        """The run's handler; None before there is a run."""
        return None if self.debugger.status == "not started" else self.debugger.handler

    @property
    def run(self) -> Any:
        """The run; None before there is one."""
        return None if self.handler is None else self.handler.__wfkit_run__()

    def join(self) -> bool:
        """Count along from now on, if there is a run; what its records tell of before is counted too."""
        if self.counts is not None or self.run is None:
            return self.counts is not None
        counts = self.counts = Counts(self.run.plan)
        for record in self.debugger.history:  # of a fork, with what happened before it
            counts.see((type(record), *record))
        self.questions = Questions(self.handler)

        def see(fields: tuple[Any, ...]) -> None:
            counts.see(fields)
            self._changed()

        self.run.emit = with_another(self.run.emit, see)
        return True

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def rests(self) -> bool:
        """Whether the run stands at its latest stop."""
        return self.debugger._current is not None

    @property
    def stop(self) -> Any:
        """What is shown: the stop that is looked at, else the one where the run rests, else what is so just now."""
        if self.looking is not None:
            return next((stop for stop in self.debugger.stops if stop.number == self.looking), self.debugger.stop)
        return self.debugger.stop if self.rests else self.debugger.now

    @property
    def held(self) -> Any:
        """The delivery that is chosen, else the first that is held; None if none is."""
        ready = self.stop.ready
        return next((delivery for delivery in ready if key_of(delivery) == self.chosen), ready[0] if ready else None)

    def find(self, key: str) -> Any:
        """Return the delivery that a page means.

        Raises:
            ValueError: it is not held any more.
        """
        found = [delivery for delivery in self.stop.ready if not key or key_of(delivery) == key]
        if not found:
            raise ValueError("That delivery is not held any more: the run has gone on meanwhile.")
        return found[0]

    def counted(self) -> Counts:
        """Return the counts that are shown: of an earlier stop those from before it."""
        assert self.counts is not None
        if self.looking is None:
            return self.counts
        stop = self.stop
        if self._past is None or self._past[0] != stop.number:
            history, own = self.debugger.history, len(self.debugger.records)
            past = Counts(self.run.plan)
            for record in history[: len(history) - own + stop.record]:
                past.see((type(record), *record))
            self._past = (stop.number, past)
        return self._past[1]

    def live(self) -> dict[str, Counter[str]]:
        """Return how deliveries stand at each step."""
        stop = self.stop
        return standing(self.run.ledger, stop.ready) if self.looking is None else standing_at(stop)

    def where(self) -> str:
        """Return in words where it is held, "" if it is not."""
        stop = self.debugger.stop
        if self.debugger.status != "held" or stop is None or not self.rests:
            return ""
        return f"before {brief(stop.ready[0].step, 60)}" if stop.ready else "with nothing ready"

    # -- forms -----------------------------------------------------------------------------------------------------

    def form(
        self, what: Any, given: Mapping[str, Any] | None = None, wanted: Mapping[str, bool] | None = None
    ) -> Form[Any]:
        """Return the form of an event or of a class of events; the same one as long as it is the same thing.

        Args:
            what: the event, or the class.
            given: values that are fixed.
            wanted: undeclared fields that it asks for.
        """
        key = (id(what), repr(given), repr(wanted))
        known = self._forms.get(key)
        if known is None or known[0] is not what:
            if len(self._forms) > MOST_FORMS:
                self._forms.clear()
            known = self._forms[key] = (what, Form(what, given, wanted))
        return known[1]

    def answer_form(self, question: Any, kind: Any) -> Form[Any]:
        """Return the form of an answer of this class to a question."""
        assert self.questions is not None
        return self.form(kind, self.questions.given(question), self.questions.wanted(question, kind))

    def held_view(self) -> dict[str, Any] | None:
        """Return the form of the delivery that is chosen, with the forms of what its step may be taken to return."""
        held = self.held
        if held is None:
            return None
        kind = "failed" if held.error is not None else "result" if held.result is not None else "event"
        event = held.result if held.result is not None else held.event
        shown = form_view(self.form(event), f"{key_of(held)}:{id(event):x}:{held.attempt}:{kind}")
        made = self._made_by(held.step)
        skips = [] if kind == "result" else [form_view(self.form(one), brief(one.__name__, 60)) for one in made]
        return {
            **shown,
            "held": key_of(held),
            "kind": kind,
            "step": brief(held.step, 60),
            "skips": skips,
            "node": self.counts.places.get(held.step) if self.counts else None,
        }

    def _made_by(self, step: str) -> tuple[Any, ...]:
        return next((spec.produced for spec in self.run.plan.steps if spec.name == step), ())[:MOST_SKIPS]

    def result_class(self, key: str, name: str) -> Any:
        """Return the event class of this name that a held step may return.

        Raises:
            ValueError: there is none.
        """
        step = self.find(key).step
        for kind in self._made_by(step):
            if brief(kind.__name__, 60) == name:
                return kind
        raise ValueError(f"{brief(step, 60)} does not return {brief(name, 60)!r}.")

    def questions_view(self) -> list[dict[str, Any]]:
        """Return the open questions with the forms that answer them."""
        found: list[dict[str, Any]] = []
        if self.questions is None:
            return found
        for question in self.questions.open()[:4]:
            kinds = self.questions.kinds(question)[:MOST_ANSWERS]
            answers = [form_view(self.answer_form(question, kind), f"{question.key}:{kind.__name__}") for kind in kinds]
            event = question.event
            found.append(
                {
                    "key": question.key,
                    "event": "" if event is None else brief(type(event).__name__, 60),
                    "step": brief(question.step or "", 60),
                    "fields": [] if event is None else shown_fields(event),
                    "answers": answers,
                }
            )
        return found


def form_view(form: Form[Any], key: str) -> dict[str, Any]:
    """Return a form for the page."""
    return {"key": key, "name": brief(form.name, 60), "fields": form.specs(), "open": form.open}


def shown_fields(event: Any) -> list[list[str]]:
    """Return what is shown of a question: its fields, a text as it is."""
    from wfkit.display.words import clean, cut, fields_of, values_of
    from wfkit.masking import is_secret_name

    raw = values_of(event)
    return [
        [name, cut(clean(raw[name]), 1_000) if type(raw.get(name)) is str and not is_secret_name(name) else value]
        for name, value in fields_of(event, 400, 8)
    ]
