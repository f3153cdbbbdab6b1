"""What a workflow, a class and a handler show as the last value of a cell."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from wfkit.display.draw import graph_of, plan_of
from wfkit.display.drawing import Drawing
from wfkit.display.execution import draw_execution
from wfkit.display.failure import failure_html, failure_lines, find_failure
from wfkit.display.figure import NAME_LIMIT, Figure
from wfkit.display.playback import Playback
from wfkit.display.text import draw_text
from wfkit.display.traces import message_of
from wfkit.display.words import brief, count, cut, name_of_type, shown
from wfkit.events import StopEvent
from wfkit.graph import FlowGraph
from wfkit.history import History
from wfkit.plan import Plan
from wfkit.problems import Problem, find_problems
from wfkit.records import Record

PROBLEM_LIMIT = 1_000


def workflow_bundle(workflow: Any) -> dict[str, str]:
    """Return what a workflow class or instance shows: a line about it, its problems if it has any, and its flow.

    Args:
        workflow: a Workflow class or instance.

    Returns:
        A MIME bundle: for each type of content its text.

    Raises:
        TypeError: it is not a workflow.
    """
    plan = plan_of(workflow)
    details = _details(workflow, plan)
    ask = getattr(workflow, "__wfkit_problems__", None)
    problems = (ask() if callable(ask) else find_problems(plan)) if plan.steps else []
    drawing = Drawing(Figure.of_flow(graph_of(workflow)))
    name = brief(plan.name, NAME_LIMIT)
    first = ", ".join([f"{name} (workflow{' class' if isinstance(workflow, type) else ''}", *details]) + ")"
    if not plan.steps:
        return {"text/plain": first, "text/html": _heading(name, details)}
    lines = drawing.text.split("\n")[1:]
    return {
        **drawing._repr_mimebundle_(),
        "text/plain": "\n".join([first, *lines, *(f"  problem: {_spell(problem)}" for problem in problems)]),
        "text/html": _heading(name, details) + _list(problems) + drawing.html,
    }


def graph_bundle(graph: FlowGraph) -> dict[str, str]:
    """Return what a flow graph shows: itself.

    Args:
        graph: the flow of a workflow.

    Returns:
        A MIME bundle: for each type of content its text.
    """
    return Drawing(Figure.of_flow(graph))._repr_mimebundle_()


def _heading(name: str, details: Sequence[str]) -> str:
    """Return one line over a picture: a name, then quiet details. Everything is escaped here."""
    told = "".join(f' <span style="opacity:.7">· {escape(detail)}</span>' for detail in details)
    return f'<div style="margin:2px 0 6px"><b>{escape(name)}</b>{told}</div>'


def _details(workflow: Any, plan: Plan) -> list[str]:
    found = [count(len(plan.steps), "step")]
    if not isinstance(workflow, type):
        ask = getattr(workflow, "__wfkit_timeout__", None)
        timeout = ask() if callable(ask) else None
        if timeout is not None:
            found.append(f"timeout {timeout:g} s")
    return found


def _spell(problem: Problem) -> str:
    return brief(problem.spelled(), PROBLEM_LIMIT)


def _list(problems: list[Problem]) -> str:
    if not problems:
        return ""
    items = "".join(f"<li>{escape(_spell(problem))}</li>" for problem in problems)
    return f'<ul style="margin:0 0 8px;padding-left:20px">{items}</ul>'


def handler_bundle(handler: Any) -> dict[str, str]:
    """Return what a handler shows: how its run is doing, the result or the error, and the execution so far.

    Args:
        handler: what `run()` returned.

    Returns:
        A MIME bundle: for each type of content its text.

    Raises:
        TypeError: it is not a handler.
    """
    plan = plan_of(handler)
    ask = getattr(handler, "__wfkit_records__", None)
    records: tuple[Record, ...] = (ask() if callable(ask) else None) or ()
    drawing = Playback(records, plan, graph_of(handler))
    history = drawing.story.history
    status = brief(str(getattr(handler, "status", "")), NAME_LIMIT)
    details = [status] if status else []
    details += [count(len(history.passages), "event"), count(len(history.executions), "step execution")]
    outcome = _outcome(history)
    name = brief(plan.name, NAME_LIMIT)
    first = f"Run of {name}: " + ", ".join(details)
    if not records:
        return {"text/plain": first, "text/html": _heading(f"Run of {name}", details)}
    lines = draw_text(draw_execution(history, with_outcome=False)).split("\n")[1:]
    told = ""
    said = [f"  {outcome}"] if outcome else []
    run = getattr(handler, "__wfkit_run__", None)
    failure = find_failure(records, plan.name, run().verdict if callable(run) else None)
    if failure is not None:
        told, said = failure_html(failure), [f"  {line}" for line in failure_lines(failure)]
    return {
        **drawing._repr_mimebundle_(),
        "text/plain": "\n".join([first, *said, *lines]),
        "text/html": told + drawing.html,
    }


def _outcome(history: History) -> str:
    if history.end is None:
        return "" if history.idle is None else brief(history.idle.waiting_for, 300)
    if history.end.error is not None:
        error = history.end.error
        return cut(f"{name_of_type(error)}: {message_of(error, 300)}", 300)
    event = history.end.event
    return f"result: {shown(event.result if type(event) is StopEvent else event)}"


def register_with_ipython(ip: Any, metaclass: type) -> None:
    """Let workflow classes show themselves as the last value of a cell; IPython asks only instances by itself.

    Args:
        ip: the running IPython shell.
        metaclass: the metaclass of the workflow classes.
    """
    formatter = getattr(ip, "display_formatter", None)
    if formatter is None:
        return
    formatter.mimebundle_formatter.for_type(metaclass, workflow_bundle)
    # Terminal IPython asks for this one alone.
    formatter.formatters["text/plain"].for_type(metaclass, _print_class)


def _print_class(cls: Any, printer: Any, cycle: bool) -> None:
    printer.text(workflow_bundle(cls)["text/plain"])
