"""`Workflow(verbose=True)`: a line for each step as it starts and for what came of it."""

from __future__ import annotations

import asyncio
from textwrap import dedent

import pytest

from tests.flows import Ask, Fail, Fan, Item, Line, Middle, Result
from wfkit import Context, StartEvent, StopEvent, Verbose, Workflow, step


def text(lines: str) -> str:
    return dedent(lines).lstrip()


async def test_without_waiting_the_lines_come_in_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    await Line(verbose=True).run()

    assert capsys.readouterr().out == text(
        """
        Running step first
        Step first produced event Middle
        Running step second
        Step second produced event StopEvent
        """
    )


async def test_quiet_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    await Line().run()

    assert capsys.readouterr().out == ""


async def test_it_can_be_attached_to_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    workflow = Line()
    await workflow.run(hooks=[Verbose()])
    await workflow.run()

    assert capsys.readouterr().out.count("Running step first") == 1


async def test_with_two_workers_the_lines_interleave(capsys: pytest.CaptureFixture[str]) -> None:
    class Flow(Workflow):
        @step
        async def s(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(3):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=2)
        async def w(self, ev: Item) -> Result:
            await asyncio.sleep(1 + ev.n)
            return Result(n=ev.n)

        @step
        async def j(self, ctx: Context, ev: Result) -> StopEvent | None:
            return None if ctx.collect_events(ev, [Result] * 3) is None else StopEvent()

    await Flow(verbose=True).run()

    assert capsys.readouterr().out == text(
        """
        Running step s
        Step s produced no event
        Running step w
        Running step w
        Step w produced event Result
        Running step w
        Running step j
        Step j produced no event
        Step w produced event Result
        Running step j
        Step j produced no event
        Step w produced event Result
        Running step j
        Step j produced event StopEvent
        """
    )


async def test_a_failure_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no good"):
        await Fail(verbose=True).run()

    assert capsys.readouterr().out == text(
        """
        Running step fail
        Step fail failed: ValueError: no good
        """
    )


class Mute(Exception):
    """Has no words."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no good"), "ValueError: no good"),
        (ValueError("first\nsecond\r\nthird"), "ValueError: first\n    second\n    third"),
        (ValueError(), "ValueError"),
        (Mute(), "Mute: (its message cannot be shown)"),
        (ValueError("x" * 1_000_000), f"ValueError: {'x' * 2_000}\u2026"),
    ],
)
async def test_a_failure_tells_the_event_and_the_error(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Flow(Workflow):
        @step
        async def parse(self, ev: StartEvent) -> Middle:
            return Middle(text="x")

        @step
        async def judge(self, ev: Middle) -> StopEvent:
            raise error

    with pytest.raises(type(error)):
        await Flow(verbose=True).run()

    assert capsys.readouterr().out == (
        "Running step parse\nStep parse produced event Middle\nRunning step judge\n"
        f"Step judge failed on Middle: {words}\n"
    )


class Twice:
    """Tries a second time after half a second."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return 0.5 if attempts < 2 else None


async def test_another_attempt_is_announced_and_running_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    class Flow(Workflow):
        tries = 0

        @step(retry_policy=Twice())
        async def go(self, ev: StartEvent) -> StopEvent:
            self.tries += 1
            if self.tries == 1:
                raise ValueError("once")
            return StopEvent()

    await Flow(verbose=True).run()

    assert capsys.readouterr().out == text(
        """
        Running step go
        Step go produced an error, retry in 0.5 seconds
        Step go produced event StopEvent
        """
    )


async def test_a_step_that_waits_runs_once_and_produces_once(capsys: pytest.CaptureFixture[str]) -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=(await ctx.wait_for_event(Middle)).text)

    handler = Flow(verbose=True).run()
    await asyncio.sleep(1)
    await handler.send_event(Middle(text="hi"))
    await handler

    assert capsys.readouterr().out == text(
        """
        Running step wait
        Step wait produced event StopEvent
        """
    )


async def test_a_cancelled_step_says_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    handler = Ask(verbose=True).run()
    await asyncio.sleep(1)
    await handler.cancel_run()

    assert capsys.readouterr().out == text(
        """
        Running step ask
        Step ask produced event Question
        """
    )


async def test_every_start_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    await Fan(verbose=True).run(count=5)

    assert capsys.readouterr().out.count("Running step square") == 5
