"""Where on a picture the steps and events of a run belong."""

from __future__ import annotations

from tests.display.flows import HOSTILE, LoopSteps, PersonSteps, Question, hostile, made_event, made_step, plan
from wfkit.display.atlas import NOWHERE, Atlas
from wfkit.display.figure import Figure
from wfkit.display.svg import draw_svg
from wfkit.events import (
    ChildEvent,
    Event,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    WorkflowFailedEvent,
)
from wfkit.graph import FlowGraph, event_ids
from wfkit.plan import Plan
from wfkit.steps import StepSpec, catch_error, spec_of, step


def atlas_of(found: Plan) -> Atlas:
    return Atlas.of(FlowGraph.of(found), event_ids(found))


def name_at(atlas: Atlas, place: int) -> str:
    return atlas.places[place].name


def test_every_place_is_an_element_of_the_drawing() -> None:
    for found in (plan(LoopSteps), plan(PersonSteps), hostile(), hostile("x" * 5_000)):
        graph = FlowGraph.of(found)
        drawn = draw_svg(Figure.of_flow(graph))
        places = atlas_of(found).places
        assert len(places) == len(graph.nodes)
        assert len({place.id for place in places}) == len(places)
        assert all(f'id="{place.id}"' in drawn for place in places)


def test_places_have_kinds_and_clean_names() -> None:
    atlas = atlas_of(plan(PersonSteps))
    assert {place.name: place.kind for place in atlas.places} == {
        "ask": "step",
        "StartEvent": "start",
        "Question": "question",
        "hear": "step",
        "Answer": "answer",
        "StopEvent": "stop",
        "person": "person",
    }
    assert all(len(place.name) <= 120 and "\x1b" not in place.name for place in atlas_of(hostile(HOSTILE * 9)).places)


def test_steps_are_found_by_name() -> None:
    atlas = atlas_of(plan(LoopSteps))
    assert name_at(atlas, atlas.step("improve_query")) == "improve_query"
    assert atlas.step("nobody") == NOWHERE


def test_a_step_and_an_event_of_one_name_are_two_places() -> None:
    kind = made_event("same")
    atlas = atlas_of(Plan("Flow", [made_step("same", [StartEvent], [kind]), made_step("b", [kind], [StopEvent])]))
    assert atlas.step("same") != atlas.event(kind) != NOWHERE


def test_a_subclass_belongs_where_its_nearest_base_does() -> None:
    class Special(Question):
        pass

    atlas = atlas_of(plan(PersonSteps))
    assert name_at(atlas, atlas.event(Special)) == "Question"
    assert atlas.event(InputRequiredEvent) == NOWHERE
    assert atlas.event(Event) == NOWHERE


def test_a_class_that_was_defined_again_keeps_its_place() -> None:
    old, new = made_event("Answer"), made_event("Answer")
    atlas = atlas_of(Plan("Flow", [made_step("a", [StartEvent], [old]), made_step("b", [old], [StopEvent])]))
    assert old is not new
    assert atlas.event(new) == atlas.event(old) != NOWHERE


def test_wfkits_own_events_are_no_stop_event() -> None:
    atlas = atlas_of(plan(LoopSteps))
    assert name_at(atlas, atlas.event(StopEvent)) == "StopEvent"
    assert atlas.event(WorkflowFailedEvent) == NOWHERE
    assert atlas.event(ChildEvent) == NOWHERE


def test_each_error_handler_has_a_failure_of_its_own() -> None:
    class Steps:
        @step
        async def work(self, ev: StartEvent) -> StopEvent:
            raise NotImplementedError

        @step
        async def other(self, ev: StartEvent) -> StopEvent:
            raise NotImplementedError

        @catch_error(for_steps=["work"])
        async def mend(self, ev: StepFailedEvent) -> StopEvent:
            raise NotImplementedError

        @catch_error
        async def rescue(self, ev: StepFailedEvent) -> StopEvent:
            raise NotImplementedError

    found = plan(Steps)
    atlas = atlas_of(found)
    first, second = atlas.event(StepFailedEvent, ("mend",)), atlas.event(StepFailedEvent, ("rescue",))
    assert NOWHERE not in (first, second)
    assert first != second
    ways = {(edge.source, edge.target) for edge in FlowGraph.of(found).edges}
    ids = [node.id for node in FlowGraph.of(found).nodes]
    assert (ids[first], "mend") in ways
    assert (ids[second], "rescue") in ways
    assert atlas.event(StepFailedEvent) == NOWHERE


def test_resources_have_no_place() -> None:
    specs: list[StepSpec | None] = [spec_of(LoopSteps.answer_query), spec_of(LoopSteps.improve_query)]
    graph = FlowGraph.of(Plan("Flow", [spec for spec in specs if spec is not None]))
    node = graph.nodes[0]._replace(id="resource", kind="resource", name="client")
    atlas = Atlas.of(graph._replace(nodes=(node, *graph.nodes)), {})
    assert "client" not in [place.name for place in atlas.places]
    assert name_at(atlas, atlas.step("answer_query")) == "answer_query"
