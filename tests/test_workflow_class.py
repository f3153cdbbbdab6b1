"""A workflow class: which of its functions are steps, under which names, and when it is compiled again."""

from __future__ import annotations

import copy
import functools
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows import Count, Line, Middle
from wfkit import Context, StartEvent, StopEvent, Workflow, WorkflowValidationError, step
from wfkit.testing import Probe

# -- decorators above @step -------------------------------------------------------------------------------------------


def noting(seen: list[str]) -> Callable[[Any], Any]:
    """Return a decorator that notes each call."""

    def decorate(func: Any) -> Any:
        @functools.wraps(func)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            seen.append(func.__name__)
            return await func(*args, **kwargs)

        return inner

    return decorate


async def test_a_decorator_above_step_is_called() -> None:
    seen: list[str] = []

    class Flow(Workflow):
        @noting(seen)
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=ev.n)

    assert await Flow().run(n=5) == 5
    assert seen == ["go"]


async def test_a_plain_wrapper_of_an_async_step_is_called_too() -> None:
    seen: list[str] = []

    def plain(func: Any) -> Any:
        @functools.wraps(func)
        def inner(*args: Any, **kwargs: Any) -> Any:
            seen.append(func.__name__)
            return func(*args, **kwargs)

        return inner

    class Flow(Workflow):
        @plain
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result="done")

    assert await Flow().run() == "done"
    assert seen == ["go"]


async def test_a_step_wrapped_on_the_class_later_is_the_wrapped_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    flow = Line()
    assert await flow.run() == "HELLO"
    monkeypatch.setattr(Line, "second", noting(seen)(Line.second))
    assert await flow.run() == "HELLO"
    assert seen == ["second"]


# -- names ------------------------------------------------------------------------------------------------------------


async def test_another_name_for_a_step_is_not_another_step(probe: Probe) -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> Middle:
            return Middle(text="once")

        @step
        async def end(self, ev: Middle) -> StopEvent:
            return StopEvent(result=ev.text)

        went = go

    assert await Flow().run(hooks=[probe]) == "once"
    assert probe.steps == ["go", "end"]


async def test_a_step_function_used_again_has_the_name_of_its_attribute(probe: Probe) -> None:
    class First(Workflow):
        @step
        async def go(self, ev: StartEvent) -> Middle:
            return Middle(text="from first")

    class Second(Workflow):
        @step
        async def go(self, ev: Middle) -> StopEvent:
            return StopEvent(result=ev.text)

    class Flow(Workflow):
        begin = First.go
        end = Second.go

    assert await Flow().run(hooks=[probe]) == "from first"
    assert probe.steps == ["begin", "end"]
    assert [spec.name for spec in Flow.__wfkit_plan__().steps] == ["begin", "end"]


# -- changes ----------------------------------------------------------------------------------------------------------


def test_a_class_that_counts_is_not_compiled_again() -> None:
    class Flow(Line):
        calls = 0

    plan = Flow.__wfkit_plan__()
    Flow.calls += 1
    assert Flow.__wfkit_plan__() is plan
    Flow.first = Line.second  # type: ignore[method-assign, assignment]
    assert Flow.__wfkit_plan__() is not plan


# -- arguments --------------------------------------------------------------------------------------------------------


def test_the_arguments_stand_in_the_order_that_users_know() -> None:
    flow = Line(1.0, False, False, None, 3, None, "named", ["dead_end"])
    assert flow.workflow_name == "named"


@pytest.mark.parametrize(
    "make", [lambda: Line(skip_graph_checks="dead_end"), lambda: step(skip_graph_checks="dead_end")]
)
def test_one_name_is_no_list_of_names(make: Callable[[], Any]) -> None:
    with pytest.raises(WorkflowValidationError, match=r"skip_graph_checks takes a list of names. Write \['dead_end'\]"):
        make()


def test_a_runtime_is_refused_with_words() -> None:
    assert Line(runtime=None)
    with pytest.raises(WorkflowValidationError, match=r"wfkit has no runtimes, got 5\. Leave it out"):
        Line(runtime=5)  # type: ignore[arg-type]


def test_a_misspelt_argument_is_answered_with_the_one_it_may_mean() -> None:
    with pytest.raises(
        TypeError, match=r"Line\(\) got an unexpected keyword argument 'time_out', 5. Did you mean 'timeout'"
    ):
        Line(time_out=5)  # type: ignore[arg-type]


def test_a_child_in_the_place_of_the_timeout_is_recognised() -> None:
    with pytest.raises(WorkflowValidationError, match="A child workflow is passed by the name of its attribute"):
        Line(Line())  # type: ignore[arg-type]


# -- copies -----------------------------------------------------------------------------------------------------------


async def test_a_workflow_can_be_copied_and_pickled() -> None:
    for twin in (copy.copy(Line()), copy.deepcopy(Line()), pickle.loads(pickle.dumps(Line(timeout=7)))):
        assert await twin.run(text="again") == "AGAIN"


def test_a_context_says_how_it_is_kept() -> None:
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"A Context cannot be pickled or copied. Use ctx.to_dict\(\)"):
            attempt(Context(Line()))


async def test_a_steps_own_face_of_the_context_stands_for_the_context() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            self.kept = ctx
            count = await ctx.store.get("count", default=0)
            await ctx.store.set("count", count + 1)
            return StopEvent(result=count)

    flow = Flow()
    assert await flow.run() == 0
    assert await flow.run(ctx=flow.kept) == 1
    assert Count(n=1)
