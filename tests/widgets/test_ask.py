"""The panel that asks: what it shows of a run's questions, and what an answer does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import create_model

from tests.widgets.panels import FakePage
from wfkit import (
    Context,
    Debugger,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WouldDeadlock,
    step,
)
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
    assert panel.view["error"] == "", "clicked twice"


async def test_an_answer_to_a_question_that_is_gone_is_said_to_be_late() -> None:
    handler, panel = await asking(Greet(timeout=None))
    await handler.send_event(Answer(text="Grace"))
    await handler
    await click(panel, do="answer", key="q1", kind="Answer", values={"text": "Ada"})
    assert panel.view["error"] == "This question is not open any more."


async def test_two_panels_know_which_question_was_answered() -> None:
    class Two(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> None:
            for text in ("first", "second"):
                ctx.write_event_to_stream(Question(text=text))

        @step
        async def hear(self, ctx: Context, ev: Answer) -> StopEvent | None:
            return StopEvent(result="both") if ctx.collect_events(ev, [Answer] * 2) else None

    handler, panel = await asking(Two(timeout=None))
    other = Ask(handler)
    await click(panel, do="answer", key="q2", values={"text": "to the second"})
    for shown in (panel, other):
        shown.show_now()
        assert [card["fields"][0][1] for card in shown.view["open"]] == ["first"]
        assert shown.view["answered"][0]["answer"][0] == ("text", "to the second")
    await click(other, do="answer", key="q1", values={"text": "to the first"})
    assert await handler == "both"


async def test_the_question_of_a_child_run_says_who_asks_and_is_answered() -> None:
    class Parent(Workflow):
        greeter: Greet

        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.greeter.run())

    handler, panel = await asking(Parent(greeter=Greet(timeout=None), timeout=None))
    (card,) = panel.view["open"]
    assert (card["child"], card["step"], card["name"]) == ("greeter", "begin", "Question")
    assert "The child run greeter waits: Question: What is &lt;i&gt;your" in panel.still()
    assert "k1" not in panel.still()
    assert panel.view["status"]["state"] == "waiting"
    assert [form["name"] for form in card["forms"]] == ["Answer", "Refuse"]
    panel._shown_as = "its display"
    assert panel._held() == "by a question"
    await click(panel, do="answer", key=card["key"], kind="Answer", values={"text": "Ada"})
    assert await handler == "hello Ada"
    assert panel.view["answered"][0]["answer"][0] == ("text", "Ada")


async def test_a_run_that_is_out_of_time_or_fails_takes_its_open_questions_along() -> None:
    class Busy(Greet):
        @step
        async def work(self, ev: StartEvent) -> None:
            await asyncio.sleep(1)
            raise ValueError("no")

    handler, panel = await asking(Busy(timeout=None))
    assert len(panel.view["open"]) == 1
    with pytest.raises(ValueError, match="no"):
        await handler
    await asyncio.sleep(0.5)
    assert panel.view["open"] == []
    assert panel.view["status"]["state"] == "failed"
    await click(panel, do="answer", key="q1", values={"text": "late"})
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
    assert panel.view["status"]["result"] == "The run failed. ValueError: no <b>"
    assert "while the kernel runs" not in panel.still()


async def test_a_cell_does_not_wait_for_a_click_that_cannot_come(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, panel = await asking(Greet(timeout=None))
    monkeypatch.setattr("wfkit.widgets.guard.in_notebook", lambda: True)
    panel._shown_as = "its display"
    with pytest.raises(WouldDeadlock, match=r"held by a question.*answer in the panel.*send_event"):
        await handler  # no page answers
    await click(panel, do="answer", key="q1", kind="Answer", values={"text": "Ada"})
    assert await handler == "hello Ada"


async def test_a_panel_whose_cell_was_run_again_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, old = await asking(Greet(timeout=None))
    new = Ask(handler)
    monkeypatch.setattr("wfkit.widgets.guard.in_notebook", lambda: True)
    old._shown_as = new._shown_as = "its display"
    page = FakePage(new)  # the other one is on no page any more
    waiting = asyncio.ensure_future(handler)
    await asyncio.sleep(10)
    assert page.asked == 1
    assert not waiting.done()
    await page.click("answer", key="q1", kind="Answer", values={"text": "Ada"})
    assert await waiting == "hello Ada"


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


async def test_a_question_is_told_as_a_person_reads_it() -> None:
    class Full(Workflow):
        @step
        async def ask(self, ev: StartEvent) -> InputRequiredEvent:
            many = {f"f{n}": "y" * 9_000 for n in range(100)}
            return InputRequiredEvent(nothing=None, empty=[], options=["tea", "milk"], mixed=["a", 1], **many)

        @step
        async def hear(self, ev: HumanResponseEvent) -> StopEvent:
            return StopEvent(result=ev.response)

    handler, panel = await asking(Full(timeout=None))
    fields = panel.view["open"][0]["fields"]
    assert fields[:2] == [("options", "\u2022 tea\n\u2022 milk"), ("mixed", "['a', 1]")]
    assert fields[-1] == ("…", "and 90 more fields")
    assert len(json.dumps(panel.view)) < 60_000
    await handler.cancel_run()


async def test_of_a_debugger_or_a_panel_it_asks_for_the_run() -> None:
    debugger = Debugger()
    handler = Greet(timeout=None).run(hooks=[debugger])
    await asyncio.sleep(0.5)
    assert len(Ask(debugger).view["open"]) == 1
    assert len(Ask(debugger.widget()).view["open"]) == 1
    await handler.cancel_run()


async def test_of_a_run_that_has_ended_no_still_stands_beside_it() -> None:
    handler, panel = await asking(Greet(timeout=None))
    assert panel.keeps_still
    await handler.cancel_run()
    assert not Ask(handler).keeps_still


async def test_what_was_asked_and_answered_stands_above_the_last_picture() -> None:
    handler, panel = await asking(Greet(timeout=None))
    await click(panel, do="answer", key="q1", kind="Answer", values={"text": "<b>Ada</b>"})
    await handler
    for shown in (panel, Ask(handler)):
        told = shown._repr_mimebundle_()[0]["text/html"]
        asked, given = "What is &lt;i&gt;your&lt;/i&gt; name?", "text: &lt;b&gt;Ada&lt;/b&gt;, times: 1"
        line = f"text: {asked}, api_key: **** \u2192 {given}"
        assert told.startswith(f"<small><div>{line}</div></small>")


async def test_a_saved_notebook_tells_no_time_that_has_passed() -> None:
    handler, panel = await asking(Greet(timeout=None))
    before = panel.still()
    await asyncio.sleep(90)
    assert panel.still() == before
    await handler.cancel_run()


async def test_of_many_large_forms_a_page_gets_only_so_much() -> None:
    fields: Any = {f"f{n}": (str, "x" * 19_000) for n in range(20)}
    large = create_model("Large", __base__=HumanResponseEvent, **fields)

    class Many(Workflow):
        @step
        async def many(self, ctx: Context, ev: StartEvent) -> StopEvent:
            waits = (ctx.wait_for_event(large, waiter_event=Question(text=str(n))) for n in range(20))
            await asyncio.gather(*waits)
            return StopEvent()

    handler, panel = await asking(Many(timeout=None))
    assert 0 < len(panel.view["open"]) < 20
    assert len(panel.view["open"]) + panel.view["more"] == 20
    assert len(json.dumps(panel.view)) < 400_000
    await handler.cancel_run()


async def test_what_is_no_handler_is_refused() -> None:
    with pytest.raises(WorkflowRuntimeError, match=r"ask\(\) takes a handler"):
        Ask(Greet())
    with pytest.raises(WorkflowRuntimeError, match=r"ask\(\) takes a handler"):
        Ask(Context(Greet()))


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
