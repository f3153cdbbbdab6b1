"""The panel that asks: what it shows of a run's questions, and what an answer does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from wfkit import Context, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, WouldDeadlock, step
from wfkit.display.glyphs import GLYPHS
from wfkit.errors import WorkflowRuntimeError
from wfkit.widgets.ask import Ask, ask


class Question(InputRequiredEvent):
    text: str
    api_key: str = "k1"


class Answer(HumanResponseEvent):
    text: str
    times: int = 1


class Refuse(HumanResponseEvent):
    why: str = ""


class Greet(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> Question:
        return Question(text="What is <i>your</i>\nname?")

    @step
    async def greet(self, ev: Answer) -> StopEvent:
        return StopEvent(result=f"hello {ev.text}" * ev.times)

    @step
    async def refuse(self, ev: Refuse) -> StopEvent:
        return StopEvent(result=f"no: {ev.why}")


class Poll(Workflow):
    @step
    async def poll(self, ctx: Context, ev: StartEvent) -> StopEvent:
        async def one(name: str) -> str:
            answer = await ctx.wait_for_event(
                Answer, waiter_event=Question(text=f"{name}?"), waiter_id=name, requirements={"by": name}
            )
            return str(answer.text)

        return StopEvent(result=await asyncio.gather(one("Ada"), one("Grace")))


async def asking(flow: Workflow) -> tuple[Any, Ask]:
    handler = flow.run()
    panel = Ask(handler)
    await asyncio.sleep(0.5)
    return handler, panel


async def click(panel: Ask, **content: Any) -> None:
    """Send what the page would."""
    panel._receive(None, content, None)
    await asyncio.sleep(0.5)


async def test_a_question_is_shown_with_a_form_for_each_kind_of_answer() -> None:
    handler, panel = await asking(Greet(timeout=None))
    (card,) = panel.view["open"]
    assert (card["name"], card["step"]) == ("Question", "begin")
    assert card["fields"] == [("text", "What is <i>your</i>\nname?"), ("api_key", "****")]
    assert [form["name"] for form in card["forms"]] == ["Answer", "Refuse"]
    assert [field["name"] for field in card["forms"][0]["fields"]] == ["text", "times"]
    status = panel.view["status"]
    assert status["state"] == "waiting"
    assert {row["name"]: row["state"] for row in status["rows"]} == {"begin": "done", "greet": "", "refuse": ""}
    await click(panel, do="answer", key=card["key"], kind="Refuse", values={"why": "late"})
    assert await handler == "no: late"
    view = panel.view
    assert view["open"] == []
    assert view["answered"][0]["answer"] == [("why", "late")]
    assert view["answered"][0]["asked"][0][1].startswith("What is <i>")
    assert (view["status"]["state"], view["status"]["result"]) == ("done", "result: 'no: late'")


async def test_what_is_wrong_is_told_at_the_field_and_the_question_stays() -> None:
    handler, panel = await asking(Greet(timeout=None))
    await click(panel, do="answer", key="q1", kind="Answer", values={"times": "many"})
    assert panel.view["open"][0]["errors"] == {"times": "This is no number."}
    await click(panel, do="answer", key="q1", kind="Answer", values={})
    assert panel.view["open"][0]["errors"] == {"text": "Needed."}
    assert panel.view["tries"] == 2
    assert panel.view["error"] == ""
    await click(panel, do="answer", key="q1", kind="Answer", values={"text": "Ada", "times": "2"})
    assert await handler == "hello Adahello Ada"
    await click(panel, do="answer", key="q1", kind="Answer", values={"text": "Ada"})
    assert "not open any more" in panel.view["error"]


async def test_several_questions_at_once_and_what_an_answer_must_have() -> None:
    handler, panel = await asking(Poll(timeout=None))
    assert len(panel.view["open"]) == 2
    for card in panel.view["open"]:
        name = card["fields"][0][1].rstrip("?")
        fixed = [field for field in card["forms"][0]["fields"] if field["kind"] == "fixed"]
        assert [(field["name"], field["value"]) for field in fixed] == [("by", name)]
        assert card["after"] == ""
        await click(panel, do="answer", key=card["key"], values={"text": f"I am {name}"})
    assert await handler == ["I am Ada", "I am Grace"]
    assert len(panel.view["answered"]) == 2


async def test_questions_that_were_open_before_it_was_shown_and_after_a_restart() -> None:
    greet = Greet(timeout=None)
    handler = greet.run()
    await asyncio.sleep(0.5)
    assert len(ask(handler).view["open"]) == 1
    snapshot = handler.ctx.to_dict()
    await handler.cancel_run()
    handler = greet.run(ctx=Context.from_dict(greet, snapshot))
    await asyncio.sleep(0.5)
    panel = Ask(handler)
    (card,) = panel.view["open"]
    await click(panel, do="answer", key=card["key"], kind="Answer", values={"text": "again"})
    assert await handler == "hello again"


async def test_an_answer_from_elsewhere_takes_the_card_away() -> None:
    handler, panel = await asking(Greet(timeout=None))
    await handler.send_event(Answer(text="Grace"))
    await handler
    await asyncio.sleep(0.5)
    assert panel.view["open"] == []
    assert panel.view["answered"][0]["answer"][0] == ("text", "Grace")


async def test_the_form_of_a_question_is_the_same_at_every_look() -> None:
    handler, panel = await asking(Greet(timeout=None))
    before = json.dumps(panel.view)
    panel.show_now()
    assert json.dumps(panel.view) == before
    assert "k1" not in before + panel.still() + repr(panel)
    await handler.cancel_run()
    await asyncio.sleep(0.5)
    assert panel.view["status"]["state"] == "cancelled"
    assert panel.view["open"] == []


async def test_a_failed_run_says_so() -> None:
    class Fail(Greet):
        @step
        async def greet(self, ev: Answer) -> StopEvent:
            raise ValueError("no <b>")

    handler, panel = await asking(Fail(timeout=None))
    await click(panel, do="answer", key="q1", kind="Answer", values={"text": "a"})
    with pytest.raises(ValueError, match="no"):
        await handler
    assert panel.view["status"]["result"] == "The run failed: ValueError"


async def test_a_cell_does_not_wait_for_a_click_that_cannot_come(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, panel = await asking(Greet(timeout=None))
    monkeypatch.setattr("wfkit.widgets.guard.in_notebook", lambda: True)
    panel._shown_as = "its display"
    with pytest.raises(WouldDeadlock, match=r"held by a question.*answer in the panel.*send_event"):
        await handler  # no page answers
    await click(panel, do="answer", key="q1", kind="Answer", values={"text": "Ada"})
    assert await handler == "hello Ada"


async def test_more_questions_than_anybody_reads() -> None:
    class Many(Workflow):
        @step
        async def many(self, ctx: Context, ev: StartEvent) -> StopEvent:
            waits = (
                ctx.wait_for_event(Answer, waiter_event=Question(text=str(n)), requirements={"n": n}) for n in range(50)
            )
            await asyncio.gather(*waits)
            return StopEvent()

    handler, panel = await asking(Many(timeout=None))
    assert (len(panel.view["open"]), panel.view["more"]) == (20, 30)
    await handler.cancel_run()


async def test_of_a_run_that_has_ended_it_is_the_picture() -> None:
    handler, panel = await asking(Greet(timeout=None))
    live = panel._repr_mimebundle_()[0]
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/plain"].startswith("Questions of Greet")
    await handler.send_event(Refuse())
    await handler
    for shown in (panel, Ask(handler)):
        assert shown._repr_mimebundle_()[0]["text/plain"] == handler._repr_mimebundle_()["text/plain"]
        assert "application/vnd.jupyter.widget-view+json" not in shown._repr_mimebundle_()[0]


async def test_what_is_no_handler_is_refused() -> None:
    with pytest.raises(WorkflowRuntimeError, match=r"ask\(\) takes a handler"):
        Ask(Greet())


async def test_what_it_says_of_itself_is_the_same_for_the_same_run() -> None:
    handler, panel = await asking(Greet(timeout=None))
    said = repr(panel)
    await asyncio.sleep(5)
    assert repr(panel) == said == "Questions of Greet: waiting, 1 open, 0 answered"
    await handler.cancel_run()


def test_the_signs_of_the_script_are_those_of_the_drawings() -> None:
    for name in ("queued", "held", "running", "waiting", "failed", "retried", "done", "cancelled"):
        path = GLYPHS[name].split('d="')[1].split('"')[0]
        assert f'{name}:"{path}"' in str(Ask._esm).replace(": ", ":")
