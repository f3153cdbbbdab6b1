"""OpenTelemetry: a span for each run and for each attempt of a step, with the causality of the run as parentage.

The package is loaded when a hook is made, never before: who does not trace needs not have it.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any, ClassVar
from weakref import ref

from pydantic import BaseModel

from wfkit.events import CollectionReleaseEvent, Event
from wfkit.masking import masked
from wfkit.records import (
    EventBuffered,
    EventReplaced,
    EventsCollected,
    EventSent,
    Record,
    RunEnded,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepHeld,
    StepReleased,
    StepSkipped,
    StepStarted,
    spell,
)
from wfkit.seam import Hook, Proceed, StepCall
from wfkit.values import said

RANK = 5  # outside of all others: what they do around a step, such as sending it elsewhere, belongs to its span
ENDED_LIMIT = 1_000  # spans of ended attempts that are remembered, for tasks which a step left behind and which send
TEXT_LIMIT = 4_000  # characters of an event
ITEM_LIMIT = 100  # items of a list or a mapping in it
DEPTH_LIMIT = 6  # levels of such
DEEDS = {StepHeld: "held", StepReleased: "released", EventReplaced: "event replaced", StepSkipped: "skipped"}


class OpenTelemetry(Hook):
    """Makes a span for each run, and one for each attempt of a step.

    The parent of a step's span is the span of the step that sent its event, even if that has ended; that of the first
    step is the run's. A step that collects events, or takes a list of them, has links to the spans they came by. What
    the body of a step opens with `start_as_current_span` is a child of the step's span, and so is a run that it
    starts, if that one is traced too: `observing` traces both.

    One hook may watch any number of runs, also at once. Of events it notes the types only.

    Args:
        tracer_provider: makes the spans; None for the global one.
        record_events: note the fields of events too, as JSON. Values whose names look like a secret's are masked, and
            long texts are cut.

    Raises:
        ImportError: the package opentelemetry-api is missing.
        TypeError: `tracer_provider` is none.

    Example:
        with wfkit.observing(OpenTelemetry()):
            await workflow.run()
    """

    rank: ClassVar[int] = RANK

    def __init__(self, tracer_provider: Any = None, *, record_events: bool = False) -> None:
        try:
            from opentelemetry import context, trace
        except ImportError as error:
            raise ImportError(
                'OpenTelemetry() needs the package opentelemetry-api. Install it: pip install "wfkit[otel]"'
            ) from error
        if tracer_provider is not None and not hasattr(tracer_provider, "get_tracer"):
            raise TypeError(
                f"tracer_provider must be a TracerProvider, got {tracer_provider!r}. Pass one, or None for the global."
            )
        self._api: tuple[Any, Any] = (trace, context)
        self._tracer = trace.get_tracer("wfkit", tracer_provider=tracer_provider)
        self._record_events = record_events

    def for_run(self) -> Hook:
        """Return what traces one run. The span that is current here becomes the parent of the run's."""
        return _RunSpans(*self._api, self._tracer, self._record_events)


class _Attempt:
    """An attempt that is under way.

    Attributes:
        span: its span.
        parent: the context of the span above it, None for the run's.
        links: the contexts of what it, or an attempt before it, has gathered or collected.
        keys: what its sends may have as `parent`: the delivery's id, and the sets that were collected.
    """

    __slots__ = ("keys", "links", "parent", "span")

    def __init__(self, span: Any, parent: Any, links: list[Any], keys: list[int]) -> None:
        self.span = span
        self.parent = parent
        self.links = links
        self.keys = keys


class _Carried:
    """Who sent an event that is under way, by the send's `(parent, n)`: the sender's context, and targets to start.

    It goes when all have started. A step that gathers events may never use some; then it goes with the event.
    """

    __slots__ = ("event", "senders")

    def __init__(self, event: Event, table: dict[int, _Carried]) -> None:
        key = id(event)
        self.event = ref(event, lambda _: table.pop(key, None))
        self.senders: dict[tuple[int, int], tuple[Any, int]] = {}


class _RunSpans(Hook):
    """The spans of one run.

    What it keeps is in proportion to the work under way: attempts at work, events queued, deliveries in buffers.
    """

    rank: ClassVar[int] = RANK

    def __init__(self, trace: Any, context: Any, tracer: Any, record_events: bool) -> None:
        self._trace, self._context, self._tracer = trace, context, tracer
        self._record_events = record_events
        self._outside = context.get_current()  # it may queue for its turn, and begin where something else is current
        self._run: Any = None
        self._run_id = ""
        self._at_work: dict[int, _Attempt] = {}
        self._retrying: dict[int, _Attempt] = {}  # the attempt before the one to come
        self._buffered: dict[int, Any] = {}
        self._carried: dict[int, _Carried] = {}
        self._ended: OrderedDict[int, Any] = OrderedDict()

    def __repr__(self) -> str:
        return f"<OpenTelemetry of run {self._run_id!r}>"

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        """Make the step's span the current one while its body runs."""
        attempt = self._at_work.get(call.id)
        if attempt is None or not attempt.span.get_span_context().is_valid:  # valid, unless there is no SDK
            return await proceed(call)
        token = self._context.attach(self._trace.set_span_in_context(attempt.span))
        del attempt  # an error keeps this frame
        try:
            return await proceed(call)
        except GeneratorExit:  # its loop was closed: it is taken down in another context, where the token is no good
            token = None
            raise
        finally:
            if token is not None:
                self._context.detach(token)

    def on_record(self, record: Record) -> None:
        """Begin and end spans."""
        take = _TAKERS.get(type(record))
        if take is None:
            return
        try:
            take(self, record)
        except Exception:  # a span processor's, most likely; we are removed now, and what is open must not stay so
            with suppress(Exception):
                self._let_go()
            raise

    # -- the run -----------------------------------------------------------------------------------------------

    def _run_started(self, record: RunStarted) -> None:
        attributes: dict[str, Any] = {"wfkit.run_id": record.run_id, "wfkit.workflow": record.workflow}
        if record.restored:
            attributes["wfkit.restored"] = True
        self._run_id = record.run_id
        self._run = self._tracer.start_span(record.workflow, self._outside, attributes=attributes)

    def _run_ended(self, record: RunEnded) -> None:
        if self._run is not None:
            self._run.set_attribute("wfkit.outcome", record.outcome)
            if record.error is not None and record.outcome != "cancelled":
                self._note_error(self._run, record.error)
        self._let_go()

    def _let_go(self) -> None:
        """End what is still open, and forget everything."""
        attempts = list(dict.fromkeys(self._at_work.values()))
        run, self._run, self._outside = self._run, None, None
        tables: tuple[dict[int, Any], ...] = (
            self._at_work,
            self._retrying,
            self._buffered,
            self._carried,
            self._ended,
        )
        for table in tables:
            table.clear()
        for attempt in reversed(attempts):  # they have not answered their cancellation in time
            with suppress(Exception):
                self._end_span(attempt.span, "cancelled")
        if run is not None:
            run.end()

    # -- steps -------------------------------------------------------------------------------------------------

    def _step_started(self, record: StepStarted) -> None:
        before = self._retrying.pop(record.id, None)
        parent, links = self._origin(record) if before is None else (before.parent, before.links)
        attributes: dict[str, Any] = {
            "wfkit.run_id": self._run_id,
            "wfkit.step": record.step,
            "wfkit.delivery": spell(record.id),
            "wfkit.attempt": record.attempt,
            "wfkit.input_event": type(record.event).__name__,
        }
        if self._record_events:
            attributes["wfkit.input"] = _shown(record.event)
        above = self._run if parent is None else self._trace.NonRecordingSpan(parent)
        span = self._tracer.start_span(
            record.step,
            self._outside if above is None else self._trace.set_span_in_context(above, self._outside),
            attributes=attributes,
            links=[self._trace.Link(context) for context in links],
        )
        attempt = _Attempt(span, parent, links, [record.id] if before is None else before.keys)
        self._at_work |= dict.fromkeys(attempt.keys, attempt)

    def _touched(self, record: Any) -> None:
        """Note on a step's span what another hook, such as a debugger, does to the step."""
        if record.id in self._at_work:
            self._at_work[record.id].span.add_event(DEEDS[type(record)])

    def _origin(self, record: StepStarted) -> tuple[Any, list[Any]]:
        """Return the context of the span above a new attempt, None for the run's, and those it is linked to."""
        if isinstance(record.event, CollectionReleaseEvent):
            senders = [self._take(event) for event in record.event.events]
            links = list({sender.span_id: sender for sender in senders if sender is not None}.values())
            return (links[-1] if links else None), links
        return self._take(record.event, (record.parent, record.n)), []

    def _take(self, event: Event, send: tuple[int, int] | None = None) -> Any:
        """Note that an event has arrived once, and return the context of the span that sent it, None if unknown."""
        carried = self._carried.get(id(event))
        if carried is None:
            return None
        if send is None:
            send = next(iter(carried.senders))
        sender, left = carried.senders.get(send, (None, 0))
        if left > 1:
            carried.senders[send] = sender, left - 1
        else:
            carried.senders.pop(send, None)
            if not carried.senders:
                del self._carried[id(event)]
        return sender

    def _of(self, key: int) -> Any:
        """Return the context of the span of a delivery, or of the one that completed a set; None if unknown."""
        attempt = self._at_work.get(key)
        return self._ended.get(key) if attempt is None else attempt.span.get_span_context()

    def _step_finished(self, record: StepFinished) -> None:
        attempt = self._close(record.id)
        if attempt is None:
            return
        made: Any = record.event
        if made is not None:
            events = made if isinstance(made, (list, tuple)) else (made,)
            names = dict.fromkeys(type(event).__name__ for event in events)
            attempt.span.set_attribute("wfkit.output_event", " | ".join(names))
            if events is made:
                attempt.span.set_attribute("wfkit.output_count", len(events))
            if self._record_events:
                attempt.span.set_attribute("wfkit.output", _shown(made))
        self._end_span(attempt.span, "done")

    def _step_failed(self, record: StepFailed) -> None:
        attempt = self._close(record.id)
        if attempt is None:
            return
        if record.retry_in is not None:
            self._retrying[record.id] = attempt
            attempt.span.set_attribute("wfkit.retry_in", float(record.retry_in))
        self._note_error(attempt.span, record.error)
        self._end_span(attempt.span, "failed")

    def _step_cancelled(self, record: StepCancelled) -> None:
        attempt = self._close(record.id)
        if attempt is not None:
            self._end_span(attempt.span, "cancelled")

    def _close(self, id: int) -> _Attempt | None:
        """Take an attempt off the table; its context is kept for a while, its sends come after its end."""
        attempt = self._at_work.get(id)
        if attempt is None:
            return None
        context = attempt.span.get_span_context()
        for key in attempt.keys:
            self._at_work.pop(key, None)
            self._ended[key] = context
        while len(self._ended) > ENDED_LIMIT:
            self._ended.popitem(last=False)
        return attempt

    # -- events ------------------------------------------------------------------------------------------------

    def _event_sent(self, record: EventSent) -> None:
        sender = self._of(record.parent) if record.targets else None
        if sender is None:
            return
        carried = self._carried.get(id(record.event))
        if carried is None:
            carried = self._carried[id(record.event)] = _Carried(record.event, self._carried)
        carried.senders[record.parent, record.n] = sender, len(record.targets)

    def _event_buffered(self, record: EventBuffered) -> None:
        self._buffered[record.id] = self._of(record.id)

    def _events_collected(self, record: EventsCollected) -> None:
        attempt = self._at_work.get(record.id)
        if attempt is None:
            return
        for id in record.ids:
            context = self._buffered.pop(id, None) or self._of(id)
            if id != record.id and context is not None:
                attempt.links.append(context)
                attempt.span.add_link(context)
        attempt.keys.append(record.lineage)
        self._at_work[record.lineage] = attempt

    # -- words -------------------------------------------------------------------------------------------------

    def _end_span(self, span: Any, outcome: str) -> None:
        span.set_attribute("wfkit.outcome", outcome)
        span.end()

    def _note_error(self, span: Any, error: BaseException) -> None:
        try:
            text = f"{type(error).__name__}: {said(error)}"
            span.record_exception(error)
        except Exception:  # an error may have a __str__ that fails
            text = type(error).__name__
        span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, text))


_TAKERS: dict[type, Callable[[_RunSpans, Any], None]] = {
    RunStarted: _RunSpans._run_started,
    EventSent: _RunSpans._event_sent,
    StepStarted: _RunSpans._step_started,
    StepFinished: _RunSpans._step_finished,
    StepFailed: _RunSpans._step_failed,
    StepCancelled: _RunSpans._step_cancelled,
    EventBuffered: _RunSpans._event_buffered,
    EventsCollected: _RunSpans._events_collected,
    RunEnded: _RunSpans._run_ended,
    **dict.fromkeys(DEEDS, _RunSpans._touched),
}


def _shown(value: Any) -> str:
    """Write an event, or several, as JSON with secrets masked. What cannot be written says so."""
    try:
        text = json.dumps(_plain(value, DEPTH_LIMIT), ensure_ascii=False)
    except Exception as error:
        return f"<{type(value).__name__}: {type(error).__name__} while reading its fields>"
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def _plain(value: Any, depth: int) -> Any:
    """Return a value as what JSON knows: long things cut, secrets masked, anything unknown as its repr."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, bytes)):
        cut = value[:TEXT_LIMIT]
        return cut if isinstance(cut, str) else repr(cut)
    if isinstance(value, BaseModel):
        value = {**value.__dict__, **(value.__pydantic_extra__ or {})}
    elif is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        if depth == 0:
            return "…"
        pairs = masked(dict(islice(value.items(), ITEM_LIMIT)))
        return {str(name): _plain(item, depth - 1) for name, item in pairs.items()}
    if isinstance(value, (list, tuple, AbstractSet)):
        return "…" if depth == 0 else [_plain(item, depth - 1) for item in islice(value, ITEM_LIMIT)]
    return repr(value)[:TEXT_LIMIT]
