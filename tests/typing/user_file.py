"""A user's file, to be read by type checkers: what they should know about wfkit's types without any hint.

`tests/test_typing.py` runs them over it, and sees that its workflows are valid when it is imported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, assert_type

from pydantic import BaseModel, Field

from wfkit import (
    All,
    BaseSerializer,
    Collect,
    Context,
    DictState,
    Event,
    Hook,
    HumanResponseEvent,
    InputRequiredEvent,
    JsonSerializer,
    Recorder,
    Resource,
    ResourceConfig,
    ResourceManager,
    RetryInfo,
    RetryPolicy,
    StartEvent,
    StepCall,
    StepFailedEvent,
    StopEvent,
    Take,
    Verbose,
    Workflow,
    WorkflowHandler,
    catch_error,
    retry_policy,
    run_sync,
    step,
)
from wfkit.records import Record
from wfkit.retry import (
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
    wait_fixed,
)
from wfkit.seam import Proceed
from wfkit.testing import WorkflowTestRunner


class Begin(StartEvent):
    topic: str


class Query(Event):
    text: str
    tags: list[str] = Field(default_factory=list)


class Answer(Event):
    text: str
    score: float = 0.0


class Ask(InputRequiredEvent):
    question: str


class Reply(HumanResponseEvent):
    text: str


class Report(StopEvent):
    lines: list[str]


class State(BaseModel):
    seen: int = 0
    words: list[str] = Field(default_factory=list)


class Settings(BaseModel):
    model: str = "small"


@dataclass
class Client:
    name: str

    async def complete(self, text: str) -> str:
        return f"{self.name}: {text}"


def get_client() -> Client:
    return Client("small")


async def get_slow_client(client: Annotated[Client, Resource(get_client)]) -> Client:
    return Client(f"slow {client.name}")


class Constant:
    """A policy as one writes it without a seed."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return 1.0 if attempts < 3 else None


class Seeded:
    """And with one."""

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: int | None = None) -> float | None:
        return None


POLICY: RetryPolicy = retry_policy(
    retry=retry_if_exception_type((ConnectionError, TimeoutError)),
    wait=wait_exponential_jitter(max=timedelta(seconds=30)) + wait_fixed(1),
    stop=stop_after_attempt(5) | stop_before_delay(120),
)


# -- workflows that say what they give, and one that does not --------------------------------------------------------


class Plain(Workflow):
    """Gives Any."""

    @step
    async def only(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.get("topic", "none"))


class Text(Workflow[str]):
    """Gives a str."""

    client = Client("attribute")

    def __init__(self, suffix: str, **options: Any) -> None:
        super().__init__(**options)
        self.suffix = suffix

    @step
    async def begin(self, ctx: Context[State], ev: Begin) -> Query | Answer:
        state = await ctx.store.get_state()
        assert_type(state, State)
        async with ctx.store.edit_state() as draft:
            assert_type(draft, State)
            draft.seen += 1
        assert_type(ctx.store.state, State)
        await ctx.store.set("words", [ev.topic])
        assert_type(await ctx.store.get("words"), Any)
        return Query(text=ev.topic)

    @step(num_workers=8, retry_policy=Constant(), skip_graph_checks=["dead_end"], accept_event_subclasses=True)
    async def work(self, ctx: Context, ev: Query, client: Annotated[Client, Resource(get_client)]) -> Answer | None:
        info = ctx.retry_info()
        assert_type(info, RetryInfo)
        assert_type(info.retry_number, int)
        assert_type(client, Client)
        state = await ctx.store.get_state()
        assert_type(state, DictState)
        ctx.write_event_to_stream(Event(progress=0.5))
        return Answer(text=await client.complete(ev.text))

    @step
    def finish(self, ev: Answer) -> StopEvent:
        assert_type(ev.text, str)
        return StopEvent(result=ev.text + self.suffix)

    @catch_error(for_steps=["work"], max_recoveries=2)
    async def recover(self, ev: StepFailedEvent) -> StopEvent:
        assert_type(ev.exception, BaseException)
        assert_type(ev.attempts, int)
        return StopEvent(result=ev.step_name)


class Many(Workflow[Report]):
    """Lists, a join, a person."""

    @step
    async def split(self, ev: Begin) -> list[Query]:
        return [Query(text=word) for word in ev.topic.split()]

    @step(retry_policy=POLICY)
    async def work(
        self,
        ev: Query,
        slow: Annotated[Client, Resource(get_slow_client, cache=False)],
        settings: Annotated[Settings, ResourceConfig("settings.json", "llm", label="LLM")],
    ) -> Answer:
        return Answer(text=await slow.complete(settings.model))

    @step
    async def some(self, ctx: Context, answers: Annotated[list[Answer], Collect(Take(2))]) -> Ask:
        assert_type(answers, list[Answer])
        return Ask(question="?")

    @step
    async def every(self, answers: Annotated[list[Answer], Collect(All())]) -> Answer | None:
        return answers[0] if answers else None

    @step
    async def both(self, ask: Answer, reply: Reply) -> Report:
        return Report(lines=[ask.text, reply.text])

    @catch_error
    async def give_up(self, ev: StepFailedEvent) -> Report:
        return Report(lines=[])


class Waits(Workflow[int]):
    """Collects, waits, sends."""

    @step
    async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent | Query | Answer:
        reply = await ctx.wait_for_event(Reply, waiter_event=Ask(question="?"), requirements={"to": 1}, timeout=None)
        assert_type(reply, Reply)
        ctx.send_event(Query(text=reply.text), step="gather")
        return StopEvent(result=len(reply.text))

    @step
    async def gather(self, ctx: Context, ev: Query | Answer) -> StopEvent | None:
        found = ctx.collect_events(ev, [Query, Answer])
        assert_type(found, list[Event] | None)
        return None if found is None else StopEvent(result=len(found))


class Family(Workflow[str]):
    """A child in an annotated attribute."""

    child: Text

    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        text = await self.child.run(topic="x")
        assert_type(text, str)
        return StopEvent(result=text)


free = Workflow[bytes](workflow_name="free")


@step(workflow=free)
async def alone(ev: StartEvent) -> StopEvent:
    return StopEvent(result=b"x")


@step(workflow=Plain, num_workers=2)
def aside(ev: StartEvent) -> None: ...


# -- hooks and serializers -------------------------------------------------------------------------------------------


class Timed(Hook):
    """Counts."""

    count = 0

    def on_record(self, record: Record) -> None:
        assert_type(record.time, float)
        self.count += 1

    async def around_step(self, call: StepCall, proceed: Proceed) -> Any:
        assert_type(call.event, Event)
        return await proceed(call)


class Backwards(BaseSerializer):
    """Writes from right to left."""

    def serialize(self, value: Any) -> str:
        return JsonSerializer(allowed_types=[Query]).serialize(value)[::-1]

    def deserialize(self, value: str) -> Any:
        return JsonSerializer(allowed_types=[Query]).deserialize(value[::-1])


# -- running them ----------------------------------------------------------------------------------------------------


async def main() -> None:
    """Run each and look at what comes back."""
    plain = Plain(timeout=None, hooks=[Timed(), Recorder(limit=10)]).run(topic="pirates")
    assert_type(await plain, Any)

    text = Text("!", timeout=10, verbose=False, num_concurrent_runs=2)
    handler = text.run(topic="pirates", run_id="one", hooks=[Timed()])
    assert_type(handler, WorkflowHandler[str])
    assert_type(handler.stream_events(expose_internal=True, include_children=True), AsyncIterator[Event])
    async for event in handler.stream_events():
        assert_type(event, Event)
        if isinstance(event, Answer):
            assert_type(event.score, float)
    assert_type(await handler, str)
    assert_type(handler.get_stop_event(), StopEvent | None)
    assert_type(await handler.stop_event_result(), StopEvent)
    assert_type(handler.is_done(), bool)
    assert_type(
        handler.status,
        Literal["queued", "running", "waiting", "stuck", "done", "failed", "timed out", "cancelled"],
    )
    await handler.cancel_run()

    ctx = Context[State](text)
    assert_type(await ctx.store.get_state(), State)
    assert_type(await text.run(ctx, Begin(topic="x")), str)
    snapshot = ctx.to_dict(include_state=True)
    assert_type(snapshot, dict[str, Any])
    again: Context[State] = Context.from_dict(text, snapshot, Backwards())
    assert_type(again.is_running, bool)
    bare = Context(text)
    assert_type(bare.store.state, DictState)

    assert_type(await Many(resource_manager=ResourceManager()).run(topic="a b"), Report)
    waiting = Waits(serializer=JsonSerializer()).run()
    await waiting.send_event(Reply(text="yes"), step=None)
    assert_type(await waiting, int)
    assert_type(await Family(child=text, hooks=[Verbose()]).run(), str)
    assert_type(await free.run(), bytes)
    assert_type(text.validate(validate_resources=True), bool)
    assert_type(text.start_event_class, type[StartEvent])
    outcome = await WorkflowTestRunner(text).run(Begin(topic="x"))
    assert_type(outcome.collected, list[Event])


def in_a_script() -> None:
    """Without await."""
    assert_type(run_sync(Plain(), topic="x"), Any)
    assert_type(run_sync(Text("!"), topic="x"), str)


def about_events() -> None:
    """What an event says of itself."""
    query = Query(text="hello")
    query["attempt"] = 2
    assert_type(query.text, str)
    assert_type(query.attempt, Any)
    assert_type(query["text"], Any)
    assert_type(query.get("nothing", 0), Any)
    assert_type("text" in query, bool)
    assert_type(StopEvent(result=1).result, Any)
    assert_type(StopEvent("positional").result, Any)
