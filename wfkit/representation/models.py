"""What a representation is made of: plain data that goes to JSON and back."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from wfkit.representation.bridges import Way, bridged


class WorkflowNodeBase(BaseModel):
    """What every node has.

    Attributes:
        id: unique in the graph; edges name nodes by it.
        label: what to write on it.
        description: the docstring of what it stands for, if there is one.
    """

    id: str
    label: str
    description: str | None = None


class WorkflowStepNode(WorkflowNodeBase):
    """A step; its id is its name.

    Attributes:
        num_workers: how many events it works on at once.
        parameters: the ids of the events that it takes, by the names of its event parameters.
        gathers: how it gets them: "list" all those of a fan-out at once, "join" one for each parameter, else None.
        take: the most events that a list parameter gets, None for all.
        lists: the ids of the events that it sends as the items of a list.
        gathered_by: the ids of the steps that gather what comes of such a list.
        is_error_handler: whether it takes failures of other steps: `@catch_error`.
        handles: the ids of the steps whose failures it takes.
        max_recoveries: how many failures it takes of one line of events, None if it is no error handler.
    """

    node_type: Literal["step"] = "step"
    num_workers: int = 1
    parameters: dict[str, list[str]] = Field(default_factory=dict)
    gathers: Literal["list", "join"] | None = None
    take: int | None = None
    lists: list[str] = Field(default_factory=list)
    gathered_by: list[str] = Field(default_factory=list)
    is_error_handler: bool = False
    handles: list[str] = Field(default_factory=list)
    max_recoveries: int | None = None


class WorkflowEventNode(WorkflowNodeBase):
    """An event class; its id is its name, numbered where a step or another class has the same: `Done#2`.

    Attributes:
        event_type: the name of the class.
        event_types: this name and those of its base classes up to `Event`, the nearest first.
        event_schema: the JSON schema of its fields. The values of defaults that look like secrets are masked.
        produced_by: the ids of the steps that return it, or whose failure it tells.
    """

    node_type: Literal["event"] = "event"
    event_type: str
    event_types: list[str]
    event_schema: dict[str, Any] | None = None
    produced_by: list[str] = Field(default_factory=list)

    def is_subclass_of(self, event_type: str) -> bool:
        """Whether the class is the named one or derives from it: `node.is_subclass_of("StartEvent")`."""
        return event_type in self.event_types


class WorkflowExternalNode(WorkflowNodeBase):
    """The person outside, who gets the questions and sends the answers; its id is `external_step`."""

    node_type: Literal["external"] = "external"


class WorkflowResourceNode(WorkflowNodeBase):
    """What a factory makes for a step; its id is `resource_` and 12 hexadecimal digits.

    Attributes:
        type_name: the type of the parameter it fills.
        factory: the qualified name of the factory.
    """

    node_type: Literal["resource"] = "resource"
    type_name: str | None = None
    factory: str


class WorkflowResourceConfigNode(WorkflowNodeBase):
    """Settings from a JSON file; its id is `resource_config_` and 12 hexadecimal digits. The settings are not in it.

    Attributes:
        type_name: the type of the parameter it fills.
        config_file: the path of the file, as it was given.
        path_selector: the part of the file that is taken, None for all of it.
    """

    node_type: Literal["resource_config"] = "resource_config"
    type_name: str | None = None
    config_file: str
    path_selector: str | None = None


class WorkflowGenericNode(WorkflowNodeBase):
    """Any other node. A child workflow is one of the type "workflow", with the id `workflow_` and its attribute.

    Attributes:
        node_type: what it is; none of the types that have a class of their own.
        workflow: for a child workflow the key of its graph in `WorkflowGraph.workflows`.
    """

    model_config = ConfigDict(extra="allow")

    node_type: str
    workflow: str | None = None

    @field_validator("node_type")
    @classmethod
    def _is_of_no_known_type(cls, value: str) -> str:
        if value in _CLASSES:
            raise ValueError(f"A node of type {value!r} is a {_CLASSES[value].__name__}. Make one of these.")
        return value


_CLASSES: dict[str, type[WorkflowNodeBase]] = {
    "step": WorkflowStepNode,
    "event": WorkflowEventNode,
    "external": WorkflowExternalNode,
    "resource": WorkflowResourceNode,
    "resource_config": WorkflowResourceConfigNode,
}


def _tag(node: Any) -> str:
    kind = node.get("node_type") if isinstance(node, dict) else getattr(node, "node_type", None)
    return kind if isinstance(kind, str) and kind in _CLASSES else "generic"


WorkflowGraphNode = Annotated[
    Annotated[WorkflowStepNode, Tag("step")]
    | Annotated[WorkflowEventNode, Tag("event")]
    | Annotated[WorkflowExternalNode, Tag("external")]
    | Annotated[WorkflowResourceNode, Tag("resource")]
    | Annotated[WorkflowResourceConfigNode, Tag("resource_config")]
    | Annotated[WorkflowGenericNode, Tag("generic")],
    Discriminator(_tag),
]


class WorkflowGraphEdge(BaseModel):
    """A way from one node to another.

    Attributes:
        source: the id of a node.
        target: the id of a node.
        label: for a resource the parameter that it fills, for a child workflow the attribute that holds it, "fails"
            from a step to the StepFailedEvent that its error handler takes; after filtering what was between the two.
    """

    source: str
    target: str
    label: str | None = None


class WorkflowGraph(BaseModel):
    """The nodes and edges of a workflow.

    Attributes:
        name: the workflow's name.
        nodes: the steps in the order in which they start, each followed by the events it is the first to name; then
            the person, the resources and the child workflows.
        edges: step to event, event to step, question to person and person to answer, step to resource, resource to
            resource, step to child workflow.
        description: the workflow's docstring, if there is one.
        workflows: the graphs of all child workflows, and of theirs, by name. Only the outermost graph has them.
    """

    name: str
    nodes: list[WorkflowGraphNode] = Field(default_factory=list)
    edges: list[WorkflowGraphEdge] = Field(default_factory=list)
    description: str | None = None
    workflows: dict[str, WorkflowGraph] = Field(default_factory=dict)

    def filter_by_node_type(self, *node_types: str) -> Self:
        """Return a graph without the nodes of these types; what they connected is connected directly.

        The label of such an edge names the nodes that were between, with an arrow between them if there were several.
        The child workflows' graphs are filtered alike. The nodes that remain are the same objects.

        Args:
            node_types: "step", "event", "external", "resource", "resource_config", "workflow" or a type of your own.

        Example:
            steps_only = get_workflow_representation(MyWorkflow).filter_by_node_type("event", "external")
        """
        kept = [node for node in self.nodes if node.node_type not in node_types]
        gone = {node.id: node.label for node in self.nodes if node.node_type in node_types}
        handles = {
            node.id: node.handles for node in self.nodes if isinstance(node, WorkflowStepNode) and node.is_error_handler
        }
        ways: list[Way] = [(edge.source, edge.target, edge.label) for edge in self.edges]
        edges = [
            WorkflowGraphEdge(source=source, target=target, label=label)
            for source, target, label in bridged(ways, gone, handles)
        ]
        children = {} if "workflow" in node_types else self.workflows
        children = {name: graph.filter_by_node_type(*node_types) for name, graph in children.items()}
        return self.model_copy(update={"nodes": kept, "edges": edges, "workflows": children})
