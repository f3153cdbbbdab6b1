"""Life in a notebook: cells are run again, cells are interrupted, and runs go on meanwhile."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from wfkit import Context, Event, HumanResponseEvent, StartEvent, StopEvent, Workflow, WorkflowHandler, step


class Notebook:
    """A name space in which cells are run, as a kernel does it."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {
            "__name__": "__main__",
            "Context": Context,
            "Event": Event,
            "HumanResponseEvent": HumanResponseEvent,
            "StartEvent": StartEvent,
            "StopEvent": StopEvent,
            "Workflow": Workflow,
            "asyncio": asyncio,
            "step": step,
        }

    def run(self, cell: str) -> None:
        exec(compile(cell, "<cell>", "exec"), self.names)

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


EVENT = """
class Query(Event):
    text: str
"""

FLOW = """
class Flow(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Query:
        return Query(text=ev.text)

    @step
    async def answer(self, ev: Query) -> StopEvent:
        return StopEvent(result="first " + ev.text)
"""


@pytest.fixture
def notebook() -> Notebook:
    """A notebook in which an event and a workflow have been defined."""
    book = Notebook()
    book.run(EVENT)
    book.run(FLOW)
    book.run("flow = Flow(timeout=5)")
    return book


# -- cells that are run again -----------------------------------------------------------------------------------------


async def test_the_cell_of_an_event_is_run_again(notebook: Notebook) -> None:
    await notebook["flow"].run(text="hello")
    notebook.run(EVENT)

    assert await notebook["flow"].run(text="hello") == "first hello"
    assert await notebook["Flow"]().run(text="hello") == "first hello"


async def test_an_event_gets_another_field(notebook: Notebook) -> None:
    notebook.run(EVENT + "    lang: str = 'en'\n")

    assert await notebook["flow"].run(text="hello") == "first hello"


async def test_the_cell_of_a_workflow_is_run_again(notebook: Notebook) -> None:
    old = notebook["flow"]
    notebook.run(FLOW.replace("first", "second"))

    assert await notebook["Flow"]().run(text="hello") == "second hello"
    assert await old.run(text="hello") == "first hello"


async def test_only_the_workflow_knows_the_new_event(notebook: Notebook) -> None:
    sender = notebook["Query"]
    notebook.run(EVENT)
    notebook.run(FLOW)
    handler = notebook["Flow"]().run(text="hello")
    handler.ctx.send_event(sender(text="from the old class"))

    assert await handler in ("first hello", "first from the old class")


FREE = """
flow = globals().get("flow") or Workflow(timeout=5)

@step(workflow=flow)
async def greet(ev: StartEvent) -> StopEvent:
    return StopEvent(result="first " + ev.text)
"""

FREE_ON_CLASS = """
if "Flow" not in globals():
    class Flow(Workflow):
        pass

@step(workflow=Flow)
async def greet(ev: StartEvent) -> StopEvent:
    return StopEvent(result="first " + ev.text)
"""


async def test_the_cell_of_a_free_step_is_run_again() -> None:
    book = Notebook()
    book.run(FREE)
    assert await book["flow"].run(text="x") == "first x"

    book.run(FREE.replace("first", "second"))
    assert await book["flow"].run(text="x") == "second x"
    assert len(book["flow"].__wfkit_plan__().steps) == 1


async def test_the_cell_of_a_free_step_of_a_class_is_run_again() -> None:
    book = Notebook()
    book.run(FREE_ON_CLASS)
    old = book["Flow"]()
    assert await old.run(text="x") == "first x"

    book.run(FREE_ON_CLASS.replace("first", "second"))
    assert [await old.run(text="x"), await book["Flow"]().run(text="x")] == ["second x", "second x"]


async def test_a_replaced_step_keeps_its_place() -> None:
    class Flow(Workflow):
        pass

    def register(name: str, result: str) -> None:
        async def body(ev: StartEvent) -> StopEvent:
            return StopEvent(result=result)

        body.__name__ = name
        step(workflow=Flow)(body)

    register("zebra", "zebra")
    register("ant", "ant")
    register("zebra", "zebra again")

    assert await Flow().run() == "zebra again"


async def test_a_method_can_be_exchanged_on_the_class(notebook: Notebook) -> None:
    notebook.run(FLOW.replace("class Flow", "class Other").replace("first", "second"))
    notebook["Flow"].answer = notebook["Other"].answer

    assert await notebook["flow"].run(text="x") == "second x"


# -- runs in flight ---------------------------------------------------------------------------------------------------

SLOW = """
@step(workflow=flow)
async def first(ev: StartEvent) -> Query:
    await asyncio.sleep(2)
    return Query(text="old")

@step(workflow=flow)
async def second(ev: Query) -> StopEvent:
    return StopEvent(result=ev.text + " end")
"""


async def test_a_run_in_flight_keeps_the_code_it_began_with() -> None:
    book = Notebook()
    book.run(EVENT)
    book.run("flow = Workflow()")
    book.run(SLOW)
    handler = book["flow"].run()
    await asyncio.sleep(1)
    book.run(SLOW.replace("old", "new").replace("end", "finish"))

    assert await handler == "old end"
    assert await book["flow"].run() == "new finish"


async def test_a_run_in_flight_takes_events_of_the_class_defined_again() -> None:
    book = Notebook()
    book.run(EVENT)
    book.run("flow = Workflow()")
    book.run(SLOW)
    handler = book["flow"].run()
    await asyncio.sleep(1)
    book.run(EVENT)

    assert await handler == "old end"


GATHER = """
class Flow(Workflow):
    @step
    async def gather(self, ctx: Context, ev: StartEvent | Query) -> StopEvent | None:
        if isinstance(ev, StartEvent):
            return None
        found = ctx.collect_events(ev, [Query, Query])
        return None if found is None else StopEvent(result=[event.text for event in found])
"""

WAIT = """
class Answer(HumanResponseEvent):
    text: str
"""

WAITER = """
class Flow(Workflow):
    @step
    async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
        return StopEvent(result=(await ctx.wait_for_event(Answer)).text)
"""


async def test_a_set_may_hold_events_of_a_class_and_of_the_same_class_again() -> None:
    book = Notebook()
    book.run(EVENT)
    book.run(GATHER)
    handler = book["Flow"](disable_validation=True).run()
    await handler.send_event(book["Query"](text="old"))
    await asyncio.sleep(1)
    book.run(EVENT)
    await handler.send_event(book["Query"](text="new"))

    assert await handler == ["old", "new"]


async def test_a_wait_takes_an_event_of_the_class_defined_again() -> None:
    book = Notebook()
    book.run(WAIT)
    book.run(WAITER)
    handler = book["Flow"]().run()
    await asyncio.sleep(1)
    book.run(WAIT)
    await handler.send_event(book["Answer"](text="new"))

    assert await handler == "new"


async def test_another_class_of_the_same_name_is_still_another_class(notebook: Notebook) -> None:
    other = Notebook()
    other.names["__name__"] = "elsewhere"
    other.run(EVENT)
    handler = notebook["flow"].run(text="hello")
    await handler.send_event(other["Query"](text="stranger"))

    assert await handler == "first hello"


# -- interrupts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes it look as if a kernel were there."""
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel="a kernel"))
    monkeypatch.setitem(sys.modules, "IPython", cast(Any, ipython))


async def run_cell(handler: WorkflowHandler) -> Any:
    """Stands in for a cell that awaits a handler."""
    return await handler


class Patient(Workflow):
    """Takes ten seconds."""

    @step
    async def sleep(self, ev: StartEvent) -> StopEvent:
        await asyncio.sleep(10)
        return StopEvent(result="rested")


async def test_an_interrupted_cell_leaves_the_run_alive(kernel: None, capsys: pytest.CaptureFixture[str]) -> None:
    handler = Patient().run(run_id="mine")
    cell = asyncio.create_task(run_cell(handler))
    await asyncio.sleep(1)
    cell.cancel()
    await asyncio.wait([cell])

    assert (cell.cancelled(), handler.status) == (True, "running")
    said = capsys.readouterr().err
    assert "The wait was cut short; run mine of Patient goes on in the background." in said
    assert "await handler.cancel_run()" in said
    assert await asyncio.create_task(run_cell(handler)) == "rested"


async def test_outside_a_notebook_cancelling_takes_the_run_along(capsys: pytest.CaptureFixture[str]) -> None:
    handler = Patient().run()
    script = asyncio.create_task(run_cell(handler))
    await asyncio.sleep(1)
    script.cancel()
    await asyncio.wait([script])
    await asyncio.sleep(0.1)

    assert (handler.status, capsys.readouterr().err) == ("cancelled", "")


async def test_a_parent_that_is_cancelled_is_no_interrupted_cell(
    kernel: None, capsys: pytest.CaptureFixture[str]
) -> None:
    class Parent(Workflow):
        @step
        async def delegate(self, ev: StartEvent) -> StopEvent:
            self.child = Patient().run()
            return StopEvent(result=await self.child)

    workflow = Parent()
    handler = workflow.run()
    await asyncio.sleep(1)
    await handler.cancel_run()

    assert (workflow.child.status, capsys.readouterr().err) == ("cancelled", "")


async def test_a_cell_wakes_often_enough_to_be_interrupted(kernel: None) -> None:
    """The loop of an idle kernel sees a signal only when it wakes."""
    loop = asyncio.get_running_loop()
    cell = asyncio.create_task(run_cell(Patient().run()))
    await asyncio.sleep(1.05)

    alarms = [alarm.when() for alarm in loop._scheduled if not alarm.cancelled()]  # type: ignore[attr-defined]
    assert min(alarms) - loop.time() <= 0.5
    await cell
