"""One debugged run as a panel follows it: its debugger, its counts, what of it is chosen, looked at and filled in."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, Union

from pydantic import create_model

from wfkit.display.figure import Figure
from wfkit.display.traces import since_step, trace_of
from wfkit.display.words import brief, name_of_type
from wfkit.events import CollectionReleaseEvent, Event
from wfkit.seam import with_another
from wfkit.widgets.ask import told_plainly
from wfkit.widgets.counts import Counts, standing, standing_at
from wfkit.widgets.family import Asked, Family
from wfkit.widgets.forms import Form
from wfkit.widgets.view import key_of, kind_of

MOST_SKIPS: Final = 6
MOST_FORMS: Final = 50
MOST_ANSWERS: Final = 4
MOST_QUESTIONS: Final = 4
MOST_FIELDS: Final = 8
LONGEST_NAME: Final = 200
_NAME: Final = 60
_TEXT: Final = 1_000  # characters of a field of a question

logger = logging.getLogger("wfkit")


class Watched:
    """A debugged run.

    Args:
        debugger: the brain.
        parent: the run that it was forked from.
        changed: called when there may be something new to show.

    Attributes:
        chosen: the key of the delivery that the next step lets go; "" for the first.
        sought: the text that a person looks for among what is ready.
        looking: the number of the stop that is looked at; None for now.
        composing: the element of the event type that a person fills in to send it; "" for none.
        questions: what the run and its children have asked.
        counts: what has happened at each place; None before there is a run.
        figure: the picture of its flow, once it was drawn.
        guarded: whether the panel sees to the cells that wait for it.
        leave: ends the calls of `changed`.
    """

    def __init__(self, debugger: Any, parent: Watched | None, changed: Callable[[], None]) -> None:
        self.debugger = debugger
        self.parent = parent
        self.chosen = self.sought = self.composing = ""
        self.looking: int | None = None
        self.questions: Family | None = None
        self.counts: Counts | None = None
        self.figure: Figure | None = None
        self.guarded = False
        self._changed = changed
        self._past: tuple[int, Counts] | None = None
        self._forms: dict[tuple[int, str], tuple[Any, Form[Any]]] = {}
        self.leave: Callable[[], None] = debugger.watch(changed)
        self.join()

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
        see = _careful(counts.see)
        for record in self.debugger.history:  # of a fork, with what happened before it
            see((type(record), *record))
        self.questions = Family(self.handler, self._changed)
        self.run.emit = with_another(self.run.emit, see)
        return True

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def rests(self) -> bool:
        """Whether the run stands at its latest stop."""
        return self.debugger.current is not None

    @property
    def failed(self) -> bool:
        """Whether the run has ended with an error of its own."""
        return self.debugger.status in ("failed", "timed out")

    @property
    def stop(self) -> Any:
        """What is shown: the stop that is looked at, else the one where the run rests, else what is so just now."""
        if self.looking is not None:
            found = next((stop for stop in self.debugger.stops if stop.number == self.looking), None)
            if found is not None:
                return found
            self.looking = None  # it was forgotten meanwhile
        return self.debugger.current or self.debugger.now

    def look(self, number: int | None) -> None:
        """Look at a stop, or at now.

        Raises:
            ValueError: it is not kept.
        """
        if number is not None and not any(
            type(number) is int and stop.number == number for stop in self.debugger.stops
        ):
            kept = [stop.number for stop in self.debugger.stops]
            those = f"Kept are {kept[0]} to {kept[-1]}." if kept else "None is kept."
            raise ValueError(f"There is no stop {brief(repr(number), _NAME)} to look at. {those}")
        current = self.debugger.current
        self.looking = None if current is not None and current.number == number else number
        self.chosen = self.composing = self.sought = ""

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
            past = Counts(self.run.plan)
            for record in self.debugger.led_to(stop.number):
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
        self,
        what: Any,
        given: Mapping[str, Any] | None = None,
        wanted: Mapping[str, bool] | None = None,
        question: str = "",
    ) -> Form[Any]:
        """Return the form of an event or of a class of events; the same one as long as it is the same thing.

        Args:
            what: the event, or the class.
            given: values that are fixed.
            wanted: undeclared fields that it asks for.
            question: the key of the question that has them.
        """
        key = (id(what), question)
        known = self._forms.get(key)
        if known is None or known[0] is not what:
            if len(self._forms) > MOST_FORMS:
                self._forms.clear()
            known = self._forms[key] = (what, Form(_alone(what), given, wanted))
        return known[1]

    def read(self, delivery: Any, values: Mapping[str, Any]) -> Any:
        """Return the event of a delivery with what a person has typed; of one held at its end what it has returned.

        Raises:
            FormError: that makes no such event.
        """
        what = self._what_is_changed(delivery)
        found = self.form(what).read(values)
        return what.model_copy(update={"events": found.events}) if isinstance(what, CollectionReleaseEvent) else found

    def _what_is_changed(self, delivery: Any) -> Any:
        """Return the event of a delivery that a person may change; a fork from an earlier stop runs its step again."""
        return delivery.event if delivery.result is None or self.looking is not None else delivery.result

    def asked(self) -> tuple[Asked, ...]:
        """Return the open questions."""
        return () if self.questions is None else self.questions.open()

    def answer_form(self, asked: Asked, kind: Any) -> Form[Any]:
        """Return the form of an answer of this class to a question."""
        given, wanted = asked.among.given(asked.question), asked.among.wanted(asked.question, kind)
        return self.form(kind, given, wanted, asked.key)

    def held_view(self) -> dict[str, Any] | None:
        """Return the form of the delivery that is chosen, with the forms of what its step may be taken to return."""
        held = self.held
        if held is None:
            return None
        event = self._what_is_changed(held)
        kind = "failed" if held.error is not None else "event" if event is held.event else "result"
        shown = form_view(self.form(event), f"{key_of(held)}:{id(event):x}:{held.attempt}:{kind}")
        made = self._made_by(held.step)
        skips = [] if kind == "result" else [form_view(self.form(one), brief(one.__name__, _NAME)) for one in made]
        return {
            **shown,
            "name": kind_of(event),
            "held": key_of(held),
            "kind": kind,
            "trace": "" if held.error is None else trace_of(held.error, since_step(held.error, held.step)),
            "step": brief(held.step, _NAME),
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
            if brief(kind.__name__, _NAME) == name:
                return kind
        raise ValueError(f"{brief(step, _NAME)} does not return {brief(name, _NAME)!r}.")

    def sendable(self) -> list[Any]:
        """Return the classes of events that some step takes, so that one can be sent from outside."""
        if self.counts is None:
            return []
        return [kind for kind in self.counts.places if isinstance(kind, type) and self.run.plan.route(kind).steps]

    def composed(self) -> Any:
        """Return the class of the event that a person fills in; None if there is none."""
        return next((kind for kind in self.sendable() if self.place_of(kind) == self.composing), None)

    def place_of(self, what: object) -> str:
        """Return the element of a step or of a class of events; "" if it is not drawn."""
        return "" if self.counts is None else self.counts.places.get(what, "")

    def questions_view(self) -> list[dict[str, Any]]:
        """Return the open questions with the forms that answer them."""
        return [self._question_view(asked) for asked in self.asked()[:MOST_QUESTIONS]]

    def _question_view(self, asked: Asked) -> dict[str, Any]:
        question = asked.question
        kinds = asked.among.kinds(question)[:MOST_ANSWERS]
        event, step = question.event, brief(question.step or "", _NAME)
        return {
            "key": asked.key,
            "event": "" if event is None else name_of_type(event, _NAME),
            "step": f"{brief(asked.child, _NAME)}.{step}" if asked.child else step,
            "fields": [] if event is None else told_plainly(event, _TEXT)[:MOST_FIELDS],
            "answers": [
                form_view(self.answer_form(asked, kind), f"{asked.key}:{brief(kind.__name__, _NAME)}") for kind in kinds
            ],
        }


def _careful(see: Callable[[tuple[Any, ...]], None]) -> Callable[[tuple[Any, ...]], None]:
    """Return what takes records as they leave the engine, and lets no mistake of a panel become one of the run."""
    failed = False

    def take(fields: tuple[Any, ...]) -> None:
        nonlocal failed
        try:
            see(fields)
        except Exception:
            if not failed:
                failed = True
                logger.warning("A debugger's panel could not count a record; the run goes on.", exc_info=True)

    return take


def _alone(what: Any) -> Any:
    """Return what a form is for: of what a step gathers the events alone, each of a class that is among them."""
    if not isinstance(what, CollectionReleaseEvent):
        return what
    kinds = tuple(dict.fromkeys(type(event) for event in what.events)) or (Event,)
    model = create_model("Gathered", events=(list[Union[kinds]], ...))  # type: ignore[valid-type]  # noqa: UP007
    return model.model_construct(events=what.events)


def form_view(form: Form[Any], key: str) -> dict[str, Any]:
    """Return a form for the page, without fields whose names are no names that anybody would read."""
    fields = [spec for spec in form.specs() if len(spec["name"]) <= LONGEST_NAME]
    return {"key": key, "name": brief(form.name, _NAME), "fields": fields, "open": form.open}
