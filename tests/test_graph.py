"""The flow of a workflow as a graph, and what is wrong with it."""

from __future__ import annotations

import pytest

from tests.flows import Answer, Ask, Count, Fail, Fan, Join, Left, Line, Loop, Middle, Question, Right, Slow, Sync
from wfkit import (
    Event,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowConfigurationError,
    WorkflowValidationError,
    step,
)
from wfkit.graph import Edge, FlowGraph
from wfkit.problems import find_problems


class OtherStart(StartEvent):
    pass


class OtherStop(StopEvent):
    pass


def graph_of(workflow: type[Workflow]) -> FlowGraph:
    return FlowGraph.of(workflow.__wfkit_plan__())


def complaint(workflow: type[Workflow]) -> str:
    """Return what validation says about a workflow."""
    with pytest.raises((WorkflowValidationError, WorkflowConfigurationError)) as error:
        workflow(disable_validation=True).validate()
    return str(error.value)


# -- drawing material -------------------------------------------------------------------------------------------------


def test_nodes_come_in_the_order_of_the_steps_each_with_its_events() -> None:
    graph = graph_of(Loop)

    assert [(node.id, node.kind) for node in graph.nodes] == [
        ("begin", "step"),
        ("StartEvent", "start"),
        ("Count", "event"),
        ("turn", "step"),
        ("StopEvent", "stop"),
    ]
    assert set(graph.edges) == {
        Edge("StartEvent", "begin"),
        Edge("begin", "Count"),
        Edge("Count", "turn"),
        Edge("turn", "Count"),
        Edge("turn", "StopEvent"),
    }


def test_a_person_stands_between_question_and_answer() -> None:
    graph = graph_of(Ask)

    assert {node.id: node.kind for node in graph.nodes}["external_step"] == "person"
    assert {Edge("Question", "external_step"), Edge("external_step", "Answer")} <= set(graph.edges)


def test_nodes_carry_what_there_is_to_tell() -> None:
    nodes = {node.id: node for node in graph_of(Line).nodes}

    assert nodes["Middle"].doc == "On its way from the first step of a flow to the next."
    assert nodes["Middle"].fields == (("text", "str"),)
    assert nodes["first"].fields == (("ev", "StartEvent"), ("return", "Middle"))
    assert nodes["first"].num_workers == 4


def test_a_step_and_an_event_of_one_name_stay_apart() -> None:
    class Flow(Line):
        pass

    async def body(ev: Middle) -> None: ...

    body.__name__ = "Middle"
    step(workflow=Flow)(body)

    kinds = [(node.id, node.kind) for node in graph_of(Flow).nodes]
    assert ("Middle", "step") in kinds
    assert ("Middle#2", "event") in kinds


def test_the_same_workflow_gives_the_same_graph() -> None:
    assert graph_of(Fan) == graph_of(Fan)


# -- problems ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workflow", [Line, Loop, Fan, Join, Ask, Fail, Slow, Sync])
def test_a_sound_workflow_has_no_problem(workflow: type[Workflow]) -> None:
    assert find_problems(workflow.__wfkit_plan__()) == []


def test_no_start() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: Answer) -> StopEvent: ...  # type: ignore[empty-body]

    assert (
        "At least one Event of type StartEvent must be received by any step. "
        "(Workflow 'Flow' has no @step that accepts StartEvent.)"
    ) in complaint(Flow)


def test_no_stop() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> None: ...

    assert (
        "At least one Event of type StopEvent must be returned by any step. "
        "(Workflow 'Flow' has no @step that returns StopEvent.)"
    ) in complaint(Flow)


def test_two_starts_and_two_stops() -> None:
    class Flow(Workflow):
        @step
        async def one(self, ev: StartEvent) -> StopEvent: ...  # type: ignore[empty-body]

        @step
        async def two(self, ev: OtherStart) -> OtherStop: ...  # type: ignore[empty-body]

    said = complaint(Flow)
    assert "Only one type of StartEvent is allowed per workflow, found 2: {OtherStart, StartEvent}" in said
    assert "Only one type of StopEvent is allowed per workflow, found 2: {OtherStop, StopEvent}" in said
    assert "in workflow 'Flow'" in said


def test_a_step_that_takes_a_stop() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent: ...  # type: ignore[empty-body]

        @step
        async def after(self, ev: StopEvent) -> None: ...

    assert (
        "Step 'after' cannot accept StopEvent. StopEvent signals the end of the workflow. "
        "Use a different Event type instead."
    ) in complaint(Flow).replace("\n    ", " ")


def test_an_event_that_nobody_produces() -> None:
    class Flow(Line):
        @step
        async def third(self, ev: Left) -> StopEvent: ...  # type: ignore[empty-body]

    assert "The following events are consumed but never produced: Left" in complaint(Flow)


def test_an_event_that_nobody_takes() -> None:
    class Flow(Line):
        @step
        async def third(self, ev: Middle) -> Right | Left | StopEvent: ...  # type: ignore[empty-body]

    assert "The following events are produced but never consumed: Left, Right" in complaint(Flow)


def test_a_return_type_that_is_no_event() -> None:
    class Flow(Line):
        @step
        async def third(self, ev: Middle) -> int | StopEvent: ...  # type: ignore[empty-body]

    assert "The following events are produced but never consumed: int" in complaint(Flow)


class Island(Line):
    """Two steps that feed only each other."""

    @step
    async def ping(self, ev: Left) -> Right: ...  # type: ignore[empty-body]

    @step
    async def pong(self, ev: Right) -> Left: ...  # type: ignore[empty-body]


def test_steps_that_nothing_leads_to_and_that_lead_to_nothing() -> None:
    assert complaint(Island) == (
        "Graph validation failed:\n"
        "  - [reachability] Unreachable steps: ping, pong\n"
        "    Steps must be reachable from StartEvent or HumanResponseEvent.\n"
        "  - [dead_end] Dead-end steps: ping, pong\n"
        "    Steps must have a path to StopEvent or InputRequiredEvent."
    )


def test_a_step_that_returns_nothing_is_no_dead_end() -> None:
    class Flow(Line):
        @step
        async def note(self, ev: Middle) -> None: ...

    assert find_problems(Flow.__wfkit_plan__()) == []


def test_a_question_is_an_end_and_an_answer_a_beginning() -> None:
    class Flow(Line):
        @step
        async def ask(self, ev: Middle) -> Question: ...  # type: ignore[empty-body]

        @step
        async def hear(self, ev: Answer) -> None: ...

    assert find_problems(Flow.__wfkit_plan__()) == []


def test_a_base_class_takes_its_subclasses_only_when_asked_to() -> None:
    class Special(Middle):
        pass

    class Narrow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> Special: ...  # type: ignore[empty-body]

        @step
        async def end(self, ev: Middle) -> StopEvent: ...  # type: ignore[empty-body]

    class Wide(Narrow):
        @step(accept_event_subclasses=True)
        async def end(self, ev: Middle) -> StopEvent: ...  # type: ignore[empty-body]

    assert "consumed but never produced: Middle" in complaint(Narrow)
    assert "produced but never consumed: Special" in complaint(Narrow)
    assert find_problems(Wide.__wfkit_plan__()) == []


def test_all_problems_are_told_at_once_each_with_a_hint() -> None:
    class Flow(Island):
        @step
        async def lost(self, ev: Count) -> int | OtherStop: ...  # type: ignore[empty-body]

    problems = find_problems(Flow.__wfkit_plan__())

    assert [problem.check for problem in problems] == [
        "stop",
        "unproduced",
        "terminal_event",
        "reachability",
        "dead_end",
    ]
    said = complaint(Flow)
    assert all(problem.message in said and problem.hint in said for problem in problems)
    assert all(problem.hint for problem in problems)


# -- leaving checks out -----------------------------------------------------------------------------------------------


def test_checks_can_be_left_out_for_a_workflow() -> None:
    assert Island(skip_graph_checks={"reachability", "dead_end"}).validate() is False
    with pytest.raises(WorkflowValidationError, match="Dead-end steps: ping, pong"):
        Island(skip_graph_checks={"reachability"}).validate()


def test_checks_can_be_left_out_for_a_step() -> None:
    class Flow(Island):
        @step(skip_graph_checks=["reachability", "dead_end"])
        async def ping(self, ev: Left) -> Right: ...  # type: ignore[empty-body]

    said = complaint(Flow)
    assert "Unreachable steps: pong" in said
    assert "Dead-end steps: pong" in said


async def test_disable_validation_is_for_run_and_not_for_validate() -> None:
    workflow = Island(disable_validation=True)

    assert await workflow.run() == "HELLO"
    with pytest.raises(WorkflowValidationError, match="Unreachable steps"):
        workflow.validate()


async def test_run_checks_the_whole_graph() -> None:
    with pytest.raises(WorkflowValidationError, match="Unreachable steps"):
        Island().run()


async def test_a_step_added_later_is_checked_too() -> None:
    class Flow(Line):
        pass

    workflow = Flow()
    await workflow.run()

    @step(workflow=Flow)
    async def lost(ev: Left) -> None: ...

    with pytest.raises(WorkflowValidationError, match="consumed but never produced: Left"):
        workflow.run()


def test_only_faults_of_configuration_are_configuration_errors() -> None:
    class NoStop(Workflow):
        @step
        async def go(self, ev: StartEvent) -> None: ...

    class NoStopAndMore(NoStop):
        @step
        async def lost(self, ev: Left) -> None: ...

    assert isinstance(_error_of(NoStop), WorkflowConfigurationError)
    assert isinstance(_error_of(NoStopAndMore), WorkflowValidationError)


def _error_of(workflow: type[Workflow]) -> Exception:
    with pytest.raises((WorkflowValidationError, WorkflowConfigurationError)) as error:
        workflow(disable_validation=True).validate()
    return error.value


def test_event_nodes_tell_every_kind() -> None:
    class Flow(Line):
        @step
        async def ask(self, ev: Middle) -> Question: ...  # type: ignore[empty-body]

        @step
        async def hear(self, ev: Answer) -> None: ...

    kinds = {node.id: node.kind for node in graph_of(Flow).nodes}
    assert {kinds[kind] for kind in ("StartEvent", "StopEvent", "Question", "Answer", "Middle")} == {
        "start",
        "stop",
        "question",
        "answer",
        "event",
    }
    assert issubclass(Question, Event)
