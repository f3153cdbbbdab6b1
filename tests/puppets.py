"""Workflows whose step bodies do what they are told, act by act, and tell a model of a run what they do."""

# mypy: disable-error-code="no-any-return,override"
# A body returns what it is told to, whatever its step declares; the flow with lists has one step declare more.

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from tests.acts import (
    LISTS,
    PLAIN,
    SET,
    TAKE,
    TIMEOUT,
    Act,
    Fail,
    Gather,
    Key,
    Message,
    Return,
    Send,
    Show,
    Verdict,
    Wait,
)
from tests.lines import Delivery
from tests.run_model import Model
from wfkit import Collect, Context, Event, Hook, HumanResponseEvent, StartEvent, StopEvent, Take, Workflow, step
from wfkit.records import Record, StepStarted


class Task(Event):
    """Taken by two steps."""

    n: int


class Note(Event):
    """Taken by a step, unless one of its bodies waits for it."""

    n: int


class Part(Event):
    """Collected."""

    n: int


class Answer(HumanResponseEvent):
    """Only waited for."""

    n: int


class Order(Event):
    """Taken by a step that returns a list."""

    n: int


class Piece(Event):
    """One of a list."""

    n: int


class Done(Event):
    """Gathered."""

    n: int


class Left(Event):
    """One half of a join."""

    n: int


class Right(Event):
    """The other half."""

    n: int


EVENTS = (StartEvent, Task, Note, Part, Answer, Order, Piece, Done, Left, Right)
KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in EVENTS}


def event_of(message: Message) -> Event:
    """Return a message as an event."""
    return StopEvent(result=message.n) if message.kind == "StopEvent" else KINDS[message.kind](n=message.n)


def message_of(event: Event | None) -> Message | None:
    """Return an event as a message."""
    if event is None:
        return None
    n = event.result if isinstance(event, StopEvent) else event["n"]
    return Message(type(event).__name__, n)


def number_of(event: Event) -> int:
    """Return the number of an event's message."""
    message = message_of(event)
    assert message is not None
    return message.n


def returned(verdict: Return) -> Event | list[Event] | None:
    """Return what a body is to return."""
    if verdict.items is not None:
        return [event_of(message) for message in verdict.items]
    return None if verdict.message is None else event_of(verdict.message)


class Oops(Exception):
    """Raised by a body that was told to. `again`: seconds until the next attempt, None for the end of the run."""

    def __init__(self, n: int, again: float | None) -> None:
        super().__init__(n)
        self.n = n
        self.again = again


class AsTold:
    """A retry policy: the error says it."""

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None) -> float | None:
        """Return the seconds until the next attempt, None for no more."""
        return error.again if isinstance(error, Oops) else None


class Prompter(Hook):
    """Knows which delivery has begun last: the one whose body asks."""

    latest: StepStarted

    def on_record(self, record: Record) -> None:
        """Take note."""
        if isinstance(record, StepStarted):
            self.latest = record


class Stage:
    """Where the bodies of one run act.

    Args:
        model: is told what the bodies do.
        keys: what the model calls the delivery of each id, as far as known.

    Attributes:
        here: how many bodies are on the stage.
    """

    def __init__(self, model: Model, keys: dict[int, Key]) -> None:
        self.model = model
        self.prompter = Prompter()
        self.here = 0
        self._keys = keys
        self._cues: dict[Key, asyncio.Future[Sequence[Verdict]]] = {}

    @property
    def cues(self) -> list[Key]:
        """The bodies that wait to be told what to do next."""
        return sorted(key for key, cue in self._cues.items() if not cue.done())

    def tell(self, key: Key, *verdicts: Verdict) -> None:
        """Tell a body what to do next, one thing after the other; it begins when the event loop gets to it."""
        self._cues[key].set_result(verdicts)

    def _key(self, step: str, events: tuple[int, ...]) -> Key:
        """Return what the model calls the delivery that has just begun; a list has no number of its own."""
        if step not in TAKE:
            return step, events[0]
        called = self.model.lines[step].called
        return self._keys.setdefault(self.prompter.latest.id, called[0].key if called else (step, 0))

    async def play(self, ctx: Context, step: str, *events: Event) -> Any:
        """Be the body of a delivery, from its beginning to its end."""
        self.model.tick(asyncio.get_running_loop().time())
        numbers = tuple(number_of(event) for event in events)
        delivery = self.model.begin(self._key(step, numbers), numbers)
        self.here += 1
        try:
            for act in tuple(delivery.acts):
                await self._do(ctx, delivery, events, act)
            while True:
                for verdict in await self._cue(delivery):
                    if isinstance(verdict, Return):
                        self.model.finish(delivery, verdict.message, verdict.items)
                        return returned(verdict)
                    if isinstance(verdict, Fail):
                        self.model.fail(delivery, verdict.again)
                        raise Oops(delivery.message.n, verdict.again)
                    delivery.acts.append(verdict)
                    await self._do(ctx, delivery, events, verdict)
        except asyncio.CancelledError:
            self.model.tick(asyncio.get_running_loop().time())
            self.model.cancel(delivery)
            raise
        finally:
            self.here -= 1
            self._cues.pop(delivery.key, None)

    async def _cue(self, delivery: Delivery) -> Sequence[Verdict]:
        loop = asyncio.get_running_loop()
        cue: asyncio.Future[Sequence[Verdict]] = loop.create_future()
        self._cues[delivery.key] = cue
        verdicts = await cue
        self.model.tick(loop.time())
        return verdicts

    async def _do(self, ctx: Context, delivery: Delivery, events: Sequence[Event], act: Act) -> None:
        model = self.model
        if isinstance(act, Send):
            model.send(act.message, delivery, act.only)
            ctx.send_event(event_of(act.message), step=act.only)
        elif isinstance(act, Show):
            model.show(act.message, delivery)
            ctx.write_event_to_stream(event_of(act.message))
        elif isinstance(act, Gather):
            got = ctx.collect_events(events[0], [Part] * SET, buffer_id=act.buffer)
            model.collect(delivery, act.buffer, None if got is None else [each["n"] for each in got])
        else:
            await self._wait(ctx, delivery, act)

    async def _wait(self, ctx: Context, delivery: Delivery, act: Wait) -> None:
        self.model.wait(delivery, act)
        try:
            answer: Event | None = await ctx.wait_for_event(KINDS[act.kind], timeout=act.seconds)
        except TimeoutError:
            answer = None
        self.model.tick(asyncio.get_running_loop().time())
        self.model.resume(delivery, message_of(answer))


class Puppets(Workflow):
    """Three steps: one alone, one that may be tried again, and one that collects.

    Args:
        stage: where the bodies act.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(timeout=TIMEOUT)
        self.stage = stage

    @step(num_workers=PLAIN.workers["narrow"])
    async def narrow(self, ctx: Context, ev: StartEvent | Task) -> Task | Note | Part | Answer | StopEvent | None:
        """Take one event at a time."""
        return await self.stage.play(ctx, "narrow", ev)

    @step(num_workers=PLAIN.workers["wide"], retry_policy=AsTold())
    async def wide(self, ctx: Context, ev: Task | Note) -> Task | Note | Part | Answer | StopEvent | None:
        """Take two events at a time."""
        return await self.stage.play(ctx, "wide", ev)

    @step(num_workers=PLAIN.workers["gather"], retry_policy=AsTold())
    async def gather(self, ctx: Context, ev: Part) -> Task | Note | Part | Answer | StopEvent | None:
        """Collect."""
        return await self.stage.play(ctx, "gather", ev)


class GroupPuppets(Puppets):
    """Steps that return lists, of which others gather what came of them, and a join."""

    @step(num_workers=LISTS.workers["narrow"])
    async def narrow(
        self, ctx: Context, ev: StartEvent | Task
    ) -> Order | Task | Note | Part | Answer | StopEvent | None:
        """Take one event at a time."""
        return await self.stage.play(ctx, "narrow", ev)

    @step(num_workers=LISTS.workers["split"], retry_policy=AsTold())
    async def split(self, ctx: Context, ev: Order) -> list[Order | Piece | Left | Right | Task]:
        """Return a list."""
        return await self.stage.play(ctx, "split", ev)

    @step(num_workers=LISTS.workers["work"], retry_policy=AsTold())
    async def work(self, ctx: Context, ev: Piece) -> Done | Order | Left | Right | Task | None:
        """Work on one of a list."""
        return await self.stage.play(ctx, "work", ev)

    @step(num_workers=LISTS.workers["join"])
    async def join(self, ctx: Context, left: Left, right: Right) -> Done | None:
        """Join two halves."""
        return await self.stage.play(ctx, "join", left, right)

    @step(num_workers=LISTS.workers["some"])
    async def some(
        self, ctx: Context, dones: Annotated[list[Done], Collect(Take(TAKE["some"] or 0))]
    ) -> Done | Note | None:
        """Gather the first of a list."""
        return await self.stage.play(ctx, "some", *dones)

    @step(num_workers=LISTS.workers["whole"], retry_policy=AsTold())
    async def whole(self, ctx: Context, dones: list[Done]) -> Done | Note | StopEvent | None:
        """Gather all that came of a list."""
        return await self.stage.play(ctx, "whole", *dones)
