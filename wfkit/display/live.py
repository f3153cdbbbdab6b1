"""What a handler shows as a cell's value while its run goes on: its status, drawn anew as the run moves.

One display with an id is updated, never a new one made: wherever the cell is by then, in one place or in several, the
front end finds it by the id. The updates are made by alarms of the run's own event loop, at most ten a second and only
when something has changed; the last one is the picture of the whole run.

A run that nobody shows pays nothing. One that is shown pays for counting its records as they come.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import Counter, deque
from collections.abc import Callable
from contextvars import copy_context
from html import escape
from typing import Any, Final

from wfkit.cell import in_notebook
from wfkit.display.durations import spell_seconds
from wfkit.display.progress import Bars, is_progress
from wfkit.display.status import Question, Row, Status, status_html, status_line
from wfkit.display.tally import TallyState
from wfkit.display.words import clean, cut, fields_of
from wfkit.events import Event, InputRequiredEvent, StopEvent
from wfkit.ledger import Ledger
from wfkit.plan import Plan
from wfkit.records import (
    ChildStreamed,
    EventSent,
    EventStreamed,
    RunEnded,
    RunIdle,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepHeld,
    StepReleased,
    StepStarted,
)
from wfkit.seam import Emit, with_another

TICK: Final = 0.1  # seconds between two updates at least
LENGTH: Final = 10_000  # characters that may be sent so often
BEAT: Final = 1.0  # seconds between two looks at the clock
LONG: Final = 60.0  # seconds of rest after which only whole minutes are looked at
ASLEEP: Final = 600.0  # and after which the clock is not looked at any more: the cell may have been run again long ago
MOST_ROWS: Final = 60
MOST_QUESTIONS: Final = 3
MOST_FIELDS: Final = 8

logger = logging.getLogger("wfkit")


def show_live(handler: Any) -> None:
    """Show how a run stands in the cell that is running, and keep that up to date until the run has ended.

    Args:
        handler: what `run()` returned.

    Raises:
        NotImplementedError: the run has ended, or this is no notebook, or the run goes on in another event loop. By
            this IPython knows that it must ask the handler for a picture as it asks anything else.
    """
    run = handler.__wfkit_run__()
    if run.ended or not in_notebook() or asyncio._get_running_loop() is not run.loop:
        raise NotImplementedError
    live = vars(handler).get("_live")
    if live is None:
        live = handler._live = Live(handler)
    live.show()


class Live:
    """The live display of one run.

    Args:
        handler: the run's handler.
    """

    def __init__(self, handler: Any) -> None:
        self._handler = handler
        self._run = run = handler.__wfkit_run__()
        self._publish = _publisher()
        self._context = copy_context()  # in it the kernel finds the cell that its messages are about
        self._watch = Watch(run.plan, begun=run.begun)
        self._timer: asyncio.TimerHandle | None = None
        self._latest = float("-inf")  # when it was last drawn
        self._shown = ""
        self._gave_up = False
        see = self._watch.counter(self._look_soon, self._give_up)
        past = handler.__wfkit_records__() or ()
        self._watch.began = past[0].time if past else None
        for record in past:
            see((type(record), *record))
        run.emit = with_another(run.emit, see)

    def show(self) -> None:
        """Show the status in the cell that is running, too."""
        bundle = self._bundle()
        self._shown = bundle["text/html"]
        self._publish(bundle, False)
        if self._timer is None:
            self._rest()

    # -- as the run moves ----------------------------------------------------------------------------------------

    def _look_soon(self, ended: bool) -> None:
        """Look as soon as it may be.

        Args:
            ended: whether the run has ended.
        """
        self._watch.alert = False
        if not ended:
            self._set_timer(max(0.0, self._latest + self._pause - self._run.loop.time()))
            return
        if self._timer is not None:
            self._timer.cancel()
        # Not by an alarm: before whoever awaits the run goes on.
        self._run.loop.call_soon(self._tick, context=self._context)

    def _set_timer(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._run.loop.call_later(delay, self._tick, context=self._context)

    @property
    def _pause(self) -> float:
        """How many seconds to let pass between two updates: more for the long text that many steps are."""
        return TICK * max(1.0, len(self._shown) / LENGTH)

    def _rest(self) -> None:
        """Look again when the time that is shown has changed, if nothing else changes before."""
        self._latest = self._run.loop.time()
        self._watch.alert = True
        rests = self._watch.rests_for(self._run.now())
        if rests > ASLEEP:
            return
        beat = LONG if rests > LONG else BEAT
        self._set_timer(max(self._pause, beat - self._watch.lasts_for(self._run.now()) % beat + 0.002))

    def _tick(self) -> None:
        if self._run.ended:
            self._finish()
            return
        self._rest()
        try:
            bundle = self._bundle()
            if bundle["text/html"] != self._shown:
                self._shown = bundle["text/html"]
                self._publish(bundle, True)
        except Exception:
            self._give_up()

    def _finish(self) -> None:
        """Put the picture of the whole run in place of its status, and let go of the run."""
        from wfkit.display.bundles import handler_bundle

        handler = self._handler
        try:
            try:
                bundle = handler_bundle(handler)
            except Exception:
                said = clean(f"{handler!r}. Its picture cannot be drawn.")
                bundle = {"text/plain": said, "text/html": f"<div>{escape(said)}</div>"}
                logger.warning("The picture of a run cannot be drawn.", exc_info=True)
            self._publish(bundle, True)
        except Exception:
            self._give_up()
        handler._live = None

    def _give_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._watch.alert = False
        self._handler._live = None
        if not self._gave_up:
            self._gave_up = True
            logger.warning("The live display of a run has failed; the run goes on.", exc_info=True)

    def _bundle(self) -> dict[str, str]:
        status = self._watch.status(self._run, self._handler)
        return {"text/plain": status_line(status), "text/html": status_html(status)}


def _publisher() -> Any:
    """Return what shows a bundle in the running cell, or updates it wherever it is."""
    display_id = f"wfkit-{os.urandom(8).hex()}"

    def publish(bundle: dict[str, str], update: bool) -> None:
        shell = sys.modules["IPython"].get_ipython()
        shell.display_pub.publish(bundle, metadata={}, transient={"display_id": display_id}, update=update)

    return publish


class Watch:
    """What is counted of one run, record by record.

    Args:
        plan: its steps.
        begun: whether it has begun already, so that records may be missing.

    Attributes:
        events: how many events were sent.
        bars: who reports progress.
        began: when the run began, on its clock; if the first records are gone, when the first of the others was made.
        alert: whether to call when there is something new.
    """

    def __init__(self, plan: Plan, begun: bool) -> None:
        self.alert = False
        self.events = 0
        self.bars = Bars()
        self._name = plan.name
        self._steps = in_order(plan)
        self._complete = not begun
        self.began: float | None = None
        self._rested: float | None = None
        self._done: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._retried: Counter[str] = Counter()
        self._held: dict[int, str] = {}  # the steps of held deliveries
        self._asked: deque[tuple[int, Event]] = deque(maxlen=50)

    def counter(self, changed: Callable[[bool], None], failed: Callable[[], None]) -> Emit:
        """Return what counts records, each as it leaves the engine: one function, and short, because they are many.

        Args:
            changed: called when there is something new while `alert` is set, and with True when the run has ended.
            failed: called when a mistake was made; no mistake here is any business of the run's.
        """
        done, bars, seldom = self._done, self.bars.shown, self._see_seldom

        def see(fields: tuple[Any, ...]) -> None:
            try:
                kind = fields[0]
                if kind is EventSent:
                    self.events += 1
                elif kind is StepFinished:
                    done[fields[3]] += 1
                    if bars:
                        self.bars.end(fields[2])
                elif kind is not StepStarted:
                    seldom(kind, fields)
                if self.alert or kind is RunEnded:
                    changed(kind is RunEnded)
            except Exception:
                failed()

        return see

    def _see_seldom(self, kind: type, fields: tuple[Any, ...]) -> None:
        if kind is StepFailed:
            counts = self._failed if fields[6] is None else self._retried
            counts[fields[3]] += 1
            self.bars.end(fields[2])
        elif kind is EventStreamed:
            self._hear(fields[2], fields[3] or self._name, fields[4], fields[2])
        elif kind is ChildStreamed:
            told = fields[2]
            self._hear(told.run_id, told.child, told.event, None)
        elif kind is StepHeld:
            self._held[fields[2]] = fields[3]
        elif kind is StepReleased:
            self._held.pop(fields[2], None)
        elif kind is StepCancelled:
            self.bars.end(fields[2])
        elif kind is RunStarted:
            self.began, self._complete = fields[1], True
        elif kind is RunIdle:
            self._rested = fields[1]
        elif kind is RunEnded:
            self._held.clear()

    def _hear(self, source: Any, label: str, event: Event, id: int | None) -> None:
        if is_progress(event):
            self.bars.report(source, cut(clean(label), 200), event)
        elif isinstance(event, InputRequiredEvent) and id is not None:
            self._asked.append((id, event))
        elif isinstance(event, StopEvent):
            self.bars.end(source)

    def lasts_for(self, now: float) -> float:
        """Return how many seconds the run has taken so far."""
        return 0.0 if self.began is None else max(0.0, now - self.began)

    def rests_for(self, now: float) -> float:
        """Return for how many seconds nothing in the run has moved, because it waits for somebody outside."""
        return 0.0 if self._rested is None else max(0.0, now - self._rested)

    def status(self, run: Any, handler: Any) -> Status:
        """Return how the run stands. What moves is read off its books, so that it is right at every moment.

        Args:
            run: the run.
            handler: its handler.
        """
        ledger, now = run.ledger, run.now()
        if not ledger.idle:
            self._rested = None
        if self.began is None and run.begun:
            self.began = now
        lasts = self.lasts_for(now)
        elapsed = "" if self.began is None else spell_seconds(lasts)
        if self.rests_for(now) > LONG:
            elapsed = f"over {spell_seconds(lasts - lasts % LONG, minutes=True)}"
        return Status(
            name=self._name,
            state=handler.status,
            elapsed=elapsed,
            events=self.events,
            complete=self._complete,
            rows=self._rows(ledger),
            bars=tuple(self.bars.shown),
            hidden=self.bars.hidden,
            waiting_for=handler.waiting_for,
            questions=self._questions(ledger),
        )

    def _rows(self, ledger: Ledger) -> tuple[Row, ...]:
        held = Counter(self._held.values())
        running = Counter(work.lane.spec.name for work in ledger.active) - held
        waiting = Counter(work.lane.spec.name for table in (ledger.waiting, ledger.retrying) for work in table)
        queued = Counter(work.lane.spec.name for work in ledger.ready)
        for lane in ledger.lanes:
            queued[lane.spec.name] += len(lane.queue or ())
        tables: dict[TallyState, Counter[str]] = {
            "done": self._done,
            "failed": self._failed,
            "retried": self._retried,
            "running": running,
            "held": held,
            "waiting": waiting,
            "queued": queued,
        }
        rows = [Row(name, {state: table[name] for state, table in tables.items()}) for name in self._steps[:MOST_ROWS]]
        others = self._steps[MOST_ROWS:]
        if others:
            sums: dict[TallyState, int] = {
                state: sum(table[name] for name in others) for state, table in tables.items()
            }
            rows.append(Row(f"{len(others):,} more steps", sums))
        return tuple(rows)

    def _questions(self, ledger: Ledger) -> tuple[Question, ...]:
        """Return the questions that are open: those that were returned, and those that come with a wait."""
        waiting = {wait.work.id for wait in ledger.waits}
        asked = [event for id, event in self._asked if id in waiting]
        found = {id(event): event for event in (*ledger.questions[:MOST_QUESTIONS], *asked)}
        return tuple(_question(event) for event in list(found.values())[:MOST_QUESTIONS])


def _question(event: Event) -> Question:
    return Question(clean(type(event).__name__), tuple(fields_of(event)[:MOST_FIELDS]))


def in_order(plan: Plan) -> list[str]:
    """Return the names of the steps in the order in which events reach them; those they never reach come last."""
    names: dict[str, None] = {}
    kinds: list[type[Event]] = list(plan.start_types)
    seen = set(kinds)
    for kind in kinds:  # grows on the way
        takers = [spec for spec in plan.steps if spec.name not in names and spec.takes(kind)]
        for spec in takers:
            names[spec.name] = None
            kinds += (new := [made for made in spec.produced if made not in seen])
            seen.update(new)
    return [*names, *(spec.name for spec in plan.steps if spec.name not in names)]
