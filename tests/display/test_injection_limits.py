"""Hostile runs and flows on every face: outputs stay small, are the same each time, and go into files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.display.corpus import TEXTS, UNTOUCHABLE, Counted
from tests.display.flows import Drawable, LoopSteps, Tape, hostile, made_event, made_step, plan
from tests.display.hostile_runs import all_faces, error_of, faces, flow_faces, kind, name_for, run_faces
from tests.display.inert import check_faces
from wfkit import Event, StartEvent, StopEvent
from wfkit.display import draw_all_possible_flows, draw_most_recent_execution, handler_bundle
from wfkit.plan import Plan
from wfkit.records import RunEnded, RunIdle, StateChanged, StepFailed, StepWaiting


class Carry(Event):
    pass


# -- sizes -------------------------------------------------------------------------------------------------------------


def told(event: Event, *more: Event) -> Any:
    """Return a run in which a step got an event, and then others."""
    tape, number = Tape("LoopFlow"), 1
    who = tape.start("answer_query", 1, tape.send(event, ["answer_query"]))
    for each in more:
        tape.finish(who, each)
        number += 1
        who = tape.start("answer_query", number, tape.send(each, ["answer_query"], who))
    tape.finish(who, StopEvent())
    return shown_as(plan(LoopSteps), tape.end())


def failed(count: int, text: str) -> Any:
    """Return a run in which a step failed often, each time with another error."""
    tape = Tape("LoopFlow")
    sent = tape.send(StartEvent(), ["answer_query"])
    for attempt in range(1, count + 1):
        tape.start("answer_query", 1, sent, attempt)
        tape.records.append(
            StepFailed(0.0, 1, "answer_query", type(name_for(text), (Exception,), {})(text), attempt, 1.0)
        )
    return shown_as(plan(LoopSteps), tape.end())


def shown_as(flow: Plan, records: Any) -> Any:
    found = Drawable(flow, records)
    found.status = "done"  # type: ignore[attr-defined]
    return found


MARKUP = "<&'\">" * 60
HEAVY = {f"{MARKUP}{number}": MARKUP for number in range(40)}


@pytest.mark.parametrize(
    "make",
    [
        lambda: told(StartEvent(), *(Carry(**HEAVY) for _ in range(800))),
        lambda: told(StartEvent(), *(made_event(f"{MARKUP}{number}")() for number in range(800))),
        lambda: told(StartEvent(**{f"f{number}": number for number in range(10_000)})),
        lambda: told(StartEvent(**{"x" * 1_000_000: "x" * 1_000_000})),
        lambda: failed(700, MARKUP * 3),
        lambda: failed(700, "'" * 300),
        lambda: failed(2, "\n" * 1_000_000),
        lambda: failed(2, "\x1b[" * 300_000),
    ],
    ids=["payloads", "names", "fields", "long field", "errors", "quotes", "lines", "escapes"],
)
def test_no_run_makes_an_output_of_a_megabyte(make: Callable[[], Any]) -> None:
    check_faces(run_faces(make()))


def wide(count: int, name: str) -> type[Event]:
    return kind("Wide", Event, **{f"{name}{number}": Literal[MARKUP] for number in range(count)})


@pytest.mark.parametrize(
    "make",
    [
        lambda: hostile("<&'\">" * 200_000),
        lambda: line(20, doc="<&'\">" * 20_000),
        lambda: Plan("Flow", [made_step("a", [StartEvent], [wide(3_000, "f")])]),
        lambda: Plan("Flow", [made_step("a", [StartEvent], [wide(2, "f" * 500_000)])]),
    ],
    ids=["names", "docs", "many fields", "long fields"],
)
def test_no_flow_makes_an_output_of_a_megabyte(make: Callable[[], Plan]) -> None:
    check_faces(flow_faces(Drawable(make())))


def line(count: int, doc: str) -> Plan:
    kinds: list[Any] = [StartEvent, *(made_event(f"E{number}") for number in range(count)), StopEvent]
    return Plan("Line", [made_step(f"s{n}", [kinds[n]], [kinds[n + 1]], doc=doc) for n in range(count + 1)])


@pytest.mark.parametrize("length", [1, 2, 400, 10**9])
def test_labels_of_any_length(length: int) -> None:
    check_faces(faces(draw_all_possible_flows(Drawable(hostile("<&'\">" * 200_000)), max_label_length=length)))


def test_what_is_not_shown_is_not_asked_for_its_repr() -> None:
    many = Carry(**{f"f{number}": Counted() for number in range(10_000)}, listed=[Counted()] * 10_000)
    runs = [told(StartEvent(), many), told(StartEvent(), *(Carry(value=Counted()) for _ in range(1_000)))]
    for run in runs:
        for ask in (
            lambda run: draw_most_recent_execution(run).html,
            lambda run: draw_most_recent_execution(run, unrolled=True).html,
            handler_bundle,
        ):
            Counted.calls = 0
            ask(run)
            assert Counted.calls <= 400


# -- the rest ----------------------------------------------------------------------------------------------------------


async def test_the_same_again_is_the_same_bytes() -> None:
    text = TEXTS["out of srcdoc"]
    first, second = await all_faces(text), await all_faces(text)
    timed = {face for face in first if " live 0 " in face}  # says for how many seconds it has run
    assert [face for face in first.keys() - timed if first[face] != second[face]] == []


def test_another_process_shows_the_same() -> None:
    script = (
        "from tests.display.corpus import *\nfrom wfkit.display.words import shown\n"
        "print([shown(VALUES[name]()) for name in VALUES if name != 'mock'])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if len(text) < 1_000])
def test_a_hostile_file_name_is_a_file_or_a_clear_error(name: str, tmp_path: Path) -> None:
    drawing = draw_all_possible_flows(Drawable(plan(LoopSteps)))
    file = f"{tmp_path}/flow{TEXTS[name]}.svg"
    try:
        drawing.save(file)
    except (OSError, ValueError) as error:
        said = str(error)
        written = list(tmp_path.iterdir())
        assert (bool(said), written) == (True, [])
    else:
        assert Path(file).read_text(encoding="utf-8") == drawing.svg
        assert not list(tmp_path.glob(".*.part"))


def test_a_file_name_may_be_as_long_as_the_disk_allows(tmp_path: Path) -> None:
    file = tmp_path / ("\u540d" * 83 + ".svg")
    draw_all_possible_flows(Drawable(plan(LoopSteps))).save(file)
    assert file.stat().st_size > 1_000


def test_records_made_by_hand_say_nothing_that_json_cannot() -> None:
    text = TEXTS["out of script"]
    tape = Tape(text)
    who = tape.start(text, 1, tape.send(StartEvent(), [text, "answer_query"]))
    for number in (float("nan"), float("inf"), -1e309, 1e308):
        tape.records.append(StepFailed(0.0, 1, text, error_of(text), 1, number))
    tape.records += [
        StateChanged(0.0, text, "set", (text, "__proto__", "password")),
        StepWaiting(0.0, 1, text, text, made_event(text)),
        RunIdle(0.0, text, False),
    ]
    tape.finish(who)
    check_faces(run_faces(shown_as(plan(LoopSteps), tape.records)))


@pytest.mark.parametrize("name", UNTOUCHABLE)
def test_records_may_hold_errors_that_cannot_be_looked_at(name: str) -> None:
    tape, error = Tape("LoopFlow"), UNTOUCHABLE[name]()
    tape.start("answer_query", 1, tape.send(StartEvent(), ["answer_query"]))
    tape.records.append(StepFailed(0.0, 1, "answer_query", error, 1, None))
    tape.records.append(RunEnded(0.0, "failed", StopEvent(), error))
    check_faces(run_faces(shown_as(plan(LoopSteps), tape.records)))
