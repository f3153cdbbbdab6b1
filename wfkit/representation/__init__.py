"""A workflow as data: a graph of nodes and edges that goes to JSON and back, for other programs to read and draw."""

from __future__ import annotations

from wfkit.representation.models import (
    WorkflowEventNode,
    WorkflowExternalNode,
    WorkflowGenericNode,
    WorkflowGraph,
    WorkflowGraphEdge,
    WorkflowGraphNode,
    WorkflowNodeBase,
    WorkflowResourceConfigNode,
    WorkflowResourceNode,
    WorkflowStepNode,
)
from wfkit.representation.reading import Children, HasSteps

__all__ = [
    "WorkflowEventNode",
    "WorkflowExternalNode",
    "WorkflowGenericNode",
    "WorkflowGraph",
    "WorkflowGraphEdge",
    "WorkflowGraphNode",
    "WorkflowNodeBase",
    "WorkflowResourceConfigNode",
    "WorkflowResourceNode",
    "WorkflowStepNode",
    "get_workflow_representation",
]


def get_workflow_representation(workflow: HasSteps) -> WorkflowGraph:
    """Return a workflow's steps, events, resources and child workflows as a graph of plain data.

    The workflow need not be valid, and nothing of it is run. The same workflow gives the same graph, and the graph
    the same JSON, byte for byte.

    A step uses a child workflow if the name of the child's attribute appears in its code. A step whose failures an
    error handler takes leads to StepFailedEvent, and that to the handler; which of several handlers takes them,
    their `handles` say.

    Args:
        workflow: a workflow or a workflow class.

    Raises:
        TypeError: it is neither.

    Example:
        graph = get_workflow_representation(MyWorkflow)
        Path("flow.json").write_text(graph.model_dump_json())
        again = WorkflowGraph.model_validate_json(Path("flow.json").read_text())
    """
    if not callable(getattr(workflow, "__wfkit_plan__", None)):
        raise TypeError(
            f"get_workflow_representation() takes a workflow or a workflow class, got {workflow!r}. "
            f"Pass the workflow itself, not its name, its handler or one of its steps."
        )
    known = Children()
    graph = known.read(workflow)
    while known.unread:  # the children of children too; one that holds itself is read once
        name, child = known.unread.popitem()
        graph.workflows[name] = known.read(child)
    graph.workflows = dict(sorted(graph.workflows.items()))
    return graph
