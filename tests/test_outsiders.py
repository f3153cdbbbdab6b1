"""What reaches into a run from elsewhere: other threads, other loops, tasks that outlive their step."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tests.flows import Ask, Loop
from wfkit import Event, HumanResponseEvent, StartEvent, StopEvent, Workflow, WorkflowRuntimeError, step


class Number(HumanResponseEvent):
    n: int


class Listen(Workflow):
    """Ends with the number it is sent."""

    @step
    async def begin(self, ev: StartEvent) -> None: ...

    @step
    async def hear(self, ev: Number) -> StopEvent:
        return StopEvent(result=ev.n)


def test_an_event_can_be_sent_from_any_thread() -> None:
    async def main() -> Any:
        handler = Listen(timeout=5).run()
        await asyncio.sleep(0)
        thread = threading.Thread(target=lambda: handler.ctx.send_event(Number(n=7)))
        thread.start()
        try:
            return await handler
        finally:
            thread.join()

    assert asyncio.run(main()) == 7


def test_what_is_wrong_with_an_event_is_said_in_the_thread_that_sends_it() -> None:
    errors: list[BaseException] = []

    def send(handler: Any) -> None:
        try:
            handler.ctx.send_event(Number(n=7), step="nobody")
        except WorkflowRuntimeError as error:
            errors.append(error)

    async def main() -> None:
        handler = Listen(timeout=5).run()
        await asyncio.to_thread(send, handler)
        await handler.cancel_run()

    asyncio.run(main())
    assert "nobody" in str(errors)


def test_a_handler_is_awaited_in_its_own_loop_only() -> None:
    handlers: list[Any] = []

    async def begin() -> None:
        handlers.append(Ask(timeout=None).run())
        await asyncio.sleep(0)

    async def elsewhere() -> None:
        await handlers[0]

    asyncio.run(begin())
    with pytest.raises(RuntimeError, match="goes on in another event loop"):
        asyncio.run(elsewhere())


async def test_a_run_whose_driver_is_cancelled_between_two_steps_fails_and_does_not_hang() -> None:
    class Meddle(Workflow):
        """Cancels, late, the task of its first step: that of the driver, which is at other steps by then."""

        @step
        async def go(self, ev: StartEvent | Again) -> Again | StopEvent:
            if isinstance(ev, StartEvent):
                task = asyncio.current_task()
                assert task is not None
                asyncio.get_running_loop().call_soon(task.cancel)
            n = ev.get("n", 0)
            return StopEvent(result=n) if n == 200 else Again(n=n + 1)

    with pytest.raises(WorkflowRuntimeError, match="cancelled between two steps"):
        await Meddle(timeout=5).run()


class Again(Event):
    n: int


async def test_a_mistake_of_our_own_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, *args: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("wfkit.ledger.Ledger.finish", broken)
    handler = Loop(timeout=5).run()
    with pytest.raises(WorkflowRuntimeError, match="a mistake in wfkit itself, ZeroDivisionError"):
        await handler
    drivers = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await asyncio.wait(drivers) if drivers else None
