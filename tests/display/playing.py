"""A player of playbacks in Python, which goes by the moments alone, and runs that are worth playing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from wfkit import (
    Context,
    Event,
    Hook,
    HumanResponseEvent,
    InputRequiredEvent,
    Recorder,
    StartEvent,
    StepCall,
    StepFailedEvent,
    StopEvent,
    Workflow,
    catch_error,
    retry_policy,
    step,
)
from wfkit.display.frame import json_in_page
from wfkit.display.story import Story
from wfkit.display.tally import Tally
from wfkit.graph import FlowGraph, event_ids
from wfkit.records import Record
from wfkit.retry import stop_after_attempt, wait_exponential
from wfkit.seam import Proceed

COUNTS = ("queued", "running", "held", "waiting", "failed", "retried", "done", "cancelled")


class Query(Event):
    query: str


class Failed(Event):
    error: str


class LoopFlow(Workflow):
    turns = 4

    @step
    async def answer(self, ctx: Context, ev: StartEvent | Query) -> Failed | StopEvent:
        turn = await ctx.store.get("turn", 0) + 1
        await ctx.store.set("turn", turn)
        await asyncio.sleep(0.01)
        return Failed(error="too short") if turn < self.turns else StopEvent(result="Arr, matey")

    @step
    async def improve(self, ev: Failed) -> Query:
        await asyncio.sleep(0.03)
        return Query(query="better")


class Piece(Event):
    n: int


class Sum(Event):
    n: int


class FanFlow(Workflow):
    width = 12

    @step
    async def split(self, ev: StartEvent) -> list[Piece]:
        return [Piece(n=n) for n in range(self.width)]

    @step(num_workers=4)
    async def work(self, ctx: Context, ev: Piece) -> Sum:
        await asyncio.sleep(0.1 + 0.01 * (ev.n % 3))
        ctx.write_event_to_stream(Query(query="so far"))
        return Sum(n=ev.n)

    @step
    async def join(self, sums: list[Sum]) -> StopEvent:
        await asyncio.sleep(0.1)
        return StopEvent(result=sum(one.n for one in sums))


class Question(InputRequiredEvent):
    text: str


class Answer(HumanResponseEvent):
    text: str


class PersonFlow(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Question:
        await asyncio.sleep(0.2)
        return Question(text="Shall I?")

    @step
    async def hear(self, ev: Answer) -> StopEvent:
        await asyncio.sleep(0.1)
        return StopEvent(result=ev.text)


class WaitFlow(Workflow):
    @step
    async def draft(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await asyncio.sleep(0.2)
        answer = await ctx.wait_for_event(Answer, waiter_event=Question(text="Good?"))
        await asyncio.sleep(0.1)
        return StopEvent(result=answer.text)


class FetchFlow(Workflow):
    failures = 2
    fatal = False

    @step(retry_policy=retry_policy(wait=wait_exponential(multiplier=0.5), stop=stop_after_attempt(3)))
    async def fetch(self, ctx: Context, ev: StartEvent) -> Query:
        await asyncio.sleep(0.1)
        if ctx.retry_info().retry_number < self.failures:
            raise ConnectionError("no network")
        return Query(query="?")

    @step
    async def read(self, ev: Query) -> StopEvent:
        if self.fatal:
            raise ValueError("no title")
        return StopEvent(result="title")


class MendFlow(FetchFlow):
    fatal = True

    @catch_error
    async def mend(self, ev: StepFailedEvent) -> StopEvent:
        return StopEvent(result="never mind")


class CollectFlow(Workflow):
    @step
    async def deal(self, ctx: Context, ev: StartEvent) -> Piece | Sum:
        ctx.send_event(Piece(n=1))
        ctx.send_event(Piece(n=2))
        return Sum(n=3)

    @step
    async def gather(self, ctx: Context, ev: Piece | Sum) -> StopEvent | None:
        found = ctx.collect_events(ev, [Piece, Piece, Sum])
        return None if found is None else StopEvent(result=len(found))


class Holding(Hook):
    """Holds each step for a while before it begins, and once more at its end."""

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        with call.hold():
            await asyncio.sleep(2)
        result = await proceed(call)
        with call.hold():
            await asyncio.sleep(1)
        return result


class HeldFlow(FanFlow):
    """Is held again and again."""

    width = 3

    def __init__(self, **options: Any) -> None:
        super().__init__(hooks=[Holding()], **options)


async def record(workflow: Workflow, answer: Event | None = None, **fields: Any) -> tuple[Record, ...]:
    """Return all records of a run, however it ends; an answer is sent after half a minute."""
    recorder = Recorder(limit=None)
    handler = workflow.run(run_id="a run", hooks=[recorder], **fields)
    if answer is not None:
        await asyncio.sleep(30)
        assert handler.ctx is not None
        handler.ctx.send_event(answer)
    await asyncio.wait([asyncio.ensure_future(_finish(handler))])
    return recorder.records


async def _finish(handler: Any) -> None:
    with suppress(Exception):
        await handler


def story_of(workflow: Any, records: Iterable[Record]) -> Story:
    """Return the story of a run of a workflow."""
    plan = workflow.__wfkit_plan__()
    return Story.of(records, FlowGraph.of(plan), event_ids(plan))


def named(story: Story) -> dict[str, Tally]:
    """Return the tallies of a story by what is written on the shapes."""
    return {name: story.tallies[id] for id, name, _ in story.data["nodes"] if id in story.tallies}


def text_of(story: Story) -> str:
    """Return a story's data as a page has it."""
    return json_in_page(story.data)


def moments(story: Story, kind: str) -> list[list[Any]]:
    """Return a story's moments of one kind, each without its time and its kind."""
    return [rest for _, found, *rest in story.data["moments"] if found == kind]


class Player:
    """Goes through a playback from its first moment to its last. No count is ever below 0, no run ever unknown."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.steps: dict[int, dict[str, int]] = {}
        self.sent: dict[int, int] = {}
        self._standing: dict[int, str] = {}
        self._waits: dict[int, int] = {}
        for _, kind, *rest in data["moments"]:
            getattr(self, f"_{kind}", lambda *_: None)(*rest)
            assert all(count >= 0 for counts in self.steps.values() for count in counts.values()), (kind, rest)

    def _counts(self, node: int) -> dict[str, int]:
        return self.steps.setdefault(node, dict.fromkeys(COUNTS, 0))

    def _move(self, run: int, to: str) -> None:
        counts = self._counts(self.data["runs"][run][0])
        if run in self._standing:
            counts[self._standing[run]] -= 1
        counts[to] += 1
        self._standing[run] = to

    def _sent(self, event: int, sender: int, targets: Sequence[int]) -> None:
        node = self.data["events"][event][0]
        self.sent[node] = self.sent.get(node, 0) + 1
        for target in targets:
            self._counts(target)["queued"] += 1

    def _started(self, run: int, attempt: int) -> None:
        node, _, made, _, _, _, *many = self.data["runs"][run]
        if attempt == 1:
            self._counts(node)["queued"] -= many[0] if many else len(made) if isinstance(made, list) else 1
        else:
            assert self._standing[run] == "waiting"
        self._move(run, "running")

    def _finished(self, run: int, events: list[int]) -> None:
        assert run in self._standing
        self._move(run, "done")

    def _failed(self, run: int, error: int, again: float | None) -> None:
        assert run in self._standing
        self._move(run, "failed" if again is None else "waiting")
        self._counts(self.data["runs"][run][0])["retried"] += again is not None

    def _cancelled(self, run: int) -> None:
        assert run in self._standing
        self._move(run, "cancelled")

    def _waiting(self, run: int, name: str) -> None:
        assert run in self._standing
        self._waits[run] = self._waits.get(run, 0) + 1
        self._move(run, "waiting")

    def _resumed(self, run: int, event: int) -> None:
        assert run in self._standing
        self._waits[run] = max(0, self._waits.get(run, 0) - 1)
        if not self._waits[run]:
            self._move(run, "running")

    def _held(self, run: int) -> None:
        assert self._standing[run] == "running"
        self._move(run, "held")

    def _released(self, run: int) -> None:
        assert self._standing[run] == "held"
        self._move(run, "running")

    def _ended(self, outcome: str, event: int, error: int) -> None:
        for counts in self.steps.values():
            counts["cancelled"] += counts["running"] + counts["held"] + counts["waiting"]
            counts["queued"] = counts["running"] = counts["held"] = counts["waiting"] = 0

    def _skipped(self, records: int, tallies: list[Any], words: str, still_open: list[Any]) -> None:
        for node, numbers in tallies:
            if "sent" in numbers:
                self.sent[node] = numbers["sent"]
            else:
                self.steps[node] = dict(numbers)
        self._standing = dict(still_open)
        self._waits = {run: 1 for run, how in still_open if how == "waiting"}

    def check(self, story: Story) -> None:
        """Check that playing comes to what the still picture shows."""
        for number, (id, _, kind) in enumerate(self.data["nodes"]):
            tally = story.tallies.get(id)
            if tally is None or kind == "person":
                continue
            if kind == "step":
                assert {key: count for key, count in self._counts(number).items() if count} == dict(tally.chips)
            else:
                assert self.sent.get(number, 0) == tally.sent
