"""How a run ended, and who has been told: a failure is shown once if nobody was given it."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from wfkit.events import StopEvent, WorkflowCancelledEvent, WorkflowFailedEvent
from wfkit.records import Outcome
from wfkit.verdict import Verdict

ERROR = ValueError("no good")


def settled(outcome: Outcome = "failed", error: BaseException | None = ERROR) -> Verdict:
    """Return the verdict on a run that has ended."""
    verdict = Verdict("run-1", "Flow")
    verdict.settle(outcome, WorkflowFailedEvent(step_name="x", exception=ERROR), error)
    return verdict


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the errors that were shown."""
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def test_there_is_none_before_the_end() -> None:
    verdict = Verdict("run-1", "Flow")
    assert (verdict.outcome, verdict.event, verdict.error, verdict.seen) == (None, None, None, False)


def test_it_keeps_what_it_was_given() -> None:
    verdict, event = Verdict("run-1", "Flow"), StopEvent(result=1)
    verdict.settle("done", event, None)
    assert (verdict.outcome, verdict.event, verdict.error) == ("done", event, None)


async def test_all_who_wait_are_told() -> None:
    verdict = Verdict("run-1", "Flow")
    waits = [verdict.wait(), verdict.wait()]
    assert [wait.done() for wait in waits] == [False, False]
    assert verdict.tell()
    assert [wait.done() for wait in waits] == [True, True]


def test_telling_nobody_says_so() -> None:
    assert not Verdict("run-1", "Flow").tell()


async def test_who_has_left_is_not_told() -> None:
    verdict = Verdict("run-1", "Flow")
    wait = verdict.wait()
    verdict.leave(wait)
    verdict.leave(wait)
    assert not verdict.tell()
    assert not wait.done()


async def test_who_was_cancelled_while_waiting_does_no_harm() -> None:
    verdict = Verdict("run-1", "Flow")
    cancelled, waiting = verdict.wait(), verdict.wait()
    cancelled.cancel()
    verdict.tell()
    assert waiting.done()
    assert cancelled.cancelled()


async def test_they_are_told_once() -> None:
    verdict = Verdict("run-1", "Flow")
    waiting = asyncio.ensure_future(verdict.wait())
    assert verdict.tell()
    assert not verdict.tell()
    await waiting


@pytest.mark.parametrize("outcome", ["failed", "timed out"])
def test_a_failure_that_nobody_was_given_is_shown_once(outcome: Outcome, caplog: pytest.LogCaptureFixture) -> None:
    verdict = settled(outcome)
    verdict.show_if_unseen()
    verdict.show_if_unseen()
    assert errors(caplog) == [f"Run run-1 of Flow {outcome}, and nobody awaited it. ValueError: no good"]
    assert caplog.records[0].exc_info is not None
    assert caplog.records[0].exc_info[1] is ERROR


def test_it_is_shown_at_the_latest_when_it_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    verdict = settled()
    assert errors(caplog) == []
    del verdict
    gc.collect()
    assert len(errors(caplog)) == 1


def test_shown_before_it_is_not_shown_when_it_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    verdict = settled()
    verdict.show_if_unseen()
    del verdict
    gc.collect()
    assert len(errors(caplog)) == 1


def test_a_failure_that_was_seen_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    verdict = settled()
    verdict.seen = True
    verdict.show_if_unseen()
    del verdict
    gc.collect()
    assert errors(caplog) == []


def test_a_run_that_was_cancelled_or_is_done_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    cancelled = Verdict("run-1", "Flow")
    cancelled.settle("cancelled", WorkflowCancelledEvent(), RuntimeError())
    for verdict in (cancelled, settled("done", None), Verdict("run-2", "Flow")):
        verdict.show_if_unseen()
    assert errors(caplog) == []
