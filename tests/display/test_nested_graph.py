"""The graph of a workflow with workflows inside it, resources, error handlers and lists."""

from __future__ import annotations

import functools
from typing import Annotated, Any

from tests.display.flows import Drawable, LoopSteps, plan
from tests.display.nested import Circle, Fact, Hit, Main, Search, circle
from wfkit import Resource, StartEvent, StepFailedEvent, StopEvent, Workflow, catch_error, draw_all_possible_flows, step
from wfkit.display.draw import graph_of
from wfkit.display.figure import Figure
from wfkit.graph import MOST_CHILDREN, Edge, FlowGraph


def test_children_know_their_users_and_have_children() -> None:
    for workflow in (Main, Main(first=Fact(search=Search()), second=Fact(search=Search()))):
        children = graph_of(workflow).children
        assert [(child.name, child.users, child.workflow) for child in children] == [
            ("first", ("begin", "look"), "Fact"),
            ("second", (), "Fact"),
        ]
        inner = children[1].graph
        assert inner is not None
        assert [(child.name, child.users) for child in inner.children] == [("search", ("check",))]


def test_a_step_inside_another_function_names_its_child_too() -> None:
    def noted(func: Any) -> Any:
        @functools.wraps(func)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            return await func(*args, **kwargs)

        return inner

    class Flow(Workflow):
        search: Search

        @step
        @noted
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.search.run())

    assert graph_of(Flow).children[0].users == ("go",)


def test_a_circle_of_workflows_ends() -> None:
    class Own(Workflow):
        inner: Own

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.inner.run())

    Own.__annotations__["inner"] = Own
    for workflow in (circle(), Circle(inner=circle()), Own, Own(inner=Own())):
        (child,) = graph_of(workflow).children
        assert (child.name, child.users, child.graph) == ("inner", ("go",), None)
    assert "inner: Circle …  (run by go)" in draw_all_possible_flows(circle()).text


def test_children_without_end_in_number_end() -> None:
    deepest = Drawable(plan(LoopSteps, "Flow 0"))
    for depth in range(1, 60):
        deepest = Drawable(plan(LoopSteps, f"Flow {depth}"), children={"left": deepest, "right": deepest})
    figure = Figure.of_flow(graph_of(deepest))
    drawn = [cluster for cluster in figure.all_clusters if cluster.figure is not None]
    assert len(drawn) == MOST_CHILDREN


def test_resources_hang_on_their_steps_and_on_each_other() -> None:
    graph = graph_of(Search)
    nodes = {node.name: node for node in graph.nodes}
    assert (nodes["app.json#db"].kind, nodes["make_model"].kind) == ("config", "resource")
    assert nodes["make_client"].doc == "One client for all."
    assert ("made", "for each attempt") in nodes["make_model"].fields
    assert [edge for edge in graph.edges if edge.kind == "resource"] == [
        Edge("split", nodes["app.json#db"].id, "resource"),
        Edge(nodes["make_model"].id, nodes["make_client"].id, "resource"),
        Edge("work", nodes["make_model"].id, "resource"),
    ]


def test_two_factories_of_one_name_are_two_resources() -> None:
    def factory(value: int) -> Any:
        def make() -> int:
            return value

        return make

    one, two = Resource(factory(1)), Resource(factory(2))

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent, a: Annotated[int, one], b: Annotated[int, two]) -> StopEvent:
            raise NotImplementedError

        @step
        async def more(self, ev: StartEvent, a: Annotated[int, one]) -> StopEvent:
            raise NotImplementedError

    ids = [node.id for node in graph_of(Flow).nodes if node.kind == "resource"]
    assert ids == [one.id, f"{one.id}#2"]


def test_each_handler_takes_its_own_failures() -> None:
    class Careful(Search):
        @catch_error
        async def give_up(self, ev: StepFailedEvent) -> StopEvent:
            raise NotImplementedError

    graph = graph_of(Careful)
    failures = {node.id: node.note for node in graph.nodes if node.name == "StepFailedEvent"}
    assert failures == {"StepFailedEvent": "any other step fails", "StepFailedEvent#2": ""}
    assert [edge for edge in graph.edges if edge.kind == "failure"] == [Edge("work", "StepFailedEvent#2", "failure")]
    assert {Edge("StepFailedEvent", "give_up"), Edge("StepFailedEvent#2", "skip")} <= set(graph.edges)


def test_steps_say_how_they_get_their_events() -> None:
    class All(Search):
        @step
        async def best(self, hits: list[Hit]) -> StopEvent:
            raise NotImplementedError

    notes = {node.id: node.note for node in (*graph_of(Main).nodes, *graph_of(Search).nodes) if node.kind == "step"}
    assert notes == {
        "begin": "",
        "look": "",
        "end": "joins 2",
        "give_up": "error handler",
        "best": "gathers 3",
        "skip": "error handler",
        "split": "",
        "work": "",
    }
    assert {node.id: node.note for node in graph_of(All).nodes}["best"] == "gathers all"
    assert Edge("split", "Query", "many") in graph_of(Search).edges


def test_a_child_and_a_graph_without_children_are_as_before() -> None:
    assert FlowGraph.of(plan(LoopSteps)) == graph_of(Drawable(plan(LoopSteps)))
