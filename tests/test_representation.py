"""A workflow as data: its nodes, its edges, to JSON and back."""

import functools
import json
import subprocess
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError, create_model

from tests.flows import Answer, Ask, Fan, Item, Join, Left, Line, Loop, Middle, Question, Result, Right
from wfkit import (
    Collect,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    Resource,
    ResourceConfig,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Take,
    Workflow,
    WorkflowGraph,
    catch_error,
    get_workflow_representation,
    step,
)
from wfkit.graph import FlowGraph
from wfkit.representation import (
    WorkflowEventNode,
    WorkflowExternalNode,
    WorkflowGenericNode,
    WorkflowGraphEdge,
    WorkflowGraphNode,
    WorkflowNodeBase,
    WorkflowResourceConfigNode,
    WorkflowResourceNode,
    WorkflowStepNode,
)

ROOT = Path(__file__).resolve().parent.parent


def ids(graph: WorkflowGraph) -> list[str]:
    return [node.id for node in graph.nodes]


def ways(graph: WorkflowGraph) -> list[tuple[str, str, str | None]]:
    return [(edge.source, edge.target, edge.label) for edge in graph.edges]


def node(graph: WorkflowGraph, id: str) -> WorkflowGraphNode:
    return next(node for node in graph.nodes if node.id == id)


def new_workflow(name: str, **steps: Any) -> type[Workflow]:
    made: type[Workflow] = types.new_class(name, (Workflow,), {}, lambda body: body.update(steps))
    return made


def step_node(graph: WorkflowGraph, id: str) -> WorkflowStepNode:
    found = node(graph, id)
    assert isinstance(found, WorkflowStepNode)
    return found


def event_node(graph: WorkflowGraph, id: str) -> WorkflowEventNode:
    found = node(graph, id)
    assert isinstance(found, WorkflowEventNode)
    return found


def schema_of(kind: type[Event]) -> dict[str, Any]:
    """Return the schema that a representation has of an event."""

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> kind: ...  # type: ignore[valid-type]

    schema = next(found for found in get_workflow_representation(Flow).nodes if found.id not in ("go", "StartEvent"))
    assert isinstance(schema, WorkflowEventNode)
    assert schema.event_schema is not None
    return schema.event_schema


def same_after_json(graph: WorkflowGraph) -> bool:
    written = graph.model_dump_json()
    again = WorkflowGraph.model_validate_json(written)
    return again == graph and again.model_dump_json() == written


# -- steps and events -------------------------------------------------------------------------------------------------


def test_nodes_come_in_the_order_of_the_steps_each_with_its_new_events() -> None:
    graph = get_workflow_representation(Loop)

    assert (graph.name, graph.description) == ("Loop", "Goes round `times` times, then stops with the count.")
    assert [(node.id, node.node_type) for node in graph.nodes] == [
        ("begin", "step"),
        ("StartEvent", "event"),
        ("Count", "event"),
        ("turn", "step"),
        ("StopEvent", "event"),
    ]
    assert ways(graph) == [
        ("StartEvent", "begin", None),
        ("begin", "Count", None),
        ("Count", "turn", None),
        ("turn", "Count", None),
        ("turn", "StopEvent", None),
    ]


def test_methods_are_in_alphabetical_order_and_free_functions_after_them() -> None:
    class Flow(Line):
        pass

    workflow = Flow()

    @step(workflow=workflow)
    async def alone(ev: Left) -> Right: ...  # type: ignore[empty-body]

    @step(workflow=Flow)
    async def before(ev: Middle) -> Left: ...  # type: ignore[empty-body]

    def steps(found: Any) -> list[str]:
        return [node.id for node in get_workflow_representation(found).nodes if node.node_type == "step"]

    assert steps(workflow) == ["first", "second", "before", "alone"]
    assert steps(Flow) == ["first", "second", "before"]


def test_a_step_node_tells_what_the_step_is() -> None:
    class Flow(Workflow):
        @step(num_workers=7)
        async def go(self, ev: StartEvent | Middle) -> StopEvent:
            """Go.

            At once.
            """
            return StopEvent()

        @step
        async def silent(self, ev: Middle) -> None: ...

    graph = get_workflow_representation(Flow)

    assert step_node(graph, "go") == WorkflowStepNode(
        id="go",
        label="go",
        description="Go.\n\nAt once.",
        num_workers=7,
        parameters={"ev": ["StartEvent", "Middle"]},
    )
    assert step_node(graph, "silent").description is None


def test_an_event_node_tells_what_the_event_is() -> None:
    class Begin(StartEvent):
        """How it begins."""

        topic: str
        depth: int = 3

    class Again(Begin):
        pass

    class Flow(Workflow):
        @step
        async def one(self, ev: Begin) -> Again | StopEvent: ...  # type: ignore[empty-body]

        @step
        async def two(self, ev: Again) -> Again: ...  # type: ignore[empty-body]

    graph = get_workflow_representation(Flow)
    begin, again = event_node(graph, "Begin"), event_node(graph, "Again")

    assert (begin.label, begin.description, begin.event_type) == ("Begin", "How it begins.", "Begin")
    assert begin.event_types == ["Begin", "StartEvent", "Event"]
    assert begin.produced_by == []
    assert begin.event_schema is not None
    assert begin.event_schema["properties"] == {
        "topic": {"title": "Topic", "type": "string"},
        "depth": {"title": "Depth", "type": "integer", "default": 3},
    }
    assert begin.event_schema["required"] == ["topic"]
    assert again.event_types == ["Again", "Begin", "StartEvent", "Event"]
    assert again.description is None  # that of its base is not its own
    assert again.produced_by == ["one", "two"]
    assert again.is_subclass_of("StartEvent")
    assert again.is_subclass_of("Again")
    assert not again.is_subclass_of("StopEvent")


def test_a_person_stands_between_question_and_answer() -> None:
    graph = get_workflow_representation(Ask)

    assert ids(graph)[-1] == "external_step"
    assert isinstance(node(graph, "external_step"), WorkflowExternalNode)
    assert ways(graph)[-2:] == [("Question", "external_step", None), ("external_step", "Answer", None)]
    assert event_node(graph, "Answer").produced_by == []


def test_an_event_goes_to_a_step_that_takes_its_base_class_and_subclasses() -> None:
    class Special(Middle):
        pass

    class Flow(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> Special | Left: ...  # type: ignore[empty-body]

        @step(accept_event_subclasses=True)
        async def middle(self, ev: Middle) -> StopEvent: ...  # type: ignore[empty-body]

        @step(accept_event_subclasses=True)
        async def watch(self, ev: Event) -> None: ...

        @catch_error
        async def rescue(self, ev: StepFailedEvent) -> StopEvent: ...  # type: ignore[empty-body]

    taken = [(source, target) for source, target, _ in ways(get_workflow_representation(Flow))]
    assert [source for source, target in taken if target == "middle"] == ["Middle", "Special"]
    # No step ever gets a stop, and a failure goes to error handlers.
    assert {source for source, target in taken if target == "watch"} == {
        "Event",
        "StartEvent",
        "Special",
        "Left",
        "Middle",
    }


# -- ids --------------------------------------------------------------------------------------------------------------


def named(name: str, *bases: type[Event]) -> Any:
    return create_model(name, __base__=bases or Event, __module__=f"somewhere_{len(name)}_{id(bases)}")


def test_ids_are_numbered_as_in_the_drawings() -> None:
    mine, yours, step_like = named("Twin"), named("Twin", Middle), named("go")
    person = named("external_step")

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> mine | yours | step_like | person: ...  # type: ignore[valid-type]

    graph = get_workflow_representation(Flow)

    assert ids(graph) == ["go", "StartEvent", "Twin", "Twin#2", "go#2", "external_step#2"]
    assert ids(graph) == [found.id for found in FlowGraph.of(Flow.__wfkit_plan__()).nodes]
    assert event_node(graph, "Twin#2").event_types == ["Twin", "Middle", "Event"]
    assert event_node(graph, "Twin#2").label == "Twin"


def test_a_step_called_like_the_person_keeps_its_name() -> None:
    class Flow(Workflow):
        @step
        async def external_step(self, ev: Answer) -> Question: ...  # type: ignore[empty-body]

    graph = get_workflow_representation(Flow)

    assert isinstance(node(graph, "external_step"), WorkflowStepNode)
    assert isinstance(node(graph, "external_step#2"), WorkflowExternalNode)
    assert ("Question", "external_step#2", None) in ways(graph)


# -- lists, joins, error handlers -------------------------------------------------------------------------------------


def test_lists_and_joins_are_told() -> None:
    class Gather(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Item]: ...  # type: ignore[empty-body]

        @step
        async def square(self, ev: Item) -> Result | Left: ...  # type: ignore[empty-body]

        @step
        async def tally(self, found: Annotated[list[Result | Left], Collect(Take(2))]) -> Right: ...  # type: ignore[empty-body]

        @step
        async def together(self, one: Right, other: Middle) -> StopEvent: ...  # type: ignore[empty-body]

    graph = get_workflow_representation(Gather)
    split, square, tally, together = (step_node(graph, name) for name in ("split", "square", "tally", "together"))

    assert (split.lists, split.gathered_by, split.gathers) == (["Item"], ["tally"], None)
    assert (square.lists, square.gathered_by, square.gathers) == ([], [], None)
    assert (tally.gathers, tally.take, tally.parameters) == ("list", 2, {"found": ["Result", "Left"]})
    assert (together.gathers, together.take) == ("join", None)
    assert together.parameters == {"one": ["Right"], "other": ["Middle"]}
    assert {("split", "Item", None), ("Result", "tally", None), ("Middle", "together", None)} <= set(ways(graph))


class Careful(Workflow):
    """Two handlers: one for `fetch`, one for all others."""

    @step
    async def fetch(self, ev: StartEvent) -> Middle: ...  # type: ignore[empty-body]

    @step
    async def show(self, ev: Middle) -> StopEvent: ...  # type: ignore[empty-body]

    @catch_error(for_steps=["fetch"], max_recoveries=3)
    async def again(self, ev: StepFailedEvent) -> Middle: ...  # type: ignore[empty-body]

    @catch_error
    async def rest(self, ev: StepFailedEvent) -> StopEvent: ...  # type: ignore[empty-body]


def test_a_step_leads_to_its_error_handler() -> None:
    graph = get_workflow_representation(Careful)
    again, rest, fetch = (step_node(graph, name) for name in ("again", "rest", "fetch"))

    assert (again.is_error_handler, again.handles, again.max_recoveries) == (True, ["fetch"], 3)
    assert (rest.is_error_handler, rest.handles, rest.max_recoveries) == (True, ["show"], 1)
    assert (fetch.is_error_handler, fetch.handles, fetch.max_recoveries) == (False, [], None)
    assert event_node(graph, "StepFailedEvent").produced_by == ["fetch", "show"]
    assert [way for way in ways(graph) if "StepFailedEvent" in way] == [
        ("StepFailedEvent", "again", None),
        ("StepFailedEvent", "rest", None),
        ("fetch", "StepFailedEvent", "fails"),
        ("show", "StepFailedEvent", "fails"),
    ]


# -- resources --------------------------------------------------------------------------------------------------------


class Settings(BaseModel):
    url: str


def get_pool(settings: Annotated[Settings, ResourceConfig("app.json", "db", label="database")]) -> list[str]:
    """Make connections."""
    return [settings.url]


def get_cache(pool: Annotated[list[str], Resource(get_pool)]) -> dict[str, str]:
    return dict.fromkeys(pool, "")


def makers() -> list[Callable[[], int]]:
    """Return two factories of one name."""
    return [lambda number=number: number for number in (1, 2)]  # type: ignore[misc]


ONE, TWO = makers()


class Stocked(Workflow):
    @step
    async def go(
        self, ev: StartEvent, store: Annotated[dict[str, str], Resource(get_cache)], n: Annotated[int, Resource(ONE)]
    ) -> StopEvent:
        return StopEvent()

    @step
    async def on(
        self, ev: Middle, pool: Annotated[list[str], Resource(get_pool)], n: Annotated[int, Resource(TWO)]
    ) -> None: ...


def test_resources_and_what_they_need() -> None:
    graph = get_workflow_representation(Stocked)
    by_id = {found.id: found for found in graph.nodes}
    names = {found.label: id for id, found in by_id.items()}
    cache, pool, config = names["get_cache"], names["get_pool"], names["database"]

    assert cache == f"resource_{Resource(get_cache).id}"
    assert config == f"resource_config_{ResourceConfig('app.json', 'db').id}"
    assert by_id[pool] == WorkflowResourceNode(
        id=pool, label="get_pool", description="Make connections.", type_name="list[str]", factory="get_pool"
    )
    assert by_id[config] == WorkflowResourceConfigNode(
        id=config, label="database", type_name="Settings", config_file="app.json", path_selector="db"
    )
    assert {
        ("go", cache, "store"),
        ("on", pool, "pool"),
        (cache, pool, "pool"),
        (pool, config, "settings"),
    } <= set(ways(graph))
    assert len([id for id in by_id if id == pool]) == 1


def test_two_factories_of_one_name_are_two_resources() -> None:
    graph = get_workflow_representation(Stocked)

    first = f"resource_{Resource(ONE).id}"
    assert Resource(TWO).id == Resource(ONE).id
    assert {("go", first, "n"), ("on", f"{first}#2", "n")} <= set(ways(graph))
    assert {first, f"{first}#2"} <= set(ids(graph))


def test_what_many_resources_share_is_walked_once() -> None:
    def bottom() -> int:
        return 0

    factory: Callable[..., int] = bottom
    for level in range(40):  # 2 ** 40 paths lead down

        def above(a: int, b: int) -> int:
            return a + b

        above.__annotations__ = dict.fromkeys("ab", Annotated[int, Resource(factory)])
        above.__qualname__ = above.__name__ = f"above_{level}"
        factory = above

    async def go(self: Any, ev: StartEvent, n: int) -> StopEvent: ...  # type: ignore[empty-body]

    go.__annotations__["n"] = Annotated[int, Resource(factory)]
    go.__qualname__ = "Deep.go"
    graph = get_workflow_representation(new_workflow("Deep", go=step(go)))

    assert len([found for found in graph.nodes if found.node_type == "resource"]) == 41


# -- child workflows --------------------------------------------------------------------------------------------------


class Inner(Workflow):
    """The one inside."""

    @step
    async def work(self, ev: StartEvent) -> StopEvent: ...  # type: ignore[empty-body]


class Outer(Workflow):
    helper: Inner
    spare: Inner

    @step
    async def call(self, ev: StartEvent) -> Middle:
        async def inside() -> Any:
            return await self.helper.run()

        return Middle(text=await inside())

    @step
    async def end(self, ev: Middle) -> StopEvent: ...  # type: ignore[empty-body]


def test_a_child_is_a_node_that_names_its_graph() -> None:
    graph = get_workflow_representation(Outer)

    assert ids(graph)[-2:] == ["workflow_helper", "workflow_spare"]
    assert node(graph, "workflow_helper") == WorkflowGenericNode(
        id="workflow_helper", label="Inner", description="The one inside.", node_type="workflow", workflow="Inner"
    )
    assert [way for way in ways(graph) if "workflow" in way[1]] == [("call", "workflow_helper", "helper")]
    assert graph.workflows == {"Inner": get_workflow_representation(Inner)}
    assert same_after_json(graph)


def test_instances_with_nothing_of_their_own_are_told_by_their_class() -> None:
    assert get_workflow_representation(Outer(helper=Inner(), spare=Inner())) == get_workflow_representation(Outer)


def test_children_that_differ_have_graphs_of_their_own() -> None:
    special = Inner()

    @step(workflow=special)
    async def more(ev: Left) -> Right: ...  # type: ignore[empty-body]

    graph = get_workflow_representation(Outer(helper=special, spare=Inner()))

    helper, spare = node(graph, "workflow_helper"), node(graph, "workflow_spare")
    assert isinstance(helper, WorkflowGenericNode)
    assert isinstance(spare, WorkflowGenericNode)
    assert (helper.workflow, spare.workflow) == ("Inner", "Inner#2")
    assert "more" in ids(graph.workflows["Inner"])
    assert "more" not in ids(graph.workflows["Inner#2"])


def test_children_of_children_and_a_workflow_inside_itself() -> None:
    class Top(Line):
        outer: Outer

        def __init__(self) -> None:
            super().__init__()
            self.again = self

    graph = get_workflow_representation(Top())

    assert list(graph.workflows) == ["Inner", "Outer", "Top"]
    assert all(not child.workflows for child in graph.workflows.values())
    assert ids(graph.workflows["Top"]) == ids(graph)


def test_what_a_decorator_has_wrapped_is_looked_into() -> None:
    def loud(func: Any) -> Any:
        @functools.wraps(func)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await func(*args, **kwargs)

        return wrapper

    class Flow(Workflow):
        helper: Inner

        @step
        @loud
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.helper.run())

    assert ("call", "workflow_helper", "helper") in ways(get_workflow_representation(Flow))


# -- schemas ----------------------------------------------------------------------------------------------------------


class Opaque:
    """Nothing that JSON knows."""


def test_a_type_that_json_does_not_know_takes_anything() -> None:
    class Odd(Event):
        thing: Opaque
        call: Callable[[int], int] = lambda n: n
        things: list[Opaque] | None = None
        plain: int = 1

    schema = schema_of(Odd)

    assert schema["properties"]["thing"] == {"title": "Opaque"}
    assert schema["properties"]["plain"] == {"default": 1, "title": "Plain", "type": "integer"}
    assert set(schema["properties"]) == {"thing", "call", "things", "plain"}
    assert schema["required"] == ["thing"]


def test_a_failure_has_a_schema() -> None:
    schema = schema_of(StepFailedEvent)

    assert schema["properties"]["step_name"]["type"] == "string"
    assert schema["properties"]["exception"]["title"] == "BaseException"


class Unready(Event):
    later: "NotYet"  # type: ignore[name-defined]  # noqa: F821
    text: str


def test_a_class_that_is_not_complete_still_has_its_fields_and_is_read_again() -> None:
    assert schema_of(Unready) == {"title": "Unready", "type": "object", "properties": {"later": {}, "text": {}}}

    Unready.model_rebuild(_types_namespace={"NotYet": int})

    assert schema_of(Unready)["properties"]["later"]["type"] == "integer"


def test_code_that_fails_to_make_a_schema_does_no_harm() -> None:
    class Stubborn(Event):
        text: str

        @classmethod
        def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
            raise RuntimeError("no schema here")

    assert schema_of(Stubborn) == {"title": "Stubborn", "type": "object", "properties": {"text": {}}}


def test_defaults_that_look_like_secrets_are_masked() -> None:
    class Inside(BaseModel):
        password: str = "hidden-1"

    class Login(Event):
        api_key: str = "hidden-2"
        other: SecretStr = SecretStr("hidden-3")
        options: Mapping[str, str] = {"token": "hidden-4", "colour": "red"}
        inside: Inside = Inside(password="hidden-5")

    written = json.dumps(schema := schema_of(Login))

    assert "hidden" not in written
    assert schema["properties"]["api_key"] == {"default": "****", "title": "Api Key", "type": "string"}
    assert schema["properties"]["options"]["default"] == {"token": "****", "colour": "red"}


def test_a_schema_is_plain_json() -> None:
    class Numbers(Event):
        big: float = float("inf")
        small: int = 10**30
        pair: tuple[int, int] = (1, 2)
        one: Literal[1, "a"] | None = None
        extra: int = Field(default=1, json_schema_extra={"of": {"limit": float("nan"), "odd": "\ud800"}})

    properties = schema_of(Numbers)["properties"]

    assert properties["big"]["default"] is None
    assert properties["small"]["default"] == 10**30
    assert properties["pair"]["default"] == [1, 2]
    assert properties["extra"]["of"] == {"limit": None, "odd": "\\ud800"}
    assert properties["one"]["anyOf"] == [{"enum": [1, "a"]}, {"type": "null"}]


def test_changing_a_graph_changes_no_other() -> None:
    first = get_workflow_representation(Line)
    schema = event_node(first, "Middle").event_schema
    assert schema is not None
    schema["properties"]["text"]["type"] = "number"
    first.nodes.clear()
    first.edges.clear()

    again = event_node(get_workflow_representation(Line), "Middle").event_schema
    assert again is not None
    assert again["properties"]["text"]["type"] == "string"


# -- any workflow -----------------------------------------------------------------------------------------------------


def test_a_broken_workflow_is_told_as_it_is() -> None:
    class Broken(Workflow):
        @step
        async def ping(self, ev: Left) -> Right | int: ...  # type: ignore[empty-body]

    graph = get_workflow_representation(Broken)

    assert ids(graph) == ["ping", "Left", "Right"]
    assert get_workflow_representation(Workflow()) == WorkflowGraph(name="Workflow")
    assert get_workflow_representation(Workflow) == WorkflowGraph(name="Workflow")


def test_a_workflow_s_own_name_is_the_graph_s() -> None:
    assert get_workflow_representation(Line(workflow_name="mine")).name == "mine"


@pytest.mark.parametrize("wrong", ["Line", None, 3, Line.first])
def test_what_is_no_workflow_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"takes a workflow or a workflow class, got .*Pass the workflow itself"):
        get_workflow_representation(wrong)


HOSTILE = "</script>\u202e\"'`\\ \U0001f600\n# x"
UNWRITABLE = f"{HOSTILE}\x00\ud800"  # half a character


def test_hostile_text_is_data() -> None:
    async def body(ev: StartEvent) -> None: ...

    event = create_model("Odd", __base__=StartEvent)
    event.__name__ = HOSTILE
    event.__doc__ = UNWRITABLE
    body.__annotations__["ev"] = event
    body.__name__ = HOSTILE
    body.__doc__ = UNWRITABLE
    workflow = Workflow(workflow_name=UNWRITABLE)
    step(workflow=workflow)(body)

    graph = get_workflow_representation(workflow)

    assert graph.name == f"{HOSTILE}\x00\\ud800"
    assert [found.description for found in graph.nodes] == [graph.name, graph.name]
    assert ids(graph) == [HOSTILE, f"{HOSTILE}#2"]
    assert same_after_json(graph)


# -- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workflow", [Line, Loop, Fan, Join, Ask, Careful, Stocked, Outer])
def test_a_graph_goes_to_json_and_back(workflow: type[Workflow]) -> None:
    graph = get_workflow_representation(workflow)

    assert same_after_json(graph)
    assert WorkflowGraph.model_validate(graph.model_dump()) == graph
    assert get_workflow_representation(workflow).model_dump_json() == graph.model_dump_json()
    json.loads(graph.model_dump_json(), parse_constant=pytest.fail)


def test_the_bytes_do_not_depend_on_the_process() -> None:
    code = (
        "from wfkit import Event, StartEvent, StopEvent, Workflow, step\n"
        "from wfkit.representation import get_workflow_representation\n"
        "class Tags(Event):\n"
        "    tags: dict[str, list[set[str]]] = {'all': [{'a', 'b', 'c', 'd', 'e'}]}\n"
        "class Flow(Workflow):\n"
        "    @step\n"
        "    async def go(self, ev: StartEvent) -> Tags | StopEvent: ...\n"
        "    @step\n"
        "    async def on(self, ev: Tags) -> Tags | StopEvent: ...\n"
        "print(get_workflow_representation(Flow).model_dump_json())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
    assert '"default":{"all":[["a","b","c","d","e"]]}' in said.pop()


def test_importing_wfkit_does_not_load_it() -> None:
    code = "import sys, wfkit; print('wfkit.representation' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == "False\n"


def test_nodes_of_other_types_come_through() -> None:
    graph = WorkflowGraph(
        name="g",
        nodes=[WorkflowGenericNode.model_validate({"id": "a", "label": "A", "node_type": "agent", "tools": ["x"]})],
        edges=[WorkflowGraphEdge(source="a", target="a", label="again")],
    )

    assert same_after_json(graph)
    assert json.loads(graph.model_dump_json())["nodes"][0]["tools"] == ["x"]


def test_the_type_of_a_node_chooses_its_class() -> None:
    graph = WorkflowGraph.model_validate({"name": "g", "nodes": [{"id": "s", "label": "s", "node_type": "step"}]})

    assert graph.nodes == [WorkflowStepNode(id="s", label="s")]
    with pytest.raises(ValidationError, match="A node of type 'step' is a WorkflowStepNode"):
        WorkflowGenericNode(id="s", label="s", node_type="step")
    with pytest.raises(ValidationError, match="node_type"):
        WorkflowGraph.model_validate({"name": "g", "nodes": [{"id": "r", "label": "r"}]})
    assert issubclass(WorkflowGenericNode, WorkflowNodeBase)


# -- filtering --------------------------------------------------------------------------------------------------------


def test_without_events_the_steps_are_connected() -> None:
    graph = get_workflow_representation(Loop).filter_by_node_type("event")

    assert ids(graph) == ["begin", "turn"]
    assert ways(graph) == [("begin", "turn", "Count"), ("turn", "turn", "Count")]
    assert (graph.name, graph.description) == ("Loop", Loop.__doc__)
    assert same_after_json(graph)


def test_a_chain_of_removed_nodes_is_one_edge() -> None:
    whole = get_workflow_representation(Ask)

    assert ways(whole.filter_by_node_type("event", "external")) == [("ask", "greet", "Question → person → Answer")]
    assert ways(whole.filter_by_node_type("external")) == [
        ("StartEvent", "ask", None),
        ("ask", "Question", None),
        ("Answer", "greet", None),
        ("greet", "StopEvent", None),
        ("Question", "Answer", "person"),
    ]
    assert len(ids(whole)) == 7  # the whole is as it was


def line_of(nodes: str, edges: str) -> WorkflowGraph:
    """Make a graph: events are lower case, steps upper case."""
    return WorkflowGraph(
        name="g",
        nodes=[
            WorkflowStepNode(id=name, label=name)
            if name.isupper()
            else WorkflowEventNode(id=name, label=name, event_type=name, event_types=[name])
            for name in nodes
        ],
        edges=[WorkflowGraphEdge(source=edge[0], target=edge[1]) for edge in edges.split()],
    )


@pytest.mark.parametrize(
    ("nodes", "edges", "bridged"),
    [
        ("AxB", "Ax xB", ["A-x-B"]),
        ("AxyB", "Ax xy yB", ["A-x → y-B"]),
        ("AxyB", "Ax Ay xB yB", ["A-x-B", "A-y-B"]),  # two ways are two edges
        ("AxyzB", "Ax xy yz zx zB", ["A-x → y → z-B"]),  # a circle of removed nodes
        ("AxyB", "Ax xy yx xx yy", []),  # one that leads nowhere
        ("AxyzB", "Ax xy yz zB xz", ["A-x → z-B"]),  # the shorter way
        ("AxyB", "Ax xy yB xB", ["A-x-B"]),
        ("AxBC", "Ax xB xC BC BC", ["A-x-B", "A-x-C", "B-None-C"]),
        ("xA", "xA Ax", ["A-x-A"]),
        ("AxB", "xB", []),
        ("AB", "AB", ["A-None-B"]),
    ],
)
def test_bridges(nodes: str, edges: str, bridged: list[str]) -> None:
    graph = line_of(nodes, edges).filter_by_node_type("event")

    assert sorted(f"{source}-{label}-{target}" for source, target, label in ways(graph)) == sorted(bridged)
    assert ids(graph) == [name for name in nodes if name.isupper()]


def test_a_removed_failure_connects_each_step_with_its_own_handler() -> None:
    whole = get_workflow_representation(Careful)
    failed = "StepFailedEvent"

    assert set(ways(whole.filter_by_node_type("event"))) == {
        ("fetch", "show", "Middle"),
        ("again", "show", "Middle"),
        ("fetch", "again", failed),
        ("show", "rest", failed),
    }
    again = WorkflowGraph.model_validate_json(whole.model_dump_json())
    assert again.filter_by_node_type("event") == whole.filter_by_node_type("event")


def test_removed_resources_leave_what_they_read() -> None:
    graph = get_workflow_representation(Stocked).filter_by_node_type("resource", "event")
    config = ids(graph)[-1]

    assert set(ways(graph)) == {("go", config, "get_cache → get_pool"), ("on", config, "get_pool")}


def test_the_graphs_of_children_are_filtered_alike() -> None:
    whole = get_workflow_representation(Outer)

    assert ids(whole.filter_by_node_type("event").workflows["Inner"]) == ["work"]
    without = whole.filter_by_node_type("workflow")
    assert without.workflows == {}
    assert ids(without) == ["call", "StartEvent", "Middle", "end", "StopEvent"]


def test_filtering_nothing_keeps_all() -> None:
    whole = get_workflow_representation(Careful)

    assert whole.filter_by_node_type() == whole
    assert whole.filter_by_node_type("resource", "no such type") == whole
    assert whole.filter_by_node_type() is not whole


def test_questions_without_answers_and_answers_without_questions() -> None:
    class Tell(Workflow):
        @step
        async def tell(self, ev: StartEvent) -> InputRequiredEvent: ...  # type: ignore[empty-body]

    class Hear(Workflow):
        @step
        async def hear(self, ev: HumanResponseEvent) -> StopEvent: ...  # type: ignore[empty-body]

    assert ("InputRequiredEvent", "external_step", None) in ways(get_workflow_representation(Tell))
    assert ("external_step", "HumanResponseEvent", None) in ways(get_workflow_representation(Hear))
