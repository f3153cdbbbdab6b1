"""How the steps of a run stand."""

from __future__ import annotations

import pytest

from wfkit.standing import COUNTED, Stage, Standing


def counts(standing: Standing, step: str) -> dict[str, int]:
    """Return what is counted of a step, with what was there before, without noughts."""
    found = standing.with_missing(standing.counts)[step]
    assert tuple(found) == COUNTED
    return {name: count for name, count in found.items() if count}


def test_an_execution_is_made_once_and_numbered_by_step() -> None:
    standing = Standing()
    assert standing.execution(1, "a") is standing.execution(1, "a")
    assert [standing.execution(id, step).number for id, step in ((2, "a"), (3, "b"), (4, "a"))] == [2, 1, 3]


def test_a_retry_is_a_wait_and_is_counted_for_good() -> None:
    standing = Standing()
    one = standing.execution(1, "a")
    standing.turn(0, one, "running", None)
    standing.turn(1, one, "retrying")
    assert counts(standing, "a") == {"waiting": 1, "retried": 1}
    assert (one.state, one.retrying) == ("waiting", True)
    standing.turn(2, one, "running")
    standing.turn(3, one, "done")
    assert counts(standing, "a") == {"done": 1, "retried": 1}
    assert [(place, stage) for place, _, stage in standing.turns] == [
        (0, "running"),
        (1, "retrying"),
        (2, "running"),
        (3, "done"),
    ]


@pytest.mark.parametrize("stage", ["done", "failed", "cancelled", "waiting"])
def test_what_was_not_seen_to_start_was_there_before(stage: Stage) -> None:
    standing = Standing()
    one = standing.execution(1, "a")
    standing.turn(7, one, stage)
    assert standing.missing["a"]["running"] == 1
    assert counts(standing, "a") == {stage: 1}
    assert [place for place, _, _ in standing.turns] == [-1, 7]


def test_what_is_at_work_is_known_by_step() -> None:
    standing = Standing()
    one, other = standing.execution(1, "a"), standing.execution(2, "a")
    standing.turn(0, one, "running", None)
    standing.turn(1, other, "running", None)
    standing.turn(2, one, "waiting")
    assert list(standing.at_work["a"]) == [other]


def test_the_end_cancels_what_is_open_and_empties_the_queues() -> None:
    standing = Standing()
    standing.queue("a")
    standing.queue("a")
    one = standing.execution(1, "a")
    standing.unqueue("a", known=True)
    standing.turn(0, one, "running", None)
    standing.unqueue("a", known=False)
    assert counts(standing, "a") == {"queued": 1, "running": 1}
    standing.end(5)
    assert counts(standing, "a") == {"cancelled": 1}


def test_a_copy_of_the_counts_stays_as_it_was() -> None:
    standing = Standing()
    standing.queue("a")
    copy = standing.copy_counts()
    standing.queue("a")
    standing.queue("b")
    assert standing.with_missing(copy)["a"]["queued"] == 1
    assert standing.with_missing(copy)["b"]["queued"] == 0
