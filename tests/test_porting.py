"""Workflows as users of LlamaIndex Workflows write them, with nothing changed but the imports."""

# No `from __future__ import annotations`: users leave it out.

import asyncio
import json
from pathlib import Path
from typing import Any, Union

import pytest

from wfkit import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    JsonSerializer,
    StartEvent,
    StopEvent,
    Workflow,
    draw_all_possible_flows,
    draw_all_possible_flows_mermaid,
    draw_most_recent_execution,
    step,
)
from wfkit.testing import WorkflowTestRunner


class FakeLLM:
    """Answers in upper case, and streams word by word."""

    def __init__(self, model: str = "small") -> None:
        self.model = model

    async def acomplete(self, prompt: str) -> str:
        await asyncio.sleep(0.1)
        return prompt.upper()

    async def astream(self, prompt: str) -> Any:
        for word in prompt.split():
            await asyncio.sleep(0.1)
            yield word


# -- retrieval: a class attribute, a store, events with dynamic fields ------------------------------------------------


class RetrieverEvent(Event):
    nodes: list[str]


class RerankEvent(Event):
    nodes: list[str]


class RAGWorkflow(Workflow):
    llm = FakeLLM()
    documents = ("red apples", "green apples", "red wine")

    @step
    async def retrieve(self, ctx: Context, ev: StartEvent) -> RetrieverEvent | None:
        query = ev.get("query")
        if not query:
            return None
        await ctx.store.set("query", query)
        return RetrieverEvent(nodes=[text for text in self.documents if query in text])

    @step
    async def rerank(self, ctx: Context, ev: RetrieverEvent) -> RerankEvent:
        query = await ctx.store.get("query", default=None)
        return RerankEvent(nodes=sorted(ev.nodes, key=lambda text: text.index(query)))

    @step
    async def synthesize(self, ev: RerankEvent) -> StopEvent:
        return StopEvent(result=await self.llm.acomplete(", ".join(ev.nodes)))


async def test_a_retrieval_flow() -> None:
    w = RAGWorkflow(timeout=60, verbose=False)
    assert await w.run(query="apples") == "RED APPLES, GREEN APPLES"
    assert str(await w.run(query="wine")) == "RED WINE"


# -- a loop with a counter in the store, the reflection pattern -------------------------------------------------------


class ExtractionDone(Event):
    output: str
    passage: str


class ValidationErrorEvent(Event):
    error: str
    wrong_output: str
    passage: str


class ReflectionWorkflow(Workflow):
    max_retries: int = 3

    @step
    async def extract(self, ctx: Context, ev: Union[StartEvent, ValidationErrorEvent]) -> StopEvent | ExtractionDone:  # noqa: UP007
        current_retries = await ctx.store.get("retries", default=0)
        if current_retries >= self.max_retries:
            return StopEvent(result="Max retries reached")
        await ctx.store.set("retries", current_retries + 1)
        if isinstance(ev, StartEvent):
            passage, suffix = ev.get("passage"), ""
        else:
            passage, suffix = ev.passage, f"{ev.wrong_output}!"
        return ExtractionDone(output=suffix or "?", passage=passage)

    @step
    async def validate_output(self, ev: ExtractionDone) -> StopEvent | ValidationErrorEvent:
        try:
            json.loads(ev.output.strip("?!") + str(ev.output.count("!") - ev.passage.count("x")))
            if ev.output.count("!") < ev.passage.count("x"):
                raise ValueError("too few")
        except Exception as e:
            return ValidationErrorEvent(error=str(e), wrong_output=ev.output, passage=ev.passage)
        return StopEvent(result=ev.output)


async def test_a_loop_that_corrects_itself() -> None:
    w = ReflectionWorkflow(timeout=120, verbose=False)
    assert await w.run(passage="xx") == "?!!"
    assert await w.run(passage="xxxx") == "Max retries reached"


# -- fan-out with send_event, num_workers and collect_events ----------------------------------------------------------


class StepTwoEvent(Event):
    query: str


class StepThreeEvent(Event):
    result: str


class ParallelFlow(Workflow):
    @step
    async def start(self, ctx: Context, ev: StartEvent) -> StepTwoEvent | None:
        queries = ["Query 1", "Query 2", "Query 3"]
        await ctx.store.set("num_to_collect", len(queries))
        for query in queries:
            ctx.send_event(StepTwoEvent(query=query))
        return None

    @step(num_workers=4)
    async def step_two(self, ctx: Context, ev: StepTwoEvent) -> StepThreeEvent:
        await asyncio.sleep(4 - int(ev.query[-1]))
        return StepThreeEvent(result=ev.query)

    @step
    async def step_three(self, ctx: Context, ev: StepThreeEvent) -> StopEvent | None:
        num_to_collect = await ctx.store.get("num_to_collect")
        result = ctx.collect_events(ev, [StepThreeEvent] * num_to_collect)
        if result is None:
            return None
        return StopEvent(result=[each.result for each in result])


async def test_a_parallel_flow() -> None:
    assert await ParallelFlow(timeout=10).run() == ["Query 3", "Query 2", "Query 1"]
    assert asyncio.get_running_loop().time() == 3


# -- an agent: tools, chat memory, streaming, a loop through the model ------------------------------------------------


class PrepEvent(Event):
    pass


class InputEvent(Event):
    input: list[dict[str, str]]


class StreamEvent(Event):
    delta: str


class ToolCallEvent(Event):
    tool_calls: list[tuple[str, dict[str, int]]]


class FunctionCallingAgent(Workflow):
    def __init__(self, *args: Any, tools: dict[str, Any] | None = None, llm: FakeLLM | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.tools = tools or {}
        self.llm = llm or FakeLLM()
        self.sources: list[Any] = []

    @step
    async def prepare_chat_history(self, ctx: Context, ev: StartEvent) -> InputEvent:
        await ctx.store.set("sources", [])
        memory = await ctx.store.get("memory", default=None) or []
        memory.append({"role": "user", "content": ev.input})
        await ctx.store.set("memory", memory)
        return InputEvent(input=memory)

    @step
    async def handle_llm_input(self, ctx: Context, ev: InputEvent) -> ToolCallEvent | StopEvent:
        last = ev.input[-1]
        async for word in self.llm.astream(last["content"]):
            ctx.write_event_to_stream(StreamEvent(delta=word))
        if last["role"] == "tool":
            sources = await ctx.store.get("sources", default=[])
            return StopEvent(result={"response": last["content"], "sources": [*sources]})
        return ToolCallEvent(tool_calls=[("add", {"x": 1, "y": 2}), ("missing", {})])

    @step
    async def handle_tool_calls(self, ctx: Context, ev: ToolCallEvent) -> InputEvent:
        sources, outputs = await ctx.store.get("sources", default=[]), []
        for name, arguments in ev.tool_calls:
            tool = self.tools.get(name)
            if not tool:
                outputs.append(f"Tool {name} does not exist")
                continue
            output = tool(**arguments)
            sources.append(output)
            outputs.append(str(output))
        memory = await ctx.store.get("memory")
        memory.append({"role": "tool", "content": " and ".join(outputs)})
        await ctx.store.set("sources", sources)
        await ctx.store.set("memory", memory)
        return InputEvent(input=memory)


async def test_an_agent_with_memory_over_two_runs() -> None:
    agent = FunctionCallingAgent(tools={"add": lambda x, y: x + y}, llm=FakeLLM("big"), timeout=120, verbose=False)
    ctx = Context(agent)
    for question in ("what is it", "and now"):
        handler = agent.run(input=question, ctx=ctx)
        deltas = []
        async for event in handler.stream_events():
            if isinstance(event, StreamEvent):
                deltas.append(event.delta)
        response = await handler
        assert " ".join(deltas) == f"{question} 3 and Tool missing does not exist"
        assert response == {"response": "3 and Tool missing does not exist", "sources": [3]}
    assert [each["role"] for each in await ctx.store.get("memory")] == ["user", "tool"] * 2
    restored: Context[Any] = Context.from_dict(agent, json.loads(json.dumps(ctx.to_dict(serializer=JsonSerializer()))))
    await agent.run(input="again", ctx=restored)
    assert len(await restored.store.get("memory")) == 6


# -- a person in the loop ---------------------------------------------------------------------------------------------


class HumanInTheLoopWorkflow(Workflow):
    @step
    async def step1(self, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent(prefix="Enter a number: ")

    @step
    async def step2(self, ev: HumanResponseEvent) -> StopEvent:
        return StopEvent(result=ev.response)


async def test_a_person_answers_while_the_stream_is_read() -> None:
    handler = HumanInTheLoopWorkflow(timeout=10).run()
    assert handler.ctx is not None
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            handler.ctx.send_event(HumanResponseEvent(response=event.prefix + "42"))
    assert await handler == "Enter a number: 42"


class ConfirmEvent(HumanResponseEvent):
    user_name: str
    ok: bool


class Confirm(Workflow):
    @step
    async def dangerous(self, ctx: Context, ev: StartEvent) -> StopEvent:
        response = await ctx.wait_for_event(
            ConfirmEvent,
            waiter_id="Are you sure?",
            waiter_event=InputRequiredEvent(prefix="Are you sure?", user_name="Ada"),
            requirements={"user_name": "Ada"},
            timeout=2000,
        )
        return StopEvent(result="done" if response.ok else "aborted")


async def test_a_tool_waits_for_a_confirmation_saved_in_between() -> None:
    w = Confirm(timeout=None)
    handler = w.run()
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            break
    saved = handler.ctx.to_dict()
    await handler.cancel_run()

    handler = w.run(ctx=Context.from_dict(w, json.loads(json.dumps(saved))), ignored="a restored run has begun already")
    handler.ctx.send_event(ConfirmEvent(user_name="Bob", ok=False))
    await handler.send_event(ConfirmEvent(user_name="Ada", ok=True))
    assert await handler == "done"


# -- workflows in workflows, subclasses, drawing, testing -------------------------------------------------------------


class MainWorkflow(Workflow):
    @step
    async def start(self, ctx: Context, ev: StartEvent, reflection_workflow: Any = RAGWorkflow) -> StopEvent:
        found = await reflection_workflow(timeout=5).run(query=ev.query)
        return StopEvent(result=f"nested: {found}")


class CustomWorkflow(RAGWorkflow):
    @step
    async def rerank(self, ctx: Context, ev: RetrieverEvent) -> RerankEvent:
        return RerankEvent(nodes=[*reversed(ev.nodes)])


async def test_a_nested_and_a_customized_workflow() -> None:
    assert await MainWorkflow().run(query="wine") == "nested: RED WINE"
    assert await CustomWorkflow().run(query="apples") == "GREEN APPLES, RED APPLES"


async def test_drawing_takes_the_file_name_second_and_prints_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    handler = RAGWorkflow().run(query="wine")
    await handler
    draw_all_possible_flows(RAGWorkflow, "a.html")
    draw_all_possible_flows(RAGWorkflow(), filename="b.html", max_label_length=10)
    draw_most_recent_execution(handler, "c.html")
    assert capsys.readouterr().out.split() == ["a.html", "b.html", "c.html"]
    assert draw_all_possible_flows_mermaid(RAGWorkflow, filename=None).startswith("flowchart TD")


async def test_the_test_runner() -> None:
    result = await WorkflowTestRunner(RAGWorkflow()).run(
        start_event=StartEvent(query="wine"),
        expose_internal=False,
        exclude_events=[],
    )
    assert str(result.result) == "RED WINE"
    assert (result.collected, result.event_types) == ([StopEvent(result="RED WINE")], {StopEvent: 1})
    assert await result.ctx.store.get("query") == "wine"
