"""The debugger in a notebook: the flow that lives, what is held, and buttons that say what they do."""

from __future__ import annotations

from collections.abc import Awaitable
from html import escape
from typing import Any, Final

import traitlets

from wfkit.display.bundles import handler_bundle
from wfkit.display.draw import graph_of
from wfkit.display.figure import Figure
from wfkit.display.run_figure import run_figure
from wfkit.display.svg import draw_svg
from wfkit.display.words import brief, count
from wfkit.widgets import view as views
from wfkit.widgets.base import Panel, panel_script, panel_style, still_image
from wfkit.widgets.forms import FormError
from wfkit.widgets.guard import guard
from wfkit.widgets.tree import read_edit, tree_rows
from wfkit.widgets.view import ENDED
from wfkit.widgets.watched import Watched

MOST_LINES: Final = 150
_LOG_PAUSE: Final = 0.4  # seconds between two looks at the log while the run runs


class DebuggerPanel(Panel):
    """The panel of a `Debugger`, and of the forks that are made on it.

    When its last run has ended it gives its place to the playback of the one that is shown; a saved notebook keeps
    that. Everything that a click does is a method of the debugger, so Python can do it too.

    Args:
        debugger: the debugger. It may wait for its run yet.

    Attributes:
        debugger: the one that is shown: that of a fork, when a fork was made.

    Example:
        panel = Debugger(break_at_start=True).widget()
    """

    _esm = panel_script("form", "flow", "sides", "debugger", picture=True)
    _css = panel_style("form", "debugger")

    keeps_still = True
    picture = traitlets.Unicode().tag(sync=True)
    lines: Any = traitlets.List().tag(sync=True)

    def __init__(self, debugger: Any) -> None:
        super().__init__()
        self._problems: dict[str, str] = {}
        self._logged = float("-inf")
        self._told: object = None  # what the log has told
        self._over = False
        self._family: list[Watched] = []
        self._current = self._adopt(debugger, None)
        # One that is made for a run that is over stays: whoever asks for it wants its stops and its forks.
        self._stays = self._is_over()
        self.show_now()

    @property
    def debugger(self) -> Any:
        return self._current.debugger

    @property
    def handler(self) -> Any:
        """The handler of the run that is shown; None before there is one."""
        return self._current.handler

    def line(self) -> str:
        """Return one line of text on the run."""
        name = "no run yet" if self.handler is None else brief(self.handler.__wfkit_plan__().name, 120)
        return f"<Debugger of {name}: {self._status()}>"

    def _status(self) -> str:
        """Return how the run stands; one that is to be held is "held": a saved notebook tells this for ever."""
        status = str(self.debugger.status)
        return "held" if status in ("queued", "running") and self.debugger.holding else status

    def still(self) -> str:
        """Return HTML for whoever has no kernel: how the run stands, and where."""
        now = self._current
        if now.counts is None:
            return f"<div>{escape(self.line()[1:-1])}</div>"
        told = brief(f"{now.run.plan.name}: {views.headline(self._status(), now.stop)}", 200)
        told += ". It lives only beside a kernel: run its cell again."
        figure = run_figure(self._figure(now), now.counted().tallies(now.live()))
        return f"<div>{escape(told)}</div>{still_image(draw_svg(figure), told)}"

    def still_key(self) -> object:
        """Return what the still depends on: where the run rests."""
        now = self._current
        stop = now.debugger.stop if now.counts is not None and now.rests else None
        return (now.debugger.run_id, stop.number) if stop is not None else (self.line(),)

    def note(self) -> str:
        """Return a line that stands under the playback in the end."""
        stops, forks = len(self.debugger.stops), len(self._family) - 1
        told = [count(stops, "stop"), *([count(forks, "fork")] if forks else [])]
        more = " debugger.fork(number) starts a new run from one of them." if stops else ""
        return f"Debugged with {', '.join(told)}.{more}"

    # -- the runs --------------------------------------------------------------------------------------------------

    def _adopt(self, debugger: Any, parent: Watched | None) -> Watched:
        watched = Watched(debugger, parent, self.refresh, self._loop)
        self._family.append(watched)
        return watched

    def _is_over(self) -> bool:
        return all(watched.debugger.status in ENDED for watched in self._family)

    def _figure(self, watched: Watched) -> Figure:
        if watched.figure is None:
            watched.figure = Figure.of_flow(graph_of(watched.handler))
        return watched.figure

    def _draw(self, watched: Watched) -> None:
        self.picture = draw_svg(run_figure(self._figure(watched), {}), embedded=True)

    def _follow(self) -> None:
        """Meet runs that have begun, and leave when the last one has ended."""
        for watched in self._family:
            # The debugger itself only tells who waits; one panel that sees to it is enough.
            if watched.join() and watched.run.guard in (None, watched.debugger.warn_who_waits):
                guard(watched.run, self, watched.where)
        if self._current.counts is not None and not self.picture:
            self._draw(self._current)
        if self._is_over() and not self._over and not self._stays:
            self._over = True
            handler = self._current.handler
            self.freeze(lambda: handler_bundle(handler))

    # -- the view --------------------------------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return what is to be shown now, as plain JSON, without secrets."""
        self._follow()
        now = self._current
        debugger, status = now.debugger, now.debugger.status
        if now.counts is None:
            return {"state": "queued", "name": "no run yet", "title": "NO RUN YET", "next": _TELL_HOW, "can": []}
        stop = now.stop
        self._read_log(status)
        looking = now.looking
        return {
            "name": brief(now.run.plan.name, 120),
            "run": brief(now.handler.run_id, 60),
            "state": status,
            "title": views.headline(status, stop) if looking is None else f"STOP {looking}",
            "counts": views.how_many(stop),
            "next": views.what_next(status, now.held, debugger.breakpoints, looking, debugger.holding),
            "can": self._can(status, stop),
            "steps": [brief(name, 60) for name in now.counts.steps],
            "nodes": now.counted().nodes(now.live()),
            "dots": views.dots_of(stop.ready, now.counts.places, now.counts.place),
            "moves": [list(move) for move in now.counts.moves] if looking is None else [],
            "breakpoints": [views.breakpoint_view(f"{id(point):x}", point) for point in debugger.breakpoints],
            "marks": views.marks_of(debugger.breakpoints, now.counts.places),
            "stop": views.stop_view(stop),
            "held": now.held_view(),
            "questions": now.questions_view() if looking is None else [],
            "tree": self._tree(stop),
            "runs": self._runs(),
            "looking": looking,
            "problems": self._problems,
        }

    def _can(self, status: str, stop: Any) -> list[str]:
        """Return what can be done now."""
        found = []
        live = self._current.looking is None
        if live and status == "held":
            found += ["continue", "cancel"]
        elif live and status not in ENDED:
            found += ["cancel", "continue" if self.debugger.holding else "pause"]
        if live and stop.ready:
            found += ["step", "until"]
        numbers = [stop.number for stop in self.debugger.stops]
        here = self._place()
        if any(number < here for number in numbers):
            found.append("rewind")
        if stop.text:
            found.append("fork")
        return found

    def _place(self) -> float:
        """Return the number of the stop that is shown; a run that goes on is after all of them."""
        now = self._current
        if now.looking is not None:
            return now.looking
        return float(now.debugger.stop.number) if now.rests else float("inf")

    def _tree(self, stop: Any) -> list[dict[str, Any]]:
        now = self._current
        state = now.run.context.store.state if now.looking is None else getattr(stop, "state", None)
        if state is None:
            return []
        before = None
        if stop.changed:
            earlier = [found for found in self.debugger.stops if found.number < stop.number and found.size < 200_000]
            before = earlier[-1].state if earlier else None
        rows = tree_rows(state, stop.changed, before)
        return rows if now.looking is None else [{**row, "edit": None} for row in rows]

    def _runs(self) -> list[dict[str, Any]]:
        place = {id(watched): number for number, watched in enumerate(self._family)}
        return [
            views.run_view(
                f"fork {number}" if number else "run",
                watched.debugger,
                place.get(id(watched.parent)),
                watched.looking,
                watched is self._current,
            )
            for number, watched in enumerate(self._family)
        ]

    def _read_log(self, status: str) -> None:
        if status == "running" and self._loop.time() - self._logged < _LOG_PAUSE:
            return
        self._logged = self._loop.time()
        records, notes = self.debugger.records, self.debugger._notes
        told, self._told = self._told, (self._current, len(records), records[-1:], len(notes))
        if told != self._told:
            self.lines = views.log_lines(records, notes, MOST_LINES)

    # -- commands --------------------------------------------------------------------------------------------------

    def obey(self, do: str, content: dict[str, Any]) -> Awaitable[Any] | None:
        """Do what was asked for; the mistakes in a form are shown at its fields."""
        self._problems = {}
        try:
            return super().obey(do, content)
        except FormError as error:
            self._problems = {name: brief(said, 300) for name, said in error.errors.items()}
            raise

    def do_choose(self, held: str) -> None:
        self._current.chosen = held

    def do_step(self, held: str = "", values: dict[str, Any] | None = None) -> None:
        delivery = self._current.find(held)
        if not values:
            self.debugger.step(delivery.id)
        elif delivery.error is not None:
            self.debugger.retry(delivery.id, self._edited(delivery, values))
        else:
            self.debugger.step(delivery.id, event=self._edited(delivery, values))
        self._current.chosen = ""

    def do_until(self, step: str = "") -> None:
        self.debugger.step_until(step=step) if step else self.debugger.step_until(failure=True)

    def do_continue(self) -> None:
        self.debugger.continue_()

    def do_pause(self) -> None:
        self.debugger.pause()

    def do_cancel(self) -> Any:
        return self.debugger.cancel()

    def do_drop(self, held: str = "") -> None:
        self.debugger.drop(self._current.find(held).id)

    def do_skip(self, name: str, held: str = "", values: dict[str, Any] | None = None) -> None:
        result = None
        if name:
            result = self._current.form(self._current.result_class(held, name)).read(values or {})
        self.debugger.skip(self._current.find(held).id, result)

    def do_retry(self, held: str = "", values: dict[str, Any] | None = None) -> None:
        delivery = self._current.find(held)
        self.debugger.retry(delivery.id, self._edited(delivery, values) if values else None)

    def do_give_up(self, held: str = "") -> None:
        self.debugger.give_up(self._current.find(held).id)

    def _edited(self, delivery: Any, values: dict[str, Any]) -> Any:
        what = delivery.result if delivery.result is not None else delivery.event
        return self._current.form(what).read(values)

    def do_answer(self, question: str, name: str, values: dict[str, Any] | None = None) -> Any:
        asked = self._current.questions
        for one in asked.open() if asked is not None else ():
            for kind in asked.kinds(one) if asked is not None and one.key == question else ():
                if brief(kind.__name__, 60) == name:
                    event = self._current.answer_form(one, kind).read(values or {})
                    return None if asked is None else asked.answer(question, event)
        raise ValueError("That question is not open any more.")

    def do_set_state(self, path: str, text: str, plain: bool = False) -> Any:
        return self.debugger.set_state(path, read_edit(text, plain))

    def do_break(self, node: str) -> None:
        """Set a breakpoint on what stands at an element of the picture, or clear it."""
        counts = self._current.counts
        what = next((what for what, place in counts.places.items() if place == node), None) if counts else None
        if what is None:
            raise ValueError("No event stops there: breakpoints are for steps and events.")
        name = "event" if isinstance(what, type) else "step"
        there = [point for point in self.debugger.breakpoints if getattr(point, name) == what]
        for point in there:
            self.debugger.clear(point)
        if not there:
            self.debugger.break_at(**{name: what})

    def do_clear(self, key: str) -> None:
        for point in [point for point in self.debugger.breakpoints if f"{id(point):x}" == key]:
            self.debugger.clear(point)

    def do_enable(self, key: str, on: bool) -> None:
        for point in self.debugger.breakpoints:
            if f"{id(point):x}" == key:
                point.enabled = bool(on)

    def do_failures(self) -> None:
        """Stop at failures, or do not any more."""
        there = [point for point in self.debugger.breakpoints if point.failure and point.step is None]
        for point in there:
            self.debugger.clear(point)
        if not there:
            self.debugger.break_at(failure=True)

    def do_look(self, run: int, number: int | None = None) -> None:
        """Look at a stop of a run, or at how it stands now."""
        chosen, before = self._family[run], self._current
        self._current = chosen
        if chosen is not before and chosen.counts is not None:
            self._draw(chosen)
        there = chosen.rests and chosen.debugger.stop.number == number
        chosen.looking = None if number is None or there else number
        chosen.chosen = ""

    def do_rewind(self) -> None:
        """Look at the stop before the one that is shown."""
        now = self._current
        earlier = [stop.number for stop in self.debugger.stops if stop.number < self._place()]
        if not earlier:
            raise ValueError("There is no earlier stop.")
        now.looking, now.chosen = earlier[-1], ""

    def do_fork(self, held: str = "", values: dict[str, Any] | None = None) -> None:
        """Start a new run from the stop that is shown, and show it."""
        now = self._current
        if not now.stop.text:
            raise ValueError("A fork starts from a stop: pause the run, or choose one of its stops.")
        changed = {}
        if values:
            delivery = now.find(held)
            changed = {"held": delivery.id, "event": self._edited(delivery, values)}
        fork = self.debugger.fork(now.stop.number, **changed)
        now.looking = None
        self._current = self._adopt(fork, now)
        self._over = self._stays = False
        if self._current.counts is not None:
            self._draw(self._current)


_TELL_HOW: Final = "Start one with workflow.run(hooks=[debugger])."


def debug(workflow: Any, *, breakpoints: Any = (), **start: Any) -> DebuggerPanel:
    """Start a run of a workflow under a debugger, and return the panel with the buttons.

    Without breakpoints it is held before its first step; with some it runs to the first of them. The run goes on in the
    background: show the panel as the cell's value, and await `panel.handler` in a later cell.

    Args:
        workflow: an instance.
        breakpoints: names of steps, event types, or `Breakpoint` objects.
        **start: what `workflow.run` takes: the start event, or its fields.

    Raises:
        WorkflowValidationError: there is no such step.

    Example:
        wfkit.debug(JokeFlow(), breakpoints=["critique"], topic="pirates")
    """
    from wfkit.hooks.debugger import Debugger

    debugger = Debugger(break_at_start=not breakpoints, breakpoints=[_as_breakpoint(point) for point in breakpoints])
    hooks = [*start.pop("hooks", ()), debugger]
    debugger._handler = workflow.run(hooks=hooks, **start)
    return DebuggerPanel(debugger)


def _as_breakpoint(point: Any) -> Any:
    from wfkit.hooks.breakpoints import Breakpoint

    if isinstance(point, str):
        return Breakpoint(step=point)
    return Breakpoint(event=point) if isinstance(point, type) else point
