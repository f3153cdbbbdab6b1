"""Which questions of a run are open, which were answered, and what answers them."""

from __future__ import annotations

import asyncio

import pytest

from wfkit import Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step
from wfkit.retry import retry_policy
from wfkit.widgets.questions import Question, Questions


class Ask(InputRequiredEvent):
    text: str


class Answer(HumanResponseEvent):
    text: str


class No(HumanResponseEvent):
    why: str = ""


class Greet(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Ask:
        return Ask(text="name?")

    @step
    async def greet(self, ev: Answer) -> StopEvent:
        return StopEvent(result=f"hello {ev.text}")

    @step
    async def refuse(self, ev: No) -> StopEvent:
        return StopEvent(result="no")


class Poll(Workflow):
    @step
    async def poll(self, ctx: Context, ev: StartEvent) -> StopEvent:
        async def ask(name: str) -> str:
            answer = await ctx.wait_for_event(
                Answer, waiter_event=Ask(text=f"{name}?"), waiter_id=name, requirements={"by": name}
            )
            return str(answer.text)

        return StopEvent(result=await asyncio.gather(ask("Ada"), ask("Grace")))


class InTurn(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answers = []
        for name in ("Ada", "Grace"):
            wanted = {"by": name}
            answer = await ctx.wait_for_event(Answer, waiter_event=Ask(text=f"{name}?"), requirements=wanted)
            answers.append(answer.text)
        return StopEvent(result=answers)


class Twice(Workflow):
    @step
    async def twice(self, ctx: Context, ev: StartEvent) -> StopEvent:
        asks = (ctx.wait_for_event(Answer, waiter_event=Ask(text=text)) for text in ("first", "second"))
        return StopEvent(result=[answer.text for answer in await asyncio.gather(*asks)])


class Loose(Workflow):
    """Takes answers without a class of their own, and reads two fields of them."""

    @step
    async def ask(self, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent(prefix="how many?")

    @step
    async def take(self, ev: HumanResponseEvent) -> StopEvent:
        return StopEvent(result=(ev.response, ev.by, ev.get("note")))


def texts(questions: tuple[Question, ...]) -> list[str]:
    """Return what is asked."""
    return [str(one.event.text) if one.event is not None else "" for one in questions]


async def test_a_question_that_a_step_returned_is_open_until_it_is_answered() -> None:
    handler = Greet(timeout=None).run()
    questions = Questions(handler)
    assert questions.open() == ()
    await asyncio.sleep(0.1)
    (asked,) = questions.open()
    assert (asked.key, asked.step, asked.event) == ("q1", "ask", Ask(text="name?"))
    assert questions.kinds(asked) == (Answer, No)
    questions.answer("q1", Answer(text="Ada"))
    assert questions.open() == ()
    assert await handler == "hello Ada"
    assert [(one.event, one.answer) for one in questions.answered()] == [(Ask(text="name?"), Answer(text="Ada"))]


async def test_questions_that_were_there_before_anybody_looked() -> None:
    for hooks in (True, False):
        handler = Greet(timeout=None).run()
        await asyncio.sleep(0.1)
        if not hooks:
            handler._history = None  # nobody keeps records
        questions = Questions(handler)
        assert texts(questions.open()) == ["name?"]
        questions.answer(questions.open()[0].key, Answer(text="Grace"))
        assert await handler == "hello Grace"


async def test_an_answer_from_elsewhere_closes_the_oldest_question() -> None:
    handler = Greet(timeout=None).run()
    questions = Questions(handler)
    await asyncio.sleep(0.1)
    await handler.send_event(Answer(text="Ada"))
    assert questions.open() == ()
    await handler
    assert [one.answer for one in questions.answered()] == [Answer(text="Ada")]
    assert [one.answer for one in Questions(handler).answered()] == [Answer(text="Ada")]


async def test_questions_of_waits_are_answered_in_any_order() -> None:
    handler = Poll(timeout=None).run()
    questions = Questions(handler)
    await asyncio.sleep(0.1)
    ada, grace = sorted(questions.open(), key=lambda one: str(one.event))
    assert texts((ada, grace)) == ["Ada?", "Grace?"]
    assert questions.kinds(grace) == (Answer,)
    assert questions.given(grace) == {"by": "Grace"}
    assert questions.before(grace) is None
    questions.answer(grace.key, Answer(text="no", by="Grace"))
    await asyncio.sleep(0.1)
    assert texts(questions.open()) == ["Ada?"]
    with pytest.raises(ValueError, match="is not open any more"):
        questions.answer(grace.key, Answer(text="no", by="Grace"))
    questions.answer(ada.key, Answer(text="yes", by="Ada"))
    assert await handler == ["yes", "no"]
    assert sorted(texts(questions.answered())) == ["Ada?", "Grace?"]
    assert texts(Questions(handler).answered()) == texts(questions.answered())


async def test_waits_that_cannot_be_told_apart_are_answered_in_order() -> None:
    handler = Twice(timeout=None).run()
    questions = Questions(handler)
    await asyncio.sleep(0.1)
    first, second = questions.open()
    assert questions.before(first) is None
    assert questions.before(second) is first
    with pytest.raises(ValueError, match="another question"):
        questions.answer(second.key, Answer(text="2"))
    for asked in (first, second):
        assert questions.before(asked) is None
        questions.answer(asked.key, Answer(text=f"answer to {texts((asked,))[0]}"))
        await asyncio.sleep(0.1)
    assert await handler == ["answer to first", "answer to second"]


async def test_after_a_restart_the_open_question_is_there_again() -> None:
    handler = InTurn(timeout=None).run()
    await asyncio.sleep(0.1)
    await handler.send_event(Answer(text="yes", by="Ada"))
    await asyncio.sleep(0.1)
    snapshot = handler.ctx.to_dict()
    await handler.cancel_run()
    flow = InTurn(timeout=None)
    for late in (True, False):
        handler = flow.run(ctx=Context.from_dict(flow, snapshot))
        if late:
            await asyncio.sleep(0.1)
        questions = Questions(handler)
        await asyncio.sleep(0.1)
        assert texts(questions.open()) == ["Grace?"]
        questions.answer(questions.open()[0].key, Answer(text="maybe", by="Grace"))
        assert await handler == ["yes", "maybe"]


async def test_a_returned_question_is_there_after_a_restart() -> None:
    greet = Greet(timeout=None)
    handler = greet.run()
    await asyncio.sleep(0.1)
    snapshot = handler.ctx.to_dict()
    await handler.cancel_run()
    handler = greet.run(ctx=Context.from_dict(greet, snapshot))
    questions = Questions(handler)
    await asyncio.sleep(0.1)
    assert texts(questions.open()) == ["name?"]
    await handler.cancel_run()


async def test_a_wait_without_a_question_and_one_whose_question_was_written_before() -> None:
    class Both(Workflow):
        @step
        async def both(self, ctx: Context, ev: StartEvent) -> StopEvent:
            one = await ctx.wait_for_event(Answer)
            ctx.write_event_to_stream(Ask(text="and now?"))
            two = await ctx.wait_for_event(Answer)
            return StopEvent(result=one.text + two.text)

    handler = Both(timeout=None).run()
    questions = Questions(handler)
    await asyncio.sleep(0.1)
    (asked,) = questions.open()
    assert (asked.event, asked.step, questions.kinds(asked)) == (None, "both", (Answer,))
    questions.answer(asked.key, Answer(text="a"))
    await asyncio.sleep(0.1)
    assert texts(questions.open()) == ["and now?"]
    questions.answer(questions.open()[0].key, Answer(text="b"))
    assert await handler == "ab"
    assert len(questions.answered()) == 2


async def test_a_wait_for_another_kind_of_event_is_no_question() -> None:
    class Part(Event):
        pass

    class Wait(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event(Part)
            return StopEvent()

    handler = Wait(timeout=None).run()
    questions = Questions(handler)
    await asyncio.sleep(0.1)
    assert questions.open() == ()
    await handler.send_event(Part())
    await handler
    assert questions.answered() == ()


async def test_a_question_is_gone_when_its_time_or_its_run_is_over() -> None:
    class Late(Workflow):
        @step
        async def late(self, ctx: Context, ev: StartEvent) -> StopEvent:
            try:
                await ctx.wait_for_event(Answer, waiter_event=Ask(text="soon?"), timeout=1)
            except TimeoutError:
                await ctx.wait_for_event(Answer, waiter_event=Ask(text="now?"))
            return StopEvent()

    handler = Late(timeout=None).run()
    questions = Questions(handler)
    await asyncio.sleep(0.5)
    assert texts(questions.open()) == ["soon?"]
    await asyncio.sleep(1)
    assert texts(questions.open()) == ["now?"]
    await handler.cancel_run()
    assert questions.open() == () == questions.answered()
    with pytest.raises(ValueError, match="is not open"):
        questions.answer("q2", Answer(text="x"))


async def test_a_step_that_is_tried_again_keeps_its_question() -> None:
    class Again(Workflow):
        @step(retry_policy=retry_policy())
        async def again(self, ctx: Context, ev: StartEvent) -> StopEvent:
            answer = await ctx.wait_for_event(Answer, waiter_event=Ask(text="which?"))
            second = await ctx.wait_for_event(Answer, waiter_event=Ask(text="sure?"), timeout=1)
            return StopEvent(result=answer.text + second.text)

    handler = Again(timeout=None).run()
    questions = Questions(handler)
    await asyncio.sleep(0.1)
    questions.answer(questions.open()[0].key, Answer(text="a"))
    await asyncio.sleep(0.5)
    assert texts(questions.open()) == ["sure?"]
    await asyncio.sleep(6)  # in vain, and tried again
    assert texts(questions.open()) == ["sure?"]
    questions.answer(questions.open()[0].key, Answer(text="b"))
    assert await handler == "ab"


async def test_what_an_answer_without_a_class_of_its_own_should_have_is_read_in_the_step() -> None:
    handler = Loose(timeout=None).run()
    questions = Questions(handler)
    await asyncio.sleep(0.1)
    (asked,) = questions.open()
    assert questions.kinds(asked) == (HumanResponseEvent,)
    assert questions.wanted(asked, HumanResponseEvent) == {"response": True, "by": True}
    assert questions.wanted(asked, Answer) == {}
    questions.answer(asked.key, HumanResponseEvent(response="3", by="me"))
    assert await handler == ("3", "me", None)


async def test_whoever_listens_is_told_of_what_is_new() -> None:
    told: list[int] = []
    handler = Greet(timeout=None).run()
    questions = Questions(handler, lambda: told.append(len(questions.open())))
    await asyncio.sleep(0.1)
    assert told == [1]
    questions.answer("q1", No())
    await handler
    assert told[1] == 0
