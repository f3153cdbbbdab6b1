"""Spans: what is noted of runs, steps and events, and that tracing changes nothing else."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from tests.flows import Fan, Line, Slow
from tests.traces import Traces, noted
from wfkit import (
    Event,
    Recorder,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from wfkit.hooks.otel import OpenTelemetry
from wfkit.records import RunEnded, StepStarted, spell

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def traces() -> Traces:
    return Traces()


# -- what there is of a run ------------------------------------------------------------------------------------------


async def test_a_run_and_its_steps_each_have_a_span(traces: Traces) -> None:
    await Line(hooks=[traces.hook]).run(run_id="r1")
    assert traces.tree() == {"Line": None, "first": "Line", "second": "first"}
    assert len({span.context.trace_id for span in traces.spans if span.context}) == 1


async def test_what_is_noted_of_them(traces: Traces) -> None:
    recorder = Recorder()
    await Line(hooks=[traces.hook, recorder]).run(run_id="r1")
    ids = [record.id for record in recorder if isinstance(record, StepStarted)]
    assert noted(traces.one("Line")) == {"wfkit.run_id": "r1", "wfkit.workflow": "Line", "wfkit.outcome": "done"}
    common = {"wfkit.run_id": "r1", "wfkit.attempt": 1, "wfkit.outcome": "done"}
    assert noted(traces.one("first")) == {
        **common,
        "wfkit.step": "first",
        "wfkit.delivery": spell(ids[0]),
        "wfkit.input_event": "StartEvent",
        "wfkit.output_event": "Middle",
    }
    assert noted(traces.one("second")) == {
        **common,
        "wfkit.step": "second",
        "wfkit.delivery": spell(ids[1]),
        "wfkit.input_event": "Middle",
        "wfkit.output_event": "StopEvent",
    }
    assert {span.status.status_code for span in traces.spans} == {StatusCode.UNSET}


async def test_a_step_that_returns_nothing_has_no_output(traces: Traces) -> None:
    await Fan(hooks=[traces.hook]).run(count=2)
    assert "wfkit.output_event" not in noted(traces.one("split"))


async def test_the_times_are_the_walls_and_not_the_runs(traces: Traces) -> None:
    before = time.time_ns()
    await Slow(hooks=[traces.hook], timeout=None).run(seconds=3600)
    after = time.time_ns()
    run, sleep = traces.one("Slow"), traces.one("sleep")
    times = [run.start_time, sleep.start_time, sleep.end_time, run.end_time]
    assert None not in times
    assert sorted([before, *times, after], key=lambda t: t or 0) == [before, *times, after]


async def test_a_name_given_to_the_workflow_is_the_runs(traces: Traces) -> None:
    await Line(hooks=[traces.hook], workflow_name="short").run()
    assert noted(traces.one("short"))["wfkit.workflow"] == "short"


# -- what events tell ------------------------------------------------------------------------------------------------


class Secret(Event):
    """An event with things that are nobody's business."""

    text: str
    api_key: str
    headers: dict[str, Any]


class Carries(Workflow):
    """Passes a secret on."""

    @step
    async def pack(self, ev: StartEvent) -> Secret:
        headers = {"Token": "s3cr3t", "lang": ["en", {"password": "s3cr3t"}]}
        return Secret(text=ev.text, api_key="s3cr3t", headers=headers)

    @step
    async def use(self, ev: Secret) -> StopEvent:
        return StopEvent(result=ev.api_key)


def everything(traces: Traces) -> str:
    """Return all spans as text."""
    return "".join(span.to_json() for span in traces.spans)


async def test_of_events_only_the_types_are_noted(traces: Traces) -> None:
    await Carries(hooks=[traces.hook]).run(text="payload")
    assert "payload" not in everything(traces)
    assert "s3cr3t" not in everything(traces)
    assert '"Secret"' in everything(traces)


async def test_fields_are_noted_when_asked_for_and_secrets_masked() -> None:
    traces = Traces(record_events=True)
    await Carries(hooks=[traces.hook]).run(text="payload")
    assert json.loads(noted(traces.one("pack"))["wfkit.input"]) == {"text": "payload"}
    secret = {"text": "payload", "api_key": "****", "headers": {"Token": "****", "lang": ["en", {"password": "****"}]}}
    assert json.loads(noted(traces.one("pack"))["wfkit.output"]) == secret
    assert json.loads(noted(traces.one("use"))["wfkit.input"]) == secret
    assert "wfkit.input" not in noted(traces.one("Carries"))


async def test_a_long_event_is_cut() -> None:
    traces = Traces(record_events=True)
    await Line(hooks=[traces.hook]).run(text="x" * 100_000)
    assert len(noted(traces.one("first"))["wfkit.input"]) == 4_000


async def test_an_event_that_cannot_be_written_says_so_and_the_run_goes_on() -> None:
    class Bad:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    class Deep(Event):
        inner: Any

    class Flow(Workflow):
        @step
        async def first(self, ev: StartEvent) -> Deep:
            round_and_round: list[Any] = []
            round_and_round.append(round_and_round)
            return Deep(inner=round_and_round)

        @step
        async def second(self, ev: Deep) -> StopEvent:
            return StopEvent()

    traces = Traces(record_events=True)
    await Flow(hooks=[traces.hook]).run(bad=Bad())
    assert noted(traces.one("first"))["wfkit.input"] == "<StartEvent: RuntimeError while reading its fields>"
    assert json.loads(noted(traces.one("second"))["wfkit.input"]) == {"inner": [[[[["…"]]]]]}


# -- when things go wrong, and when nothing is there -----------------------------------------------------------------


class Raises(SpanProcessor):
    """Raises when a span of one name begins."""

    def __init__(self, name: str) -> None:
        self.name = name

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        if span.name == self.name:
            raise RuntimeError("broken processor")


@pytest.mark.parametrize(("name", "left"), [("Line", []), ("second", ["first", "Line"])])
async def test_a_processor_that_raises_does_not_break_the_run(
    traces: Traces, caplog: pytest.LogCaptureFixture, name: str, left: Sequence[str]
) -> None:
    traces.provider.add_span_processor(Raises(name))
    recorder = Recorder()
    assert await Line(hooks=[traces.hook, recorder]).run() == "HELLO"
    assert type(recorder.records[-1]) is RunEnded
    assert "broken processor" in caplog.text
    assert "was removed; the run goes on" in caplog.text
    assert [span.name for span in traces.spans] == left  # the run's is ended, so that its trace can be read


async def test_without_an_sdk_everything_works_and_nothing_is_made() -> None:
    assert sorted(await Fan(hooks=[OpenTelemetry()]).run(count=3)) == [0, 1, 4]


async def test_without_an_sdk_the_current_span_stays(traces: Traces) -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            with traces.tracer.start_as_current_span("work"):
                return StopEvent()

    with traces.tracer.start_as_current_span("request"):
        await Flow(hooks=[OpenTelemetry()]).run()
    assert traces.tree() == {"request": None, "work": "request"}


async def test_a_run_that_is_not_sampled_makes_no_spans() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    assert sorted(await Fan(hooks=[OpenTelemetry(provider)]).run(count=3)) == [0, 1, 4]
    assert exporter.get_finished_spans() == ()


def test_a_loop_closed_under_a_step_leaves_no_complaint(traces: Traces, caplog: pytest.LogCaptureFixture) -> None:
    async def leave() -> None:
        Slow(hooks=[traces.hook], timeout=None).run(seconds=100)
        await asyncio.sleep(0.01)

    async def begin_anew() -> None:
        await Line().run()

    loop: Any = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    loop.close()
    loop = None
    asyncio.run(begin_anew())  # the next run lets go what closed loops have left behind
    gc.collect()
    assert "Task was destroyed" in caplog.text  # so the step has been taken down by now
    assert "detach" not in caplog.text


def test_what_is_no_provider_is_refused() -> None:
    with pytest.raises(TypeError, match="tracer_provider must be a TracerProvider, got 5"):
        OpenTelemetry(5)


def python(code: str) -> str:
    """Run code in an interpreter of its own and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def test_nothing_of_it_is_loaded_before_a_hook_is_made() -> None:
    code = (
        "import sys, wfkit, wfkit.hooks, wfkit.hooks.otel\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
        "wfkit.hooks.otel.OpenTelemetry()\n"
        "print('opentelemetry.trace' in sys.modules, 'opentelemetry.sdk' in sys.modules)"
    )
    assert python(code) == "[]\nTrue False\n"


def test_without_the_package_it_says_how_to_get_it() -> None:
    code = (
        "import sys\n"
        "sys.modules['opentelemetry'] = None\n"
        "from wfkit.hooks.otel import OpenTelemetry\n"
        "try:\n"
        "    OpenTelemetry()\n"
        "except ImportError as error:\n"
        "    print(error)"
    )
    assert 'pip install "wfkit[otel]"' in python(code)
