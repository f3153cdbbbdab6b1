"""The debugger in a notebook: the flow that lives, what is held, and buttons that say what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from html import escape
from typing import Any, Final

import traitlets

from wfkit.display.bundles import handler_bundle
from wfkit.display.draw import graph_of
from wfkit.display.figure import Figure
from wfkit.display.live import in_order
from wfkit.display.run_figure import run_figure
from wfkit.display.svg import draw_svg
from wfkit.display.words import brief, count, shown
from wfkit.widgets import view as views
from wfkit.widgets.base import Panel, panel_script, panel_style, still_image
from wfkit.widgets.clicks import Clicks, key_of_point, name_of
from wfkit.widgets.guard import guard
from wfkit.widgets.stills import still_html
from wfkit.widgets.tree import tree_rows
from wfkit.widgets.view import ENDED
from wfkit.widgets.watched import Watched, form_view
from wfkit.workflow import Workflow

MOST_LINES: Final = 150
MOST_TOLD: Final = 10  # deliveries that a saved notebook tells of
_LINE: Final = 180  # characters of a line of the log
_LOG_PAUSE: Final = 0.4  # seconds between two looks at the log while the run runs
_LARGE: Final = 200_000  # bytes of a snapshot that is not read again just to say what a value was


class DebuggerPanel(Clicks, Panel):
    """The panel of a `Debugger`, and of the forks that are made of its run.

    When the last run has ended it gives its place to the playback of the one that is shown, which a saved notebook
    keeps. Beside a run that has failed it stays, for that is when one wants to go back and fork; a saved notebook shows
    the playback all the same. Everything that a click does is a method of the debugger, so Python can do it too.

    Args:
        debugger: the debugger. It may wait for its run yet.

    Attributes:
        debugger: the one that is shown: that of a fork, when a fork was made.

    Example:
        panel = Debugger(break_at_start=True).widget()
    """

    _esm = panel_script("signs", "form", "flow", "ready", "sides", "bar", "history", "debugger", picture=True)
    _css = panel_style("form", "debugger")

    keeps_still = True
    picture = traitlets.Unicode().tag(sync=True)
    lines: Any = traitlets.List().tag(sync=True)

    def __init__(self, debugger: Any) -> None:
        super().__init__()
        self._logged = float("-inf")
        self._later: asyncio.TimerHandle | None = None  # another look at the log
        self._over = False
        self.current = self.adopt(debugger, None)
        # One that is made for a run that is over stays: whoever asks for it wants its stops and its forks.
        self._stays = self._is_over()
        self.show_now()

    @property
    def debugger(self) -> Any:
        """The debugger of the run that is shown; of a fork, `parent` is that of the run it comes from."""
        return self.current.debugger

    @property
    def handler(self) -> Any:
        """The handler of the run that is shown; None before there is one."""
        return self.current.handler

    def line(self) -> str:
        """Return one line of text on the run."""
        name = "no run yet" if self.handler is None else brief(self.handler.__wfkit_plan__().name, 120)
        return f"<Debugger of {name}: {self._status()}>"

    def _status(self) -> str:
        """Return how the run stands; one that is to be held is "held": a saved notebook tells this for ever."""
        status = str(self.debugger.status)
        return "held" if status in ("queued", "running") and self.debugger.holding else status

    def still(self) -> str:
        """Return HTML for whoever has no kernel: how the run stands, and where; of one that is over the playback."""
        now = self.current
        if now.counts is None:
            return f"<div>{escape(self.line()[1:-1])}</div>"
        if now.debugger.status in ENDED:
            return handler_bundle(now.handler)["text/html"]
        told = brief(f"{now.run.plan.name}: {views.headline(self._status(), now.stop)}", 200)
        told += ". It lives only beside a kernel: run its cell again."
        figure = run_figure(self._figure(now), now.counted().tallies(now.live()))
        ready = "".join(f"<div>{escape(line)}</div>" for line in views.ready_lines(now.stop, MOST_TOLD))
        state = still_html(brief(now.run.plan.name, 120), now.run.context.store.state, lambda key: [])
        return f"<div>{escape(told)}</div>{still_image(draw_svg(figure), told)}{ready}{state}"

    def still_key(self) -> object:
        """Return what the still depends on: where the run rests."""
        now = self.current
        stop = now.debugger.current if now.counts is not None else None
        return (now.debugger.run_id, stop.number) if stop is not None else (self.line(),)

    def note(self) -> str:
        """Return a line that stands under the playback in the end."""
        stops, forks = len(self.debugger.stops), len(self.family) - 1
        told = [count(stops, "stop"), *([count(forks, "fork")] if forks else [])]
        more = " debugger.widget() shows them again; debugger.fork(number) starts a new run from one." if stops else ""
        return f"Debugged with {', '.join(told)}.{more}"

    # -- the runs --------------------------------------------------------------------------------------------------

    def adopt(self, debugger: Any, parent: Watched | None) -> Watched:
        """Take a run into the family, or return it if it is there."""
        for watched in self.family:
            if watched.debugger is debugger:
                return watched
        watched = Watched(debugger, parent, self.refresh)
        self.family.append(watched)
        self._over = self._stays = False
        return watched

    def show(self, watched: Watched) -> None:
        """Show another run of the family."""
        if watched is not self.current:
            self.current, self.comparison = watched, None
            if watched.counts is not None:
                self._draw(watched)

    def close(self) -> None:
        """Take it off all pages, for good. Its runs stay as they are."""
        for watched in getattr(self, "family", ()):
            watched.leave()
        super().close()

    def _is_over(self) -> bool:
        return all(watched.debugger.status in ENDED for watched in self.family)

    def _figure(self, watched: Watched) -> Figure:
        if watched.figure is None:
            watched.figure = Figure.of_flow(graph_of(watched.handler))
        return watched.figure

    def _draw(self, watched: Watched) -> None:
        self.picture = draw_svg(run_figure(self._figure(watched), {}), embedded=True)

    def _follow(self) -> None:
        """Meet runs that have begun, also forks that Python has made, and leave when the last one has ended."""
        for watched in self.family:  # grows on the way
            for fork in watched.debugger.forks:
                self.adopt(fork, watched)
            if watched.join() and not watched.guarded:
                watched.guarded = True
                guard(watched.run, self, watched.where)
        if self.current.counts is not None and not self.picture:
            self._draw(self.current)
        for watched in self.family:
            if watched.failed and self.shown:  # whoever looks at the panel has been told
                watched.run.verdict.seen = True
        if self._is_over() and not self._over and not self._stays:
            self._over = True
            if self.current.failed and any(stop.text for stop in self.debugger.stops):
                self._stays = True
                return
            handler = self.current.handler
            self.freeze(lambda: handler_bundle(handler))

    # -- the view --------------------------------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return what is to be shown now, as plain JSON, without secrets."""
        self._follow()
        now = self.current
        debugger, status = now.debugger, now.debugger.status
        points = [views.breakpoint_view(key_of_point(point), point) for point in debugger.breakpoints]
        if now.counts is None:
            told = {"state": "queued", "name": "", "title": "NO RUN YET", "next": _TELL_HOW, "can": []}
            return {**told, "breakpoints": points}
        stop, looking = now.stop, now.looking  # in this order: a stop may have been forgotten
        questions = now.questions_view() if looking is None else []
        self._read_log(status)
        return {
            "name": brief(now.run.plan.name, 120),
            "run": brief(now.handler.run_id, 60),
            "state": status,
            "title": views.headline(status, stop) if looking is None else f"STOP {looking}",
            "why": brief(stop.why, 200) if status == "held" or looking is not None else "",
            "counts": views.how_many(stop, len(now.asked()) if looking is None else 0),
            "next": self._next(status, stop),
            "can": self._can(status, stop),
            "goals": self._goals(),
            "sends": self._sends(status),
            "nodes": self._nodes(stop),
            "dots": views.dots_of(stop.ready, now.counts.places, now.counts.place),
            "moves": [list(move) for move in now.counts.moves] if looking is None else [],
            "breakpoints": points,
            "marks": views.marks_of(debugger.breakpoints, now.counts.places),
            "stop": views.stop_view(stop, now.sought),
            "held": now.held_view(),
            "questions": questions,
            "compose": self._compose(status),
            "tree": self._tree(stop),
            "runs": [
                views.run_view(name_of(number), one.debugger, self._parent_of(one), one.looking, one is now)
                for number, one in enumerate(self.family)
            ],
            "memory": [views.how_much(debugger.stops), debugger.memory],
            "comparison": self.comparison,
            "looking": looking,
            "problems": [self.problems, self.tries],
        }

    def _parent_of(self, watched: Watched) -> int | None:
        return None if watched.parent is None else self.family.index(watched.parent)

    def _next(self, status: str, stop: Any) -> str:
        now = self.current
        if now.looking is None and status in ENDED:
            said = views.how_it_ended(now.run.verdict)
            back = "rewind shows the stops; fork starts a new run from the latest." if stop.number else ""
            return " ".join(filter(None, (said, back)))
        points = self.debugger.breakpoints
        again = next((found for found in stop.waiting if not stop.running), None)
        return views.what_next(status, now.held, points, now.looking, self.debugger.holding, again)

    def _nodes(self, stop: Any) -> dict[str, Any]:
        """Return how the shapes of the picture are drawn; a step that is held because it has failed as one that has."""
        now = self.current
        nodes = now.counted().nodes(now.live())
        for delivery in stop.ready:
            if delivery.error is not None and (place := now.place_of(delivery.step)):
                nodes[place]["state"] = "failed"
        return nodes

    def _can(self, status: str, stop: Any) -> list[str]:
        """Return what can be done now."""
        found = []
        if self.current.looking is None and status not in ENDED:
            going = status != "held" and not self.debugger.holding
            found += ["cancel", "until", "pause" if going else "continue"]
            if stop.ready:
                found.append("step")
        here = self.place()
        if any(earlier.number < here for earlier in self.debugger.stops):
            found.append("rewind")
        latest = self.debugger.stop
        if stop.text or (status in ENDED and self.current.looking is None and latest is not None and latest.text):
            found.append("fork")
        return found

    def _goals(self) -> list[list[str]]:
        """Return where the run can be told to go on to, as it goes: (what it is, its name, its element)."""
        plan = self.current.run.plan
        steps = in_order(plan)
        kinds = dict.fromkeys(kind for name in steps for kind in plan.steps[plan.by_name[name]].produced)
        found = [("step", name) for name in steps] + [("event", kind) for kind in (*plan.start_types, *kinds)]
        return [[what, views.name_at(one), place] for what, one in found if (place := self.current.place_of(one))]

    def _sends(self, status: str) -> list[list[str]]:
        """Return which events can be sent into the run: (the class, its element)."""
        if self.current.looking is not None or status in ENDED:
            return []
        return [[views.name_at(kind), self.current.place_of(kind)] for kind in self.current.sendable()]

    def _compose(self, status: str) -> dict[str, Any] | None:
        """Return the form of the event that a person fills in to send it."""
        kind = self.current.composed()
        if kind is None or status in ENDED:
            return None
        return {**form_view(self.current.form(kind), self.current.composing), "node": self.current.composing}

    def _tree(self, stop: Any) -> list[dict[str, Any]]:
        now = self.current
        state = now.run.context.store.state if now.looking is None else getattr(stop, "state", None)
        self.paths = self.editable = set()
        if state is None:
            return []
        before = None
        if stop.changed:
            earlier = [found for found in self.debugger.stops if found.number < stop.number and found.size < _LARGE]
            before = earlier[-1].state if earlier else None
        rows = tree_rows(state, stop.changed, before)
        if now.looking is not None or now.debugger.status in ENDED:
            return [{**row, "edit": None} for row in rows]
        self.paths = {row["path"] for row in rows if row["path"] is not None}
        self.editable = {row["path"] for row in rows if row["edit"] is not None}
        watched = {point.state for point in self.debugger.breakpoints if point.state is not None}
        return [{**row, "watched": row["path"] in watched} for row in rows]

    def _read_log(self, status: str) -> None:
        now = self._loop.time()
        if status == "running" and now < self._logged + _LOG_PAUSE:
            if self._later is None:  # the last lines shall come, too
                self._later = self._loop.call_at(self._logged + _LOG_PAUSE, self.refresh, context=self._context)
            return
        self._logged, self._later = now, None
        self.lines = [brief(line, _LINE) for line in self.debugger.log_tail(MOST_LINES)]

    def obey(self, do: str, content: dict[str, Any]) -> Awaitable[Any] | None:
        """Do what was asked for; the mistakes in a form are shown at its fields."""
        return self.carefully(lambda: Panel.obey(self, do, content))


_TELL_HOW: Final = "Start one with workflow.run(hooks=[debugger])."
_BY_HAND: Final = "Make a Debugger(...), start workflow.run(hooks=[debugger]), and show debugger.widget()."


def debug(workflow: Any, *, breakpoints: Any = (), on_failure: bool = False, **start: Any) -> DebuggerPanel:
    """Start a run of a workflow under a debugger, and return the panel with the buttons.

    Without breakpoints it is held before its first step; with some it runs to the first of them. The run goes on in the
    background: show the panel as the cell's value, and await `panel.handler` in a later cell.

    Args:
        workflow: an instance.
        breakpoints: names of steps, event types, or `Breakpoint` objects; one or several.
        on_failure: whether it stops when a step raises, before that counts.
        **start: what `workflow.run` takes: the start event, or its fields.

    Raises:
        TypeError: it is no instance of a workflow.
        WorkflowValidationError: there is no such step.

    Example:
        wfkit.debug(JokeFlow(), breakpoints=["critique"], topic="pirates")
    """
    from wfkit.hooks.debugger import Debugger

    if not isinstance(workflow, Workflow):
        raise TypeError(f"debug() takes an instance of a workflow, {_what_it_got(workflow)}")
    for name in ("breakpoint", "break_at_start", "keep", "keep_bytes"):
        if name in start and name not in workflow.__wfkit_plan__().start_types[0].model_fields:
            raise TypeError(f"debug() has no argument {name!r}: it takes breakpoints= and on_failure=. {_BY_HAND}")
    several = isinstance(breakpoints, Iterable) and not isinstance(breakpoints, (str, type))
    points = list(breakpoints) if several else [breakpoints]
    debugger = Debugger(break_at_start=not (points or on_failure), breakpoints=points, on_failure=on_failure)
    workflow.run(hooks=[*start.pop("hooks", ()), debugger], **start)
    return DebuggerPanel(debugger)


def _what_it_got(given: Any) -> str:
    if isinstance(given, type) and issubclass(given, Workflow):
        return f"got the class: debug({given.__name__}(...))."
    if hasattr(type(given), "__wfkit_run__"):
        return f"got a handler, whose run has begun already. {_BY_HAND}"
    return f"got {shown(given, 80)}."
