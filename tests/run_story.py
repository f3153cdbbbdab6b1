"""A run beside its model, and the records of the run as facts of the model's story."""

from __future__ import annotations

import asyncio
import copy
import json
from collections import Counter
from typing import Any, NamedTuple

import pytest

from tests.acts import TAKE, Fact, Key, Message
from tests.group_model import GroupModel
from tests.puppets import GroupPuppets, Oops, Puppets, Stage, event_of, message_of, number_of
from tests.run_model import Model
from wfkit import (
    Context,
    Event,
    Hook,
    StartEvent,
    StopEvent,
    WorkflowCancelledByUser,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowHandler,
    WorkflowRuntimeError,
    WorkflowTimedOutEvent,
    WorkflowTimeoutError,
    records,
)
from wfkit.events import CollectionReleaseEvent
from wfkit.testing import Probe

LAST_EVENTS: dict[str, type[Event]] = {
    "done": StopEvent,
    "failed": WorkflowFailedEvent,
    "timed out": WorkflowTimedOutEvent,
    "cancelled": WorkflowCancelledEvent,
}


def first_of(event: Event) -> Event:
    """Return the event that a delivery is called by."""
    return event.events[0] if isinstance(event, CollectionReleaseEvent) else event


class Lineage:
    """Which delivery has which id, and where each message came from: the same in every run of one history."""

    def __init__(self) -> None:
        self.keys: dict[int, Key] = {}
        self.ids: dict[Key, int] = {}
        self.origins: dict[int, tuple[int, int]] = {}
        self.sent: dict[tuple[int, int], int] = {}

    def learn(self, record: records.StepStarted) -> Key:
        """Note the id of a delivery and return what the model calls it. Of a list, the stage has noted it."""
        key = self.keys[record.id] if record.step in TAKE else (record.step, number_of(first_of(record.event)))
        assert self.keys.setdefault(record.id, key) == key, "an id belongs to one delivery"
        assert self.ids.setdefault(key, record.id) == record.id, "a delivery has one id"
        return key

    def learn_origin(self, record: records.EventSent | records.StepStarted) -> None:
        """Note which delivery sent a message, and the how-manyth of its messages that was."""
        n, origin = number_of(record.event), (record.parent, record.n)
        assert self.origins.setdefault(n, origin) == origin, "a message has one origin"
        assert self.sent.setdefault(origin, n) == n, "two messages have different origins"


def named(returned: Event | tuple[Event, ...] | None) -> Message | tuple[Message | None, ...] | None:
    """Return what a body has returned, in messages."""
    return tuple(map(message_of, returned)) if isinstance(returned, tuple) else message_of(returned)


def told(record: records.Record, lineage: Lineage) -> Fact | None:
    """Return a record as a fact of the model's story, with its time last; None for what the model does not tell."""
    keys = lineage.keys
    match record:
        case records.EventSent():
            lineage.learn_origin(record)
            return "sent", record.source, message_of(record.event), record.targets, record.time
        case records.StepStarted():
            if not isinstance(record.event, CollectionReleaseEvent):
                lineage.learn_origin(record)
            return "started", lineage.learn(record), record.attempt, record.time
        case records.StepFinished():
            return "finished", keys[record.id], named(record.event), record.time
        case records.StepFailed():
            return "failed", keys[record.id], record.attempt, record.retry_in, record.time
        case records.StepCancelled():
            return "cancelled", keys[record.id], record.time
        case records.StepWaiting():
            return "waiting", keys[record.id], record.event_type.__name__, record.time
        case records.StepResumed():
            return "resumed", keys[record.id], message_of(record.event), record.time
        case records.EventBuffered():
            return "collected", keys[record.id], record.buffer_id, (), record.time
        case records.EventsCollected():
            taken = tuple(keys[id] for id in record.ids)
            return "collected", keys[record.id], record.buffer_id, taken, record.time
        case records.EventStreamed():
            return "streamed", keys[record.id], message_of(record.event), record.time
    return None


async def ending(handler: WorkflowHandler) -> tuple[str, int]:
    """Wait for a run and return how it ended, in the model's words."""
    try:
        return "done", await handler
    except Oops as error:
        return "failed", error.n
    except WorkflowTimeoutError:
        return "timed out", 0
    except WorkflowCancelledByUser:
        return "cancelled", 0


class Saved(NamedTuple):
    """A snapshot, as text, and what the model and the lineage were at that moment."""

    text: str
    model: Model
    lineage: Lineage


class Run:
    """One run beside its model. Made inside the event loop.

    Args:
        lists: whether its steps return lists.
        saved: what it goes on from; None for a new run.

    Attributes:
        read: what has been read of its stream so far.
        watcher: who reads the stream as it comes, if somebody does.
    """

    def __init__(self, lists: bool, saved: Saved | None = None) -> None:
        self._loop = loop = asyncio.get_running_loop()
        new = GroupModel if lists else Model
        self.model = new(loop.time()) if saved is None else saved.model.restored(loop.time())
        self.lineage = Lineage() if saved is None else copy.deepcopy(saved.lineage)
        self.stage = Stage(self.model, self.lineage.keys)
        self.read: list[Event] = []
        self.watcher: asyncio.Task[None] | None = None
        self._probe = Probe()
        self._heard = self._facts = 0
        workflow = (GroupPuppets if lists else Puppets)(self.stage)
        hooks: list[Hook] = [self._probe, self.stage.prompter]
        if saved is None:
            self.model.send(Message("StartEvent", 0))
            self.handler = workflow.run(start_event=StartEvent(n=0), hooks=hooks)
        else:
            context: Context[Any] = Context.from_dict(workflow, json.loads(saved.text))
            self.handler = workflow.run(ctx=context, hooks=hooks)
        self._restored = saved is not None
        self._ending = loop.create_task(ending(self.handler))

    @property
    def goes_on(self) -> bool:
        """Whether its outcome is open."""
        return self.handler.status in ("running", "waiting", "stuck")

    def save(self) -> Saved:
        """Take a snapshot."""
        self.model.tick(self._loop.time())
        self._hear()
        text = json.dumps(self.handler.ctx.to_dict())
        return Saved(text, copy.deepcopy(self.model), copy.deepcopy(self.lineage))

    async def send(self, message: Message, only: str | None) -> None:
        """Send a message from outside."""
        if self.model.open:
            self.model.send(message, None, only)
            await self.handler.send_event(event_of(message), only)

    async def cancel(self) -> None:
        """Cancel the run."""
        if self.goes_on:
            self.model.outcome = "cancelled", 0
        await self.handler.cancel_run()

    async def watch(self) -> None:
        """Read the stream as it comes, to its end."""
        async for event in self.handler.stream_events():
            self.read.append(event)

    async def look(self, count: int) -> None:
        """Read so many events of the stream."""
        if count:
            async for event in self.handler.stream_events():
                self.read.append(event)
                count -= 1
                if not count:
                    break

    @property
    def unread(self) -> int:
        """How many events are there to be read."""
        return len(self.model.shown) + self.handler.is_done() - len(self.read)

    # -- what must hold ----------------------------------------------------------------------------------------

    def check(self) -> None:
        """At any time: nothing wrong was noted, the records and the stream tell the model's story."""
        assert not self.model.wrong, self.model.wrong
        self._hear()
        shown = [event for event in self.read if not isinstance(event, tuple(LAST_EVENTS.values()))]
        assert [message_of(event) for event in shown] == self.model.shown[: len(shown)]

    def _hear(self) -> None:
        for record in self._probe.records[self._heard :]:
            self._heard += 1
            fact = told(record, self.lineage)
            if fact is not None:
                self._facts += 1
                assert [fact] == self.model.story[self._facts - 1 : self._facts]
        assert self.model.story[self._facts :] == [], "what has happened is on record"

    def check_rest(self) -> None:
        """When nothing moves: all that can be done has been begun."""
        model = self.model
        if model.stop is not None and model.outcome is None:
            model.outcome = "done", model.stop.n
            assert model.last_calls == [], "what was ready when a step returned the StopEvent begins"
        assert self.handler.status == model.status
        if model.outcome is None:
            assert [line.called for line in model.lines.values() if line.called] == [], "who has a slot begins"
            at_work = Counter(each.key[0] for each in model.live.values() if each.state == "active")
            assert Counter(step for step, _ in self.stage.cues) == at_work <= Counter(model.cast.workers)
            assert model.accepted == model.done + Counter(list(model.live)), "nothing is lost, nothing is done twice"
        else:
            self.check_end()

    def check_end(self) -> None:
        """At the end: it is told once and to all, and nothing lives on."""
        assert self.handler.is_done()
        assert self._ending.done()
        assert self._ending.result() == self.model.outcome
        assert self.stage.here == 0
        history = self._probe.records
        first, last = history[0], history[-1]
        assert isinstance(first, records.RunStarted)
        assert first.restored is self._restored
        assert isinstance(last, records.RunEnded)
        assert last.outcome == self.handler.status
        assert sum(isinstance(record, (records.RunStarted, records.RunEnded)) for record in history) == 2

    async def check_stream(self) -> None:
        """When all is over: the rest of the stream, which ends once."""
        assert self.model.outcome is not None
        await self.look(self.unread)
        with pytest.raises(WorkflowRuntimeError, match="already been consumed"):
            await self.watch()
        assert len(self.read) == len(self.model.shown) + 1
        last = self.read[-1]
        assert type(last) is LAST_EVENTS[self.model.outcome[0]]
        assert sum(isinstance(event, tuple(LAST_EVENTS.values())) for event in self.read) == 1
