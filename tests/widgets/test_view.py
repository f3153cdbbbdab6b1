"""What a debugger's page says of a run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.widgets.panels import Number, Total
from wfkit import Breakpoint, StopEvent
from wfkit.hooks.stops import Delivery, Stop
from wfkit.records import StateChanged
from wfkit.widgets.view import headline, how_many, key_of, log_lines, run_view, stop_view, told_of, what_next

FIRST = Delivery(id=2**63 + 1, step="double", event=Number(n=1), source="first")


def stop(*ready: Delivery, **more: Any) -> Stop:
    """Return a stop with these deliveries held."""
    return Stop(number=4, why="step", time=0.5, ready=ready, **more)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ((), "HELD"),
        ((FIRST,), "HELD before double"),
        ((FIRST, FIRST._replace(step="last")), "HELD before double and 1 more step"),
        ((FIRST, FIRST), "HELD before double"),
        ((FIRST._replace(error=ValueError("no")),), "HELD, double has failed"),
        ((FIRST._replace(result=StopEvent(result=1)),), "HELD before StopEvent ends the run"),
    ],
)
def test_the_head_says_where_it_is_held(held: tuple[Delivery, ...], words: str) -> None:
    assert headline("held", stop(*held)) == words


def test_the_head_says_how_a_run_stands_that_is_not_held() -> None:
    assert [headline(status, stop()) for status in ("running", "timed out")] == ["RUNNING", "TIMED OUT"]
    assert (
        how_many(stop(FIRST, running=(FIRST, FIRST), queued={"a": 2, "b": 1_000})) == "1 ready, 2 running, 1,002 queued"
    )


@pytest.mark.parametrize(
    ("status", "chosen", "points", "words"),
    [
        ("held", FIRST, (), "step gives Number to double. continue runs to the end."),
        (
            "held",
            FIRST,
            (Breakpoint(step="last"),),
            "step gives Number to double. continue runs to last, or to the end.",
        ),
        (
            "held",
            FIRST._replace(error=ValueError()),
            (Breakpoint(failure=True), Breakpoint(step="last", enabled=False)),
            "let it fail makes the failure of double count. continue runs to the next failure, or to the end.",
        ),
        ("held", None, (), "continue lets it run to the end."),
        ("running", None, (), "Goes on to the end. pause holds whatever comes next."),
        ("waiting", None, (), "Waits for somebody outside. Answer the question, and it goes on."),
        ("done", None, (), ""),
    ],
)
def test_it_says_what_the_next_click_does(status: str, chosen: Any, points: tuple[Breakpoint, ...], words: str) -> None:
    assert what_next(status, chosen, points, None) == words


def test_a_step_that_takes_long_is_told_of() -> None:
    assert headline("held", stop(running=(FIRST, FIRST))) == "HELD, 2 steps at work"
    assert what_next("running", FIRST, (), None, holding=True) == (
        "A step is at work; what comes of it is held. step gives Number to double. continue runs to the end."
    )


def test_looking_at_the_past_it_says_so() -> None:
    assert what_next("held", FIRST, (), 2).startswith("You look at stop 2. fork starts a new run from there")


def test_a_delivery_is_told_without_its_secrets() -> None:
    told = told_of(FIRST._replace(error=ValueError("a\x1b[31m" + "b" * 1_000), attempt=3))
    assert (told["key"], told["brief"], told["from"], told["attempt"]) == (
        "8000000000000001",
        "n=1, password=****",
        "first",
        3,
    )
    assert len(told["error"]) == 300
    assert told_of(FIRST._replace(source=None))["from"] == "outside"
    assert told_of(FIRST._replace(result=StopEvent(result=[1])))["result"] == "StopEvent  [1]"
    assert key_of(FIRST) == f"{FIRST.id:x}"


def test_of_very_many_the_first_are_told() -> None:
    view = stop_view(stop(*[FIRST] * 1_000, buffers={("join", "default"): (Total(n=1), Total(n=2)), ("join", "x"): ()}))
    assert (len(view["ready"]), view["more"]) == (40, 960)
    assert view["buffers"] == [["join", "default", "Total(n=1), Total(n=2)"]]


def test_what_goes_on_beside_is_told_in_words() -> None:
    waiting = FIRST._replace(waits=("Reply",))
    view = stop_view(stop(running=(FIRST,) * 9, waiting=(waiting,), queued={"last": 3}))
    assert view["beside"][0] == ["running", "double, with Number"]
    assert ["waiting", "double, with Number for Reply"] in view["beside"]
    assert view["beside"][-2:] == [["queued", "3 for last"], ["", "and 1 more"]]


def test_the_log_tells_the_end_with_what_the_debugger_did() -> None:
    happened = [StateChanged(time=2.0 + n, step="double", change="set", keys=(f"key{n}",)) for n in range(100)]
    lines = log_lines(happened, [(0, "paused"), (98, "continued"), (100, "set x\u202e")], 3)
    assert [line.split(maxsplit=2)[:2] for line in lines] == [
        ["98", "97.000"],
        [">", "continued"],
        ["99", "98.000"],
        ["100", "99.000"],
        [">", "set"],
    ]
    assert "key99" in lines[3]
    assert not any("\u202e" in line for line in lines)
    assert log_lines([], [], 3) == []


def test_forgotten_stops_are_counted() -> None:
    class Old:
        stops = tuple(Stop(number=n, why="step", time=0) for n in range(8, 10))
        forked_at = None
        status = "held"

    assert run_view("run", Old(), None, None, True) == {
        "name": "run",
        "state": "held",
        "parent": None,
        "forked": None,
        "stops": [[8, "stop 8: step"], [9, "stop 9: step"]],
        "earlier": 7,
        "at": None,
        "on": True,
    }
