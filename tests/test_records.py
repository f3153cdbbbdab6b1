"""The facts of a run: small immutable values that tell the whole story and hang together."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, get_args

import pytest

from tests.flows import Fail, Fan, Join, Line, Loop, Sync
from wfkit import Workflow, records
from wfkit.records import (
    EventsCollected,
    EventSent,
    Record,
    RunEnded,
    RunIdle,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepStarted,
    as_dict,
    spell,
)
from wfkit.testing import Probe, simulate

KINDS: tuple[Any, ...] = get_args(Record)
FLOWS: list[tuple[Callable[[], Workflow], dict[str, Any]]] = [
    (Line, {}),
    (Loop, {}),
    (Join, {}),
    (Fan, {"count": 5}),
    (Fail, {}),
    (Sync, {}),
]


def test_every_record_of_the_module_is_a_kind_of_record() -> None:
    classes = {kind for _, kind in inspect.getmembers(records, inspect.isclass) if kind.__module__ == records.__name__}
    assert classes == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_a_tuple_that_begins_with_its_time_and_says_what_it_is(kind: Any) -> None:
    assert issubclass(kind, tuple)
    assert kind._fields[0] == "time"
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}(")  # what NamedTuple puts there by itself


def test_records_are_equal_by_value_and_cannot_be_changed() -> None:
    one, two = RunIdle(1.0, "why", False), RunIdle(1.0, "why", False)
    assert one == two
    with pytest.raises(AttributeError):
        one.time = 2.0  # type: ignore[misc]


def test_a_record_becomes_a_dictionary_with_its_kind() -> None:
    assert as_dict(RunIdle(1.0, "why", True)) == {"kind": "RunIdle", "time": 1.0, "waiting_for": "why", "stuck": True}


@pytest.mark.parametrize(
    ("id", "text"), [(0x0123456789ABCDEF, "01234567"), (0, "00000000"), (1, "00000000"), (2**64 - 1, "ffffffff")]
)
def test_an_id_is_spelled_with_eight_digits(id: int, text: str) -> None:
    assert spell(id) == text


def records_of(make: Callable[[], Workflow], fields: dict[str, Any], seed: int = 0) -> Probe:
    """Run a workflow on a schedule and return what happened."""
    probe = Probe()

    async def main() -> None:
        handler = make().run(hooks=[probe], **fields)
        with suppress(ValueError):
            await handler

    simulate(main(), seed)
    return probe


@pytest.mark.parametrize(("make", "fields"), FLOWS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_run_begins_and_ends_once_and_time_goes_on(make: Callable[[], Workflow], fields: dict[str, Any]) -> None:
    probe = records_of(make, fields)
    kinds = [type(record) for record in probe.records]
    assert kinds[0] is RunStarted
    assert kinds[-1] is RunEnded
    assert kinds.count(RunStarted) == kinds.count(RunEnded) == 1
    times = [record.time for record in probe.records]
    assert times == sorted(times)


@pytest.mark.parametrize(("make", "fields"), FLOWS, ids=lambda each: getattr(each, "__name__", ""))
def test_every_step_that_starts_also_ends(make: Callable[[], Workflow], fields: dict[str, Any]) -> None:
    probe = records_of(make, fields)
    started = Counter(record.id for record in probe.of(StepStarted))
    ended = Counter(
        record.id for record in probe.records if isinstance(record, (StepFinished, StepFailed, StepCancelled))
    )
    assert started == ended


@pytest.mark.parametrize(("make", "fields"), FLOWS, ids=lambda each: getattr(each, "__name__", ""))
def test_every_start_has_the_send_that_caused_it(make: Callable[[], Workflow], fields: dict[str, Any]) -> None:
    probe = records_of(make, fields)
    sends = {(record.parent, record.n): record for record in probe.of(EventSent)}
    assert len(sends) == len(probe.of(EventSent))
    for start in probe.of(StepStarted):
        send = sends[start.parent, start.n]
        assert start.step in send.targets
        assert send.event is start.event
    promised = sum(len(record.targets) for record in sends.values())
    assert promised >= len(probe.of(StepStarted))


@pytest.mark.parametrize(("make", "fields"), FLOWS, ids=lambda each: getattr(each, "__name__", ""))
def test_the_same_run_has_the_same_ids_on_every_schedule(make: Callable[[], Workflow], fields: dict[str, Any]) -> None:
    def ids(seed: int) -> Counter[tuple[str, int]]:
        return Counter((record.step, record.id) for record in records_of(make, fields, seed).of(StepStarted))

    assert all(ids(seed) == ids(0) for seed in range(1, 8))


def test_a_collected_set_names_the_deliveries_that_brought_it() -> None:
    probe = records_of(Fan, {"count": 5})
    (collected,) = probe.of(EventsCollected)
    tallies = {record.id for record in probe.of(StepStarted) if record.step == "tally"}
    assert set(collected.ids) == tallies
    assert len(collected.ids) == 5


def test_a_failure_is_recorded_with_the_very_error() -> None:
    probe = records_of(Fail, {})
    (failed,) = probe.of(StepFailed)
    assert (failed.step, failed.attempt, failed.retry_in) == ("fail", 1, None)
    assert probe.of(RunEnded)[0].error is failed.error
