"""What a workflow, a class and a handler show as the last value of a cell."""

from __future__ import annotations

from html import escape
from typing import Any

from wfkit.display.draw import graph_of, plan_of
from wfkit.display.drawing import Drawing
from wfkit.display.execution import draw_execution, message_of
from wfkit.display.figure import Figure
from wfkit.display.history import History
from wfkit.display.html import heading_line
from wfkit.display.words import clean, cut, shown
from wfkit.events import StopEvent
from wfkit.plan import Plan
from wfkit.problems import Problem, find_problems
from wfkit.records import Record


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
    name = clean(plan.name)
    first = ", ".join([f"{name} (workflow{' class' if isinstance(workflow, type) else ''}", *details]) + ")"
    if not plan.steps:
        return {"text/plain": first, "text/html": heading_line(cut(name, 120), details)}
    lines = drawing.text.split("\n")[1:]
    return {
        **drawing._repr_mimebundle_(),
        "text/plain": "\n".join([first, *lines, *(f"  problem: {_spell(problem)}" for problem in problems)]),
        "text/html": heading_line(cut(name, 120), details) + _list(problems) + drawing.html,
    }


def _details(workflow: Any, plan: Plan) -> list[str]:
    found = [_count(len(plan.steps), "step")]
    if not isinstance(workflow, type):
        ask = getattr(workflow, "__wfkit_timeout__", None)
        timeout = ask() if callable(ask) else None
        if timeout is not None:
            found.append(f"timeout {timeout:g} s")
    return found


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _spell(problem: Problem) -> str:
    return clean(f"{problem.message} {problem.hint}")


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
    history = History(records)
    status = clean(str(getattr(handler, "status", "")))
    details = [status] if status else []
    details += [_count(len(history.passages), "event"), _count(len(history.executions), "step execution")]
    outcome = _outcome(history)
    name = clean(plan.name)
    first = f"Run of {name}: " + ", ".join(details)
    if not records:
        return {"text/plain": first, "text/html": heading_line(f"Run of {cut(name, 120)}", details)}
    drawing = Drawing(draw_execution(history, with_outcome=False))
    lines = drawing.text.split("\n")[1:]
    told = f'<div style="margin:0 0 6px">{escape(outcome)}</div>' if outcome else ""
    return {
        **drawing._repr_mimebundle_(),
        "text/plain": "\n".join([first, *([f"  {outcome}"] if outcome else []), *lines]),
        "text/html": heading_line(f"Run of {cut(name, 120)}", details) + told + drawing.html,
    }


def _outcome(history: History) -> str:
    if history.end is None:
        return ""
    if history.end.error is not None:
        error = history.end.error
        return cut(f"{clean(type(error).__name__)}: {message_of(error)}", 300)
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
