"""What a click on the debugger's panel does. Everything comes from a page, so everything is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, Final

from wfkit.display.words import brief
from wfkit.widgets.conditions import checked
from wfkit.widgets.forms import Form, FormError
from wfkit.widgets.tree import read_edit
from wfkit.widgets.watched import Watched

MOST_PROBLEMS: Final = 100
_NAME: Final = 60
_NAMES: Final = 200  # characters of a field's name
_COMPARED: Final = 40  # lines of a comparison


class Clicks:
    """The commands of a page: a message `{do: "step", held: "7f"}` calls `do_step(held="7f")`.

    Attributes:
        problems: what is wrong with the fields of the form that was sent last, by their names.
        comparison: lines that say where two runs part; None while nobody asks.
        tries: how often a form was sent that had mistakes.
        paths: those of the store that the page shows.
        editable: those that it may change: what is plain data and no secret.
    """

    def __init__(self, *arguments: Any) -> None:
        self.problems: dict[str, str] = {}
        self.comparison: list[str] | None = None
        self.tries = 0
        self.paths: set[str] = set()
        self.editable: set[str] = set()
        self.family: list[Watched] = []
        self.current: Watched
        super().__init__(*arguments)

    def show(self, watched: Watched) -> None:
        """Show another run of the family."""
        raise NotImplementedError

    @property
    def _brain(self) -> Any:
        return self.current.debugger

    def _led(self) -> Any:
        """Return the debugger, to lead the run on; an event that was filled in meanwhile is put away."""
        self.current.composing = ""
        return self.current.debugger

    def carefully(self, obey: Callable[[], Awaitable[Any] | None]) -> Awaitable[Any] | None:
        """Do what was asked for; the mistakes in a form are told at its fields."""
        self.problems = {}
        try:
            return obey()
        except FormError as error:
            self.tries += 1
            self.problems = {
                brief(name, _NAMES): brief(told, 300) for name, told in islice(error.errors.items(), MOST_PROBLEMS)
            }
            raise

    # -- leading on --------------------------------------------------------------------------------------------

    def do_step(self, held: str = "", values: dict[str, Any] | None = None) -> None:
        delivery = self.current.find(held)
        if not values:
            self._led().step(delivery.id)
        elif delivery.error is not None:
            self._led().retry(delivery.id, self.current.read(delivery, values))
        else:
            self._led().step(delivery.id, event=self.current.read(delivery, values))
        self.current.chosen = ""

    def do_until(self, node: str = "") -> None:
        """Go on until a step gets something or an event arrives; without either until the next failure."""
        what = self._what(node) if node else None
        if isinstance(what, type):
            self._led().step_until(event=what)
        else:
            self._led().step_until(step=what)

    def do_continue(self) -> None:
        self._led().continue_()

    def do_pause(self) -> None:
        self._brain.pause()

    def do_cancel(self) -> Any:
        return self._brain.cancel()

    # -- changing ----------------------------------------------------------------------------------------------

    def do_choose(self, held: str) -> None:
        self.current.chosen = self.current.find(held) and held

    def do_seek(self, text: str) -> None:
        """Show only what is ready and has this text in it."""
        self.current.sought = brief(text, 200)

    def do_drop(self, held: str = "") -> None:
        self._led().drop(self.current.find(held).id)

    def do_skip(self, name: str, held: str = "", values: dict[str, Any] | None = None) -> None:
        result = None
        if name:
            result = self.current.form(self.current.result_class(held, name)).read(values or {})
        self._led().skip(self.current.find(held).id, result)

    def do_retry(self, held: str = "", values: dict[str, Any] | None = None) -> None:
        delivery = self.current.find(held)
        self._led().retry(delivery.id, self.current.read(delivery, values) if values else None)

    def do_compose(self, node: str = "") -> None:
        """Open the form of an event to send into the run, or close it."""
        if node and not any(self.current.place_of(kind) == node for kind in self.current.sendable()):
            raise ValueError("No step takes an event of that type.")
        self.current.composing = node

    def do_send(self, values: dict[str, Any] | None = None) -> None:
        """Send the event that was filled in into the run."""
        kind = self.current.composed()
        if kind is None:
            raise ValueError("Choose which event is to be sent.")
        form: Form[Any] = self.current.form(kind)
        self._brain.send(form.read(values or {}))
        self.current.composing = ""

    def do_answer(self, question: str, name: str, values: dict[str, Any] | None = None) -> Any:
        for asked in self.current.asked():
            for kind in asked.among.kinds(asked.question) if asked.key == question else ():
                if brief(kind.__name__, _NAME) == name:
                    event = self.current.answer_form(asked, kind).read(values or {})
                    return asked.among.answer(asked.question.key, event)
        raise ValueError("That question is not open any more.")

    def do_set_state(self, path: str, text: str, plain: bool = False) -> Any:
        if path not in self.editable:  # a secret is not shown, and nobody shall overwrite it blindly
            raise ValueError(f"The state has nothing at {brief(path, _NAME)!r} that can be edited here.")
        return self._brain.set_state(path, read_edit(text, plain))

    # -- breakpoints -------------------------------------------------------------------------------------------

    def do_break(self, node: str) -> None:
        """Set a breakpoint on what stands at an element of the picture, or clear it."""
        what = self._what(node)
        name = "event" if isinstance(what, type) else "step"
        self._toggle(lambda point: getattr(point, name) == what and not point.failure, **{name: what})

    def do_failures(self) -> None:
        """Stop at failures, or do not any more."""
        self._toggle(lambda point: point.failure and point.step is None, failure=True)

    def do_watch(self, path: str) -> None:
        """Stop when a part of the store changes, or do not any more."""
        if path not in self.paths:
            raise ValueError(f"The state shows nothing at {brief(path, _NAME)!r}.")
        self._toggle(lambda point: point.state == path, state=path)

    def _toggle(self, is_that: Callable[[Any], bool], **place: Any) -> None:
        there = [point for point in self._brain.breakpoints if is_that(point)]
        for point in there:
            self._brain.clear(point)
        if not there:
            self._brain.break_at(**place)

    def do_when(self, key: str, text: str) -> None:
        """Let a breakpoint stop only when a condition holds; always with an empty one."""
        point = self._point(key)
        there = {name: getattr(point, name) for name in ("step", "event", "failure", "state", "once", "after")}
        if not (text.strip() or point.step or point.event or point.failure):
            raise ValueError("This breakpoint is nothing but its condition: clear it instead.")
        self._brain.break_at(**there, when=checked(text) if text.strip() else None)
        self._brain.clear(point)

    def do_clear(self, key: str) -> None:
        self._brain.clear(self._point(key))

    def do_enable(self, key: str, on: bool) -> None:
        self._point(key).enabled = bool(on)

    def _point(self, key: str) -> Any:
        for point in self._brain.breakpoints:
            if key_of_point(point) == key:
                return point
        raise ValueError("That breakpoint is gone.")

    def _what(self, node: str) -> Any:
        """Return the step's name, or the class of events, at an element of the picture.

        Raises:
            ValueError: no event comes there.
        """
        counts = self.current.counts
        for what, place in counts.places.items() if counts is not None else ():
            if place == node:
                return what
        raise ValueError(
            "No event of this run stops there. A step of a child workflow belongs to a run of its own: give that one a "
            "debugger, as in self.child.run(hooks=[debugger])."
        )

    # -- the past ----------------------------------------------------------------------------------------------

    def do_look(self, run: int, number: int | None = None) -> None:
        """Look at a stop of a run, or at how it stands now."""
        chosen = self._one(run)
        chosen.look(number)
        self.show(chosen)

    def _one(self, run: Any) -> Watched:
        if type(run) is not int or not 0 <= run < len(self.family):
            raise ValueError(f"There is no run {brief(repr(run), _NAME)}; there are {len(self.family)}, from 0.")
        return self.family[run]

    def place(self) -> float:
        """Return the number of the stop that is shown; a run that goes on is after all of them."""
        now = self.current
        if now.looking is not None:
            return now.looking
        return float(self._brain.current.number) if now.rests else float("inf")

    def do_rewind(self) -> None:
        """Look at the stop before the one that is shown."""
        earlier = [stop.number for stop in self._brain.stops if stop.number < self.place()]
        if not earlier:
            raise ValueError("There is no earlier stop.")
        self.current.look(earlier[-1])

    def do_fork(self, held: str = "", values: dict[str, Any] | None = None) -> None:
        """Start a new run from the stop that is shown, and show it; of a run that is over from its last one."""
        now = self.current
        stop = now.stop if now.looking is not None or now.rests else self._brain.stop
        if stop is None or not stop.text:
            raise ValueError("A fork starts from a stop: pause the run, or choose one of its stops.")
        changed = {}
        if values:
            delivery = now.find(held)
            changed = {"held": delivery.id, "event": now.read(delivery, values)}
        fork = self._brain.fork(stop.number, **changed)
        now.looking = None
        self.show(self.adopt(fork, now))

    def adopt(self, debugger: Any, parent: Watched | None) -> Watched:
        """Take a run into the family."""
        raise NotImplementedError

    def do_compare(self, run: int) -> None:
        """Say where the run that is shown and another one part; the shown one with its parent if it is the same."""
        other = self._one(run)
        if other is self.current:
            if self.current.parent is None:
                raise ValueError("Compare it with a fork: choose compare beside one.")
            other = self.current.parent
        first, second = sorted((self.current, other), key=self.family.index)
        told = str(first.debugger.compare(second.debugger)).split("\n")
        names = [name_of(self.family.index(one)) for one in (first, second)]
        self.comparison = [
            f"{names[0]} (left) and {names[1]} (right)",
            *(brief(line, 400) for line in told[:_COMPARED]),
        ]

    def do_uncompare(self) -> None:
        self.comparison = None


def key_of_point(point: Any) -> str:
    """Return what a page calls a breakpoint."""
    return f"{id(point):x}"


def name_of(place: int) -> str:
    """Return what a run of a family is called."""
    return f"fork {place}" if place else "run"
