"""Takes down what a run is doing, as stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from wfkit.collect import Join
from wfkit.events import Event
from wfkit.hooks.debugger.holds import Hold
from wfkit.hooks.debugger.stops import Delivery, Stop
from wfkit.hooks.debugger.writing import Text, Writer
from wfkit.hooks.recorder import Recorder
from wfkit.ledger import Ledger
from wfkit.plain import brief
from wfkit.records import EventSent, spell
from wfkit.run import Run
from wfkit.scope import Scope
from wfkit.snapshot import load_store
from wfkit.store import state_type_of
from wfkit.values import said
from wfkit.work import Work

PENDING = 1_000  # deliveries in queues that a stop names
SOURCES = 10_000  # events whose senders are remembered
_JOIN = "join:"  # before the scope's name, in the name of the buffer of a join


class Scribe:
    """Takes down one run.

    Args:
        run: the run.
        sources: which step has sent an event, by the parent and the number of the deliveries that came of it.

    Attributes:
        recorder: what keeps the run's records, None if nothing does.
        began: seconds on the run's clock when it was started.
    """

    def __init__(self, run: Run, sources: dict[tuple[int, int], str | None]) -> None:
        self._run = run
        self.began = run.now()
        self.recorder = next((hook for hook in run.hooks if isinstance(hook, Recorder)), None)
        self._heard: int | None = None  # records since the debugger hears them, and those that were there before
        self._writer: Writer | None = None
        self.sources = sources

    # -- records -----------------------------------------------------------------------------------------------

    @property
    def hears(self) -> bool:
        """Whether the records reach it."""
        return self._heard is not None

    @property
    def count(self) -> int:
        """How many records there were, as far as is known: those let go before it was first asked are not."""
        if self._heard is not None:
            return self._heard
        return 0 if self.recorder is None else len(self.recorder)

    @property
    def lost(self) -> int:
        """How many of these the recorder has let go."""
        return 0 if self.recorder is None else self.count - len(self.recorder)

    def begin_to_hear(self) -> None:
        """Learn from the recorder what was before; from now on `hear` is called for each record."""
        self._heard = self.count
        if self.recorder is not None and self._heard:
            for record in self.recorder.records[-SOURCES:]:
                if isinstance(record, EventSent):
                    self.sources[record.parent, record.n] = record.source

    def hear(self, fields: tuple[Any, ...]) -> None:
        """Take a record as it leaves the engine."""
        assert self._heard is not None
        self._heard += 1
        if fields[0] is EventSent:
            self.sources[fields[4], fields[5]] = fields[3]
            if len(self.sources) > SOURCES:
                del self.sources[next(iter(self.sources))]

    # -- stops -------------------------------------------------------------------------------------------------

    def take_down(
        self,
        number: int,
        why: str,
        holds: Mapping[Work, Hold],
        changed: Iterable[str] = (),
        problems: Iterable[str] = (),
        failing: tuple[Delivery, ...] = (),
        with_text: bool = True,
    ) -> Stop:
        """Return what is so at this moment.

        Args:
            number: of the stop.
            why: in words, why the run has stopped.
            holds: what is held.
            changed: the keys of the store that have changed.
            problems: what has gone wrong.
            failing: the delivery whose failure is about to end the run.
            with_text: whether with a snapshot.
        """
        run, ledger = self._run, self._run.ledger
        written, problem = self._write() if with_text else (Text(), "")
        gone = {found.id for found in failing}
        return Stop(
            number=number,
            why=brief(why, 200),
            time=run.now(),
            ready=(*failing, *(hold.told or self._tell(hold) for hold in holds.values())),
            running=tuple(self.delivery(work) for work in ledger.active if work not in holds and work.id not in gone),
            waiting=self._waiting(),
            queued=queued(ledger),
            questions=tuple(ledger.questions),
            buffers=put_aside(ledger),
            changed=tuple(changed),
            record=self.count,
            written=written,
            problem=" ".join(filter(None, (*problems, problem))),
            read_state=self._read_state,
            read_queue=partial(self._deliveries, [(work, work.event) for work in islice(in_line(ledger), PENDING)]),
        )

    def delivery(self, work: Work, event: Event | None = None, **more: Any) -> Delivery:
        """Return what a run works on, in the way in which a stop names it."""
        source = self.sources.get((work.parent, work.n), "")
        source = source if source or work.parent else None
        return Delivery(work.id, work.lane.spec.name, event or work.event, work.attempt, source, work.parent, **more)

    def _deliveries(self, works: list[tuple[Work, Event]]) -> tuple[Delivery, ...]:
        return tuple(self.delivery(work, event) for work, event in works)

    def _tell(self, hold: Hold) -> Delivery:
        hold.told = self.delivery(hold.work, hold.call.event, error=hold.error, result=hold.result)
        return hold.told

    def _waiting(self) -> tuple[Delivery, ...]:
        """Return what waits for events, with their types, and what waits for another attempt."""
        ledger, now = self._run.ledger, self._run.now()
        wanted: dict[Work, list[str]] = {}
        for wait in ledger.waits:
            wanted.setdefault(wait.work, []).append(wait.event_type.__name__)
        waits = [self.delivery(work, waits=tuple(wanted.get(work, ("its turn",)))) for work in ledger.waiting]
        again = [
            self.delivery(work, waits=(f"another attempt in {max(0.0, work.due - now):.3g} s",))
            for work in ledger.retrying
        ]
        return (*waits, *again)

    def _write(self) -> tuple[Text, str]:
        """Return the run as text, or why it cannot be written."""
        if self._writer is None:
            self._writer = Writer(self._run, self._run.context._reader())
        try:
            return self._writer.write(), ""
        except Exception as error:
            return Text(), brief(f"No snapshot: {type(error).__name__}: {said(error)}", 500)

    def _read_state(self, data: dict[str, Any]) -> Any:
        run = self._run
        return load_store(data, state_type_of(run.plan.state_types), run.context._reader()).state


def in_line(ledger: Ledger) -> Iterator[Work]:
    """Yield the deliveries that wait for a free worker, or have one and are about to start."""
    for lane in ledger.lanes:
        yield from lane.queue or ()
    yield from ledger.ready


def queued(ledger: Ledger) -> dict[str, int]:
    """Return how many deliveries wait for a free worker, by step."""
    counts = Counter({lane.spec.name: len(lane.queue) for lane in ledger.lanes if lane.queue})
    counts.update(work.lane.spec.name for work in ledger.ready)
    return dict(counts)


def put_aside(ledger: Ledger) -> dict[tuple[str, str], tuple[Event, ...]]:
    """Return what is put aside, by step and buffer: of `collect_events`, of joins, and of lists that are gathered."""
    found: dict[tuple[str, str], tuple[Event, ...]] = {}
    for (step, name), buffer in ledger.buffers.items():
        if buffer.count:
            found[step, _name_of(ledger, step, name)] = tuple(item.event for item in buffer.items)
    for scope in _scopes(ledger) if ledger.scoped else ():
        for index, items in scope.members.items():
            found[ledger.plan.steps[index].name, f"list {spell(scope.id)}"] = tuple(item.event for item in items)
    return found


def _name_of(ledger: Ledger, step: str, name: str) -> str:
    """Return the name of a buffer for people to read; that of a join has been made up."""
    if isinstance(ledger.plan.steps[ledger.plan.by_name[step]].gathers, Join) and name.startswith(_JOIN):
        scope = name.removeprefix(_JOIN)
        return f"list {scope[:8]}" if scope else "join"
    return name


def _scopes(ledger: Ledger) -> Collection[Scope]:
    """Return the scopes that live work belongs to."""
    found: dict[Scope, None] = {}
    for works in (ledger.active, ledger.waiting, ledger.retrying, in_line(ledger)):
        for work in works:
            scope = work.scope
            while scope is not None and scope not in found:
                found[scope] = None
                scope = scope.parent
    return found
