"""A run that a step of another run starts: its life, its questions and its end belong to the parent's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wfkit import (
    Context,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    WorkflowValidationError,
    step,
)


class Answer(HumanResponseEvent):
    text: str


class Child(Workflow):
    """Asks a person."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answer = await ctx.wait_for_event(Answer, waiter_event=InputRequiredEvent())
        return StopEvent(result=answer.text)


class Parent(Workflow):
    """Awaits a child, and works a while afterwards."""

    child = Child(timeout=None)

    @step
    async def delegate(self, ev: StartEvent) -> StopEvent:
        handler = self.child.run()
        ev.handlers.append(handler)
        text = await handler
        await asyncio.sleep(ev.get("work", 1))
        return StopEvent(result=f"child said {text}")


async def test_while_a_child_asks_a_person_the_time_of_its_parent_stands_still() -> None:
    handlers: list[object] = []
    handler = Parent(timeout=5).run(handlers=handlers)
    await asyncio.sleep(1_000)
    assert handler.status == "running"
    await handlers[0].send_event(Answer(text="yes"))  # type: ignore[attr-defined]
    assert await handler == "child said yes"


async def test_the_time_of_the_parent_goes_on_when_the_child_has_its_answer() -> None:
    handlers: list[object] = []
    handler = Parent(timeout=5).run(handlers=handlers, work=100)
    await asyncio.sleep(1_000)
    await handlers[0].send_event(Answer(text="yes"))  # type: ignore[attr-defined]
    with pytest.raises(WorkflowTimeoutError):
        await handler
    assert asyncio.get_running_loop().time() == pytest.approx(1_005)


async def test_a_cancelled_parent_takes_its_child_along() -> None:
    handlers: list[object] = []
    handler = Parent().run(handlers=handlers)
    await asyncio.sleep(1)
    await handler.cancel_run()
    assert [child.status for child in handlers] == ["cancelled"]  # type: ignore[attr-defined]


async def test_a_step_that_raises_generator_exit_fails_its_run() -> None:
    class Odd(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            raise GeneratorExit("not the loop")

    with pytest.raises((GeneratorExit, WorkflowRuntimeError)):
        await Odd(timeout=5).run()


# -- which attributes are children -----------------------------------------------------------------------------------


class Greets(Workflow):
    """Has one child that is declared."""

    helper: Helper

    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=await self.helper.run())


class Helper(Workflow):
    """Says who it is. Defined after its parent names it."""

    @step
    async def help(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=type(self).__name__)


class Better(Helper):
    """A helper, too."""


class Other(Workflow):
    """No helper."""

    @step
    async def help(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result="other")


async def test_a_declared_child_is_given_by_name() -> None:
    helper = Helper()
    workflow = Greets(timeout=10, helper=helper)
    assert workflow.helper is helper
    assert await workflow.run() == "Helper"


async def test_an_instance_of_a_subclass_will_do() -> None:
    assert await Greets(helper=Better()).run() == "Better"


async def test_two_instances_have_their_own_children() -> None:
    one, two = Greets(helper=Helper()), Greets(helper=Better())
    assert [await one.run(), await two.run()] == ["Helper", "Better"]


@pytest.mark.parametrize("given", [Other(), Greets(helper=Helper())], ids=repr)
def test_a_child_of_another_class_is_refused(given: Workflow) -> None:
    with pytest.raises(TypeError, match=r"^Greets\(helper=\.\.\.\) takes a Helper, got <Workflow "):
        Greets(helper=given)


@pytest.mark.parametrize("given", [None, 5, Helper, "helper"], ids=repr)
def test_what_is_no_workflow_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="helper"):
        Greets(helper=given)


def test_a_name_that_is_not_declared_is_refused_with_those_that_are() -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'assistant'.*Its child workflows are helper\."):
        Greets(assistant=Helper())
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'helpre'.*Did you mean 'helper'\?"):
        Greets(helpre=Helper())
    with pytest.raises(TypeError, match=r"Helper\(\) got an unexpected .*'child'.*declares no child workflows"):
        Helper(child=Helper())


def test_a_mistyped_argument_is_no_child() -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'time_out', 5.*Did you mean 'timeout'\?"):
        Greets(helper=Helper(), time_out=5)  # type: ignore[arg-type]


async def test_a_child_that_is_missing_is_named_before_anything_runs() -> None:
    workflow = Greets()
    for check in (workflow.validate, workflow.run):
        with pytest.raises(WorkflowValidationError) as caught:
            check()
        assert "Workflow 'Greets' has no child workflow 'helper'." in str(caught.value)
        assert "Greets(helper=Helper(...)), or set self.helper in __init__" in str(caught.value)
    workflow.helper = Helper()
    assert not workflow.validate()
    assert await workflow.run() == "Helper"


async def test_a_child_may_be_set_in_init_or_on_the_class() -> None:
    class InInit(Greets):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.helper = Better()

    class OnClass(Greets):
        helper = Helper()

    assert await InInit().run() == "Better"
    assert await OnClass().run() == "Helper"
    assert await OnClass(helper=Better()).run() == "Better"
    assert await OnClass().run() == "Helper"
    assert OnClass().validate() is False


async def test_a_subclass_inherits_and_narrows_what_is_declared() -> None:
    class Narrow(Greets):
        helper: Better

    class Wider(Greets):
        second: Other

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=[await self.helper.run(), await self.second.run()])

    assert await Narrow(helper=Better()).run() == "Better"
    with pytest.raises(TypeError, match="takes a Better"):
        Narrow(helper=Helper())
    assert await Wider(helper=Helper(), second=Other()).run() == ["Helper", "other"]
    with pytest.raises(WorkflowValidationError, match="no child workflow 'second'"):
        Wider(helper=Helper()).validate()
    with pytest.raises(WorkflowValidationError, match="no child workflow 'helper'"):
        Wider(second=Other()).validate()


async def test_a_class_local_to_a_function_can_be_declared() -> None:
    class Inside(Workflow):
        @step
        async def help(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result="inside")

    class Holds(Workflow):
        inside: Inside

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.inside.run())

    assert await Holds(inside=Inside()).run() == "inside"
    with pytest.raises(TypeError, match="'inside'"):
        Holds(inside=5)  # type: ignore[arg-type]


async def test_a_missing_child_of_a_local_class_is_named_too() -> None:
    class Inside(Workflow):
        @step
        async def help(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

    class Holds(Workflow):
        inside: Inside

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.inside.run())

    with pytest.raises(WorkflowValidationError, match="no child workflow 'inside'"):
        Holds().validate()


async def test_a_child_of_another_local_class_is_refused() -> None:
    class Inside(Workflow):
        @step
        async def help(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

    class Holds(Workflow):
        inside: Inside

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.inside.run())

    with pytest.raises(TypeError, match="takes a Inside"):
        Holds(inside=Other())


async def test_an_annotation_that_names_nothing_does_not_hide_the_others() -> None:
    class Holds(Workflow):
        nothing: Nowhere  # type: ignore[name-defined]  # noqa: F821
        helper: Helper
        number: int
        text: str = "x"

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.helper.run())

    assert await Holds(helper=Helper()).run() == "Helper"
    with pytest.raises(TypeError, match="'text'"):
        Holds(text="y", helper=Helper())  # type: ignore[arg-type]


@pytest.mark.parametrize("annotation", ["Helper | None", "Optional[Helper]", "ClassVar[Helper]", "list[Helper]"])
async def test_an_attribute_that_may_hold_something_else_is_not_needed(annotation: str) -> None:
    class Holds(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

    Holds.__annotations__ = {"maybe": annotation}
    assert not Holds().validate()
    await Holds().run()


async def test_children_are_seen_from_outside() -> None:
    assert Greets.__wfkit_children__() == {"helper": Helper}
    helper = Helper()
    workflow = Greets(helper=helper)
    assert workflow.__wfkit_children__() == {"helper": helper}
    extra = workflow.extra = Other()  # type: ignore[attr-defined]
    assert workflow.__wfkit_children__() == {"helper": helper, "extra": extra}


async def test_a_child_that_is_set_while_the_parent_runs_is_used() -> None:
    class Late(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            self.late = Helper()
            return StopEvent(result=await self.late.run())

    assert await Late().run() == "Helper"


# -- failures and ends -----------------------------------------------------------------------------------------------


async def test_the_error_of_a_child_is_the_error_of_its_parent() -> None:
    class Fails(Helper):
        @step
        async def help(self, ev: StartEvent) -> StopEvent:
            raise LookupError("in the child")

    with pytest.raises(LookupError, match="in the child"):
        await Greets(helper=Fails()).run()


async def test_a_cancelled_child_is_an_error_in_its_parent() -> None:
    class Cancels(Workflow):
        child = Child(timeout=None)

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            handler = self.child.run()
            await handler.cancel_run()
            return StopEvent(result=await handler)

    with pytest.raises(WorkflowCancelledByUser):
        await Cancels().run()
