"""The functions that draw: all possible flows of a workflow, and its latest execution."""

from __future__ import annotations

from typing import Any

from wfkit.display.drawing import Drawing, announce
from wfkit.display.execution import draw_execution
from wfkit.display.figure import Figure
from wfkit.display.files import FileName, ending_of, write
from wfkit.display.playback import Playback
from wfkit.display.words import cut
from wfkit.errors import WorkflowRuntimeError
from wfkit.graph import FlowGraph
from wfkit.history import History
from wfkit.plan import Plan
from wfkit.records import Record


def plan_of(workflow: Any) -> Plan:
    """Return the steps of a workflow class, a workflow or a handler.

    Raises:
        TypeError: it is none of these.
    """
    ask = getattr(workflow, "__wfkit_plan__", None)
    plan = ask() if callable(ask) else None
    if not isinstance(plan, Plan):
        raise TypeError(
            f"{_name(workflow)} is not a workflow; give a Workflow class or instance, such as MyFlow or MyFlow()"
        )
    return plan


def graph_of(workflow: Any, with_children: bool = True) -> FlowGraph:
    """Return the graph of a workflow class, a workflow or a handler, with those of the workflows inside it.

    Raises:
        TypeError: it is none of these.
    """
    plan = plan_of(workflow)
    ask = getattr(workflow, "__wfkit_children__", None)
    return FlowGraph.of(plan, ask() if with_children and callable(ask) else None)


def records_of(source: Any) -> tuple[Record, ...]:
    """Return the records of a handler, or of the latest run of a workflow.

    Raises:
        TypeError: it is neither a handler nor a workflow.
        WorkflowRuntimeError: nothing has run yet.
    """
    if isinstance(source, type) and callable(getattr(source, "__wfkit_plan__", None)):
        raise TypeError(
            f"{_name(source)} is a workflow class, and a class does not run; "
            f"give the instance that ran, or the handler that run() returned"
        )
    ask = getattr(source, "__wfkit_records__", None)
    if not callable(ask):
        raise TypeError(
            f"{_name(source)} is neither a handler nor a workflow; "
            f"give what run() returned, or the Workflow instance that ran"
        )
    found: tuple[Record, ...] | None = ask()
    if not found:
        raise WorkflowRuntimeError(
            f"{_name(source)} has not run yet, so there is no execution to draw; run it first: await workflow.run(...)"
        )
    return tuple(found)


def _name(thing: object) -> str:
    try:
        return cut(repr(thing), 120)
    except Exception:  # a repr of the user's own that fails must not hide the message
        return f"this {type(thing).__name__}"


def draw_all_possible_flows(
    workflow: Any,
    filename: FileName | None = None,
    notebook: bool | None = None,
    max_label_length: int | None = None,
    include_child_workflows: bool = True,
    renderer: str = "svg",
    direction: str = "down",
) -> Drawing:
    """Draw everything that a workflow can do: its steps, its events and who passes which to whom.

    Args:
        workflow: a Workflow class or instance; it need not be valid.
        filename: also write it to this file, and print the name. The ending decides: a self-contained page for .html,
            .htm or none, the picture for .svg, text for .mmd (Mermaid) and .txt.
        notebook: taken and ignored, for code written for another library.
        max_label_length: cut names to this many characters.
        include_child_workflows: whether the flows of workflows inside it are drawn, too, each in a frame.
        renderer: what the notebook shows: "svg", a light picture, or "pyvis", a page of 700 kB whose shapes can be
            dragged about.
        direction: "down" or "right", the way the flow runs.

    Returns:
        A drawing, which shows itself as the last value of a cell.

    Raises:
        TypeError: `workflow` is not a workflow.
        ValueError: there is no such renderer or direction, `max_label_length` is less than 1, or the file has another
            ending.
        OSError: the file cannot be written.

    Example:
        draw_all_possible_flows(LoopExampleFlow, filename="loop_workflow.html")
    """
    figure = Figure.of_flow(graph_of(workflow, include_child_workflows), max_label_length)
    return announce(Drawing(figure, renderer, pyvis_file=True, direction=direction), filename)


def draw_all_possible_flows_mermaid(
    workflow: Any,
    filename: FileName | None = None,
    max_label_length: int | None = None,
    include_child_workflows: bool = True,
) -> str:
    """Return everything that a workflow can do as Mermaid text.

    Args:
        workflow: a Workflow class or instance.
        filename: also write the text to this file, which ends in .mmd, .mermaid, .md or .txt, or has no ending.
        max_label_length: cut names to this many characters.
        include_child_workflows: whether the flows of workflows inside it are drawn, too, each in a frame.

    Raises:
        TypeError: `workflow` is not a workflow.
        ValueError: `max_label_length` is less than 1, or the file has another ending.
        OSError: the file cannot be written.
    """
    text = Drawing(Figure.of_flow(graph_of(workflow, include_child_workflows), max_label_length)).mermaid
    if filename is not None:
        ending_of(filename, (".mmd", ".mermaid", ".md", ".txt", ""))
        write(filename, text)
    return text


def draw_most_recent_execution(
    handler_or_workflow: Any,
    filename: FileName | None = None,
    notebook: bool | None = None,
    max_label_length: int | None = None,
    direction: str = "down",
    unrolled: bool = False,
) -> Drawing:
    """Draw what happened: the flow, and the run moving through it.

    In a notebook and as a page the run plays: every moment of it can be stepped to, with the events on their way, the
    state of each step, durations and errors, and a timeline below. That needs neither a kernel nor a network.

    Args:
        handler_or_workflow: what `run()` returned, or a workflow, of which the latest run is drawn.
        filename: also write it to this file, and print the name. The ending decides: a self-contained page for .html,
            .htm or none, the picture for .svg, text for .mmd (Mermaid) and .txt.
        notebook: taken and ignored, for code written for another library.
        max_label_length: cut names to this many characters.
        direction: "down" or "right", the way the flow runs.
        unrolled: draw every execution of a step by itself instead, and the events that led from one to the next. It
            stands still.

    Returns:
        A drawing, which shows itself as the last value of a cell.

    Raises:
        TypeError: it is neither a handler nor a workflow.
        WorkflowRuntimeError: nothing has run yet.
        ValueError: `max_label_length` is less than 1, there is no such direction, or the file has another ending.
        OSError: the file cannot be written.

    Example:
        handler = workflow.run(query="What is wfkit?")
        await handler
        draw_most_recent_execution(handler, filename="execution.html")
    """
    records = records_of(handler_or_workflow)
    if unrolled:
        history = History(records, plan_of(handler_or_workflow).name)
        return announce(Drawing(draw_execution(history, max_label_length), direction=direction), filename)
    plan, graph = plan_of(handler_or_workflow), graph_of(handler_or_workflow)
    return announce(Playback(records, plan, graph, max_label_length, direction), filename)
