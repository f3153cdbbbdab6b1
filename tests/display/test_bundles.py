"""What a workflow, its class and its handler show as the last value of a cell, and in real runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.display.flows import HOSTILE, Drawable, LoopSteps, Tape, hostile, made_event, made_step, plan
from tests.display.inert import inspect
from tests.flows import Ask, Fan, Join, Line
from wfkit import Workflow
from wfkit.display import (
    draw_all_possible_flows,
    draw_most_recent_execution,
    handler_bundle,
    register_with_ipython,
    workflow_bundle,
)
from wfkit.events import HumanResponseEvent, StartEvent, StopEvent, WorkflowFailedEvent
from wfkit.plan import Plan
from wfkit.problems import Problem
from wfkit.records import RunEnded, StepFailed

FACES = {"text/plain", "text/html", "image/svg+xml", "text/vnd.mermaid"}


def test_a_workflow_tells_its_name_steps_and_timeout() -> None:
    class Timed(Drawable):
        def __wfkit_timeout__(self) -> float:
            return 10.0

    bundle = workflow_bundle(Timed(plan(LoopSteps)))
    assert set(bundle) == FACES
    assert bundle["text/plain"] == (
        "LoopFlow (workflow, 2 steps, timeout 10 s)\n"
        "  StartEvent | QueryEvent -> answer_query -> FailedEvent | StopEvent\n"
        "  FailedEvent -> improve_query -> QueryEvent | StopEvent"
    )
    assert "LoopFlow" in bundle["text/html"]
    assert "<img" in bundle["text/html"]


def test_a_broken_workflow_tells_its_problems() -> None:
    lost = made_event("LostEvent")
    broken = Plan("BrokenFlow", [made_step("begin", [StartEvent], [lost])])
    bundle = workflow_bundle(Drawable(broken))
    assert "problem: " in bundle["text/plain"]
    assert "LostEvent" in bundle["text/plain"]
    assert "<li>" in bundle["text/html"]


def test_hostile_names_are_escaped() -> None:
    bundle = workflow_bundle(Drawable(hostile()))
    assert inspect(bundle["text/html"]).images == 1


def handler(records: Any, status: str = "done") -> Any:
    class Handler(Drawable):
        pass

    found = Handler(plan(LoopSteps), records)
    found.status = status  # type: ignore[attr-defined]
    return found


def test_a_handler_tells_how_its_run_went() -> None:
    tape = Tape("LoopFlow")
    stop = StopEvent(result="yes")
    who = tape.start("answer_query", 1, tape.send(StartEvent(), ["answer_query"]))
    tape.finish(who, stop)
    tape.send(stop, (), who)
    bundle = handler_bundle(handler(tape.end(stop)))
    assert set(bundle) == FACES
    assert bundle["text/plain"] == (
        "Run of LoopFlow: done, 2 events, 1 step execution\n"
        "  result: 'yes'\n"
        "  StartEvent -> answer_query #1 -> StopEvent"
    )


def test_a_handler_tells_the_error() -> None:
    tape = Tape("LoopFlow")
    tape.start("answer_query", 1, tape.send(StartEvent(), ["answer_query"]))
    error = ValueError(HOSTILE)
    tape.records.append(StepFailed(0.0, 1, "answer_query", error, 1, None))
    tape.records.append(RunEnded(0.0, "failed", WorkflowFailedEvent(step_name="x", exception=error), error))
    bundle = handler_bundle(handler(tape.records, "failed"))
    assert "failed, 1 event, 1 step execution" in bundle["text/plain"]
    assert "ValueError" in "".join(inspect(bundle["text/html"]).text)


@pytest.mark.parametrize("records", [None, []])
def test_a_handler_without_records_tells_what_it_can(records: Any) -> None:
    assert handler_bundle(handler(records, "running"))["text/plain"] == (
        "Run of LoopFlow: running, 0 events, 0 step executions"
    )


def test_classes_show_themselves_in_ipython() -> None:
    shell_type = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    formatters = pytest.importorskip("IPython.core.formatters")

    class Shell:
        display_formatter = formatters.DisplayFormatter()

    assert shell_type is not None
    register_with_ipython(Shell(), type(Line))
    data, _ = Shell.display_formatter.format(Line)
    assert set(data) >= FACES
    assert data["text/plain"].startswith("Line (workflow class, 2 steps)\n")
    empty, _ = Shell.display_formatter.format(Workflow)
    assert empty["text/plain"] == "Workflow (workflow class, 0 steps)"
    other, _ = Shell.display_formatter.format(int)
    assert other == {"text/plain": "int"}


def test_without_a_display_formatter_nothing_happens() -> None:
    register_with_ipython(object(), type(Line))


def test_a_real_class_is_drawn() -> None:
    assert draw_all_possible_flows(Line).text == draw_all_possible_flows(Line()).text


async def test_a_real_run_is_drawn_from_handler_and_workflow() -> None:
    workflow = Line()
    run = workflow.run(text="hello")
    await run
    drawing = draw_most_recent_execution(run)
    assert drawing.text == (
        "Line\n"
        "  StartEvent -> first #1 -> Middle\n"
        "  Middle -> second #1 -> StopEvent\n"
        "  done · 2 step executions, 3 events"
    )
    assert draw_most_recent_execution(workflow).svg == drawing.svg


async def test_two_runs_alike_give_the_same_bytes() -> None:
    drawings = []
    for _ in range(2):
        run = Join().run()
        await run
        drawings.append(draw_most_recent_execution(run)._repr_mimebundle_())
    assert drawings[0] == drawings[1]


async def test_a_real_join_tells_what_was_collected() -> None:
    run = Join().run()
    await run
    text = draw_most_recent_execution(run).text
    assert "together #2 -> StopEvent  (with what was put aside by together #1)" in text


async def test_a_real_fan_is_folded() -> None:
    run = Fan().run(count=200)
    await run
    text = draw_most_recent_execution(run).text
    assert "200 \u00d7 Item -> square \u00d7200 -> 200 \u00d7 Result  (200 done)" in text
    assert "200 \u00d7 Result -> tally \u00d7200 -> StopEvent  (200 done)" in text
    assert "taken by nobody" not in text


async def test_a_real_person_is_drawn() -> None:
    run = Ask().run()
    async for event in run.stream_events():
        if type(event).__name__ == "Question":
            answer = next(kind for kind in Ask().events if issubclass(kind, HumanResponseEvent))
            await run.send_event(answer(text="Ann"))
    await run
    text = draw_most_recent_execution(run).text
    assert "Question -> person -> Answer" in text
    assert "Answer -> greet #1 -> StopEvent" in text


def test_a_problem_and_its_hint_are_two_sentences() -> None:
    plain = Problem("check", "Nobody takes it", "Add a step.")
    assert plain.spelled() == "Nobody takes it. Add a step."
    assert Problem("check", "Nobody takes it (again)", "Add a step.").spelled() == "Nobody takes it (again) Add a step."
