"""The handler: what `run()` returns and the user awaits."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from tests.flows import Answer, Ask, Fail, Left, Line, Slow
from wfkit import (
    ContextStateError,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowTimeoutError,
    step,
)
from wfkit.testing import simulate


class Special(StopEvent):
    out: str = ""


class Results(Workflow):
    """Stops with what it is given."""

    @step
    async def stop(self, ev: StartEvent) -> StopEvent:
        return ev.stop  # type: ignore[no-any-return]


# -- the result -------------------------------------------------------------------------------------------------------


async def test_a_plain_stop_gives_its_result_and_any_other_itself() -> None:
    special = Special(out="x", result=1)
    workflow = Results()

    assert await workflow.run(stop=StopEvent(result={"a": 1})) == {"a": 1}
    assert await workflow.run(stop=StopEvent()) is None
    assert await workflow.run(stop=special) is special


async def test_run_returns_before_anything_has_happened() -> None:
    handler = Line().run()

    assert (handler.status, handler.is_done(), handler.get_stop_event()) == ("running", False, None)
    assert await handler == "HELLO"
    assert (handler.status, handler.is_done(), handler.get_stop_event()) == ("done", True, StopEvent(result="HELLO"))


async def test_a_handler_can_be_awaited_again_and_from_several_places() -> None:
    handler = Line().run()

    assert await asyncio.gather(*(_await(handler) for _ in range(3)), _await(handler)) == ["HELLO"] * 4
    assert await handler == "HELLO"


async def _await(handler: object) -> object:
    return await handler  # type: ignore[misc]


async def test_the_stop_event_itself_can_be_asked_for() -> None:
    assert await Line().run().stop_event_result() == StopEvent(result="HELLO")


async def test_a_failure_raises_the_very_object_each_time() -> None:
    handler = Fail().run()
    raised = []
    for wait in (handler, handler, handler.stop_event_result()):
        with pytest.raises(ValueError, match="no good") as error:
            await wait
        raised.append(error.value)

    assert raised[0] is raised[1] is raised[2]
    assert (handler.status, handler.is_done(), handler.get_stop_event()) == ("failed", True, None)


@pytest.mark.parametrize("timeout", [0, 5])
async def test_a_timeout_raises_with_what_was_active(timeout: float) -> None:
    handler = Slow(timeout=timeout).run(seconds=10)
    with pytest.raises(WorkflowTimeoutError) as error:
        await handler

    active = "No steps active" if timeout == 0 else "Currently active steps: sleep"
    assert f"Operation timed out after {timeout} seconds. {active}" in str(error.value)
    assert (handler.status, handler.get_stop_event()) == ("timed out", None)


async def test_without_a_timeout_a_run_may_take_its_time() -> None:
    assert await Slow(timeout=None).run(seconds=1_000_000) == "rested"


async def test_forty_five_seconds_unless_told_otherwise() -> None:
    assert await Slow().run(seconds=44) == "rested"
    with pytest.raises(WorkflowTimeoutError, match=r"after 45\.0 seconds"):
        await Slow().run(seconds=46)


async def test_a_run_whose_handler_is_dropped_goes_on() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(1)
            done.append(True)
            return StopEvent()

    done: list[bool] = []
    Flow().run()
    await asyncio.sleep(2)

    assert done == [True]


# -- words ------------------------------------------------------------------------------------------------------------


async def test_it_tells_what_it_is() -> None:
    handler = Line().run(run_id="mine")
    assert repr(handler) == "<Run of Line: running>"

    await handler
    assert repr(handler) == "<Run of Line: done>"
    assert str(handler) == "WorkflowHandler(workflow=Line, run_id=mine, result=HELLO)"


async def test_runs_have_different_names_of_ten_characters() -> None:
    workflow = Line()
    handlers = [workflow.run() for _ in range(10)]
    await asyncio.gather(*handlers)

    names = {handler.run_id for handler in handlers}
    assert (len(names), {len(name) for name in names}) == (10, {10})


# -- people -----------------------------------------------------------------------------------------------------------


async def test_an_open_question_is_waited_for_and_costs_no_time() -> None:
    handler = Ask(timeout=10).run()
    await asyncio.sleep(1_000)
    assert (handler.status, handler.waiting_for) == (
        "waiting",
        "It waits for a person's answer to Question: await handler.send_event(Answer(...)).",
    )

    await handler.send_event(Answer(text="Ada"))
    assert await handler == "hello Ada"
    assert handler.waiting_for == ""


async def test_time_runs_while_other_steps_are_at_work() -> None:
    class Busy(Ask):
        @step
        async def also(self, ev: StartEvent) -> None:
            await asyncio.sleep(20)

    with pytest.raises(WorkflowTimeoutError):
        await Busy(timeout=10).run()


async def test_time_runs_again_after_the_answer() -> None:
    class Lazy(Ask):
        @step
        async def greet(self, ev: Answer) -> StopEvent:
            await asyncio.sleep(20)
            return StopEvent()

    handler = Lazy(timeout=10).run()
    await asyncio.sleep(100)
    await handler.send_event(Answer(text="Ada"))

    with pytest.raises(WorkflowTimeoutError, match="Currently active steps: greet"):
        await handler


async def test_an_answer_that_comes_before_the_question_is_taken() -> None:
    handler = Ask().run()
    await handler.send_event(Answer(text="Ada"))

    assert await handler == "hello Ada"


async def test_after_the_end_nothing_can_be_sent() -> None:
    handler = Line().run()
    await handler

    with pytest.raises(ContextStateError, match="the run is over"):
        await handler.send_event(Left())


# -- cancelling -------------------------------------------------------------------------------------------------------


async def test_a_run_can_be_cancelled_from_outside() -> None:
    handler = Slow().run(seconds=10)
    await asyncio.sleep(1)
    await handler.cancel_run()

    assert (handler.is_done(), handler.status) == (True, "cancelled")
    with pytest.raises(WorkflowCancelledByUser, match="The run of Slow was cancelled"):
        await handler


async def test_a_run_can_be_cancelled_before_its_first_step() -> None:
    handler = Line().run()
    await handler.cancel_run()

    with pytest.raises(WorkflowCancelledByUser):
        await handler


async def test_a_run_can_be_cancelled_by_one_of_its_own_steps() -> None:
    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await ev.own[0].cancel_run()
            raise AssertionError("the step is cancelled, too")

    own: list[object] = []
    own.append(handler := Flow().run(own=own))

    with pytest.raises(WorkflowCancelledByUser):
        await handler


async def test_a_run_that_has_ended_stays_as_it_is() -> None:
    handler = Line().run()
    await handler
    await handler.cancel_run()

    assert (handler.status, await handler) == ("done", "HELLO")


async def test_a_run_can_be_cancelled_twice_at_once() -> None:
    handler = Slow().run(seconds=10)
    await asyncio.gather(handler.cancel_run(), handler.cancel_run())

    assert handler.status == "cancelled"


async def test_cancelling_whoever_awaits_it_cancels_the_run() -> None:
    handler = Slow().run(seconds=10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(_await(handler), 1)
    await asyncio.sleep(0.01)

    assert handler.status == "cancelled"


async def test_a_shielded_run_outlives_whoever_awaits_it() -> None:
    handler = Slow().run(seconds=10)
    shielded = asyncio.ensure_future(_await(handler))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(shielded), 1)

    assert await shielded == "rested"


# -- failures that nobody awaits --------------------------------------------------------------------------------------


async def test_a_failure_in_the_background_is_shown_once(caplog: pytest.LogCaptureFixture) -> None:
    Fail().run(run_id="lonely")
    await asyncio.sleep(100)

    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wfkit", logging.ERROR)
    assert "Run lonely of Fail failed, and nobody awaited it. ValueError: no good" in record.getMessage()


async def test_a_timeout_in_the_background_is_shown_too(caplog: pytest.LogCaptureFixture) -> None:
    Slow(timeout=1).run(seconds=10)
    await asyncio.sleep(100)

    assert "timed out, and nobody awaited it" in caplog.text


@pytest.mark.parametrize("late", [0.0, 0.5])
async def test_a_failure_that_somebody_awaits_is_not_shown(late: float, caplog: pytest.LogCaptureFixture) -> None:
    handler = Fail().run()
    await asyncio.sleep(late)
    with pytest.raises(ValueError, match="no good"):
        await handler
    await asyncio.sleep(100)

    assert caplog.records == []


async def test_a_run_cancelled_in_the_background_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    await Slow().run(seconds=10).cancel_run()
    await asyncio.sleep(100)

    assert caplog.records == []


def test_a_failure_is_shown_even_if_the_program_ends_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async def program() -> None:
        Fail().run()
        await asyncio.sleep(0.01)

    simulate(program())
    gc.collect()

    assert "failed, and nobody awaited it. ValueError: no good" in caplog.text


@pytest.mark.parametrize(
    ("name", "hint"), [("done", "is_done"), ("cancel", "cancel_run"), ("exception", "await handler")]
)
async def test_what_was_on_a_handler_elsewhere_is_pointed_to(name: str, hint: str) -> None:
    handler = Line().run()
    with pytest.raises(AttributeError, match=f"'WorkflowHandler' object has no attribute '{name}'. Use .*{hint}"):
        getattr(handler, name)
    await handler


async def test_cancelling_from_another_loop_is_refused() -> None:
    handler = Slow(timeout=None).run(seconds=5)

    async def elsewhere() -> None:
        await handler.cancel_run()

    with pytest.raises(RuntimeError, match="goes on in another event loop; cancel it there"):
        await asyncio.get_running_loop().run_in_executor(None, asyncio.run, elsewhere())
    assert await handler == "rested"
