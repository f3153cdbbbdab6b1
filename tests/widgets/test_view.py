"""What a debugger's page says of a run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.widgets.panels import Number, Question, Total
from wfkit import Breakpoint, Event, StopEvent
from wfkit.events import CollectionReleaseEvent
from wfkit.hooks.debugger import Delivery, Stop
from wfkit.verdict import Verdict
from wfkit.widgets.view import (
    breakpoint_view,
    dots_of,
    headline,
    how_it_ended,
    how_many,
    key_of,
    run_view,
    stop_view,
    told_of,
    what_next,
)

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
        ((FIRST._replace(result=Question(text="?")),), "HELD before Question goes out"),
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
        (
            "held",
            FIRST._replace(result=Question(text="?")),
            (),
            "step lets Question go out. continue runs to the end.",
        ),
        ("held", None, (), "continue lets it run to the end."),
        ("running", None, (), "Goes on to the end. pause holds whatever comes next."),
        ("waiting", None, (), "Waits for somebody outside. Answer a question, and it goes on."),
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
    told = told_of(FIRST)
    assert told == {
        "key": "8000000000000001",
        "way": ["Number", "double"],
        "note": "from first",
        "brief": "n=1, password=****",
        "failed": False,
    }
    told = told_of(FIRST._replace(error=ValueError("a\x1b[31m" + "b" * 1_000), attempt=3))
    assert (told["note"], told["failed"], len(told["brief"])) == ("from first, attempt 3", True, 300)
    assert told_of(FIRST._replace(source=None))["note"] == "from outside"
    assert key_of(FIRST) == f"{FIRST.id:x}"


def test_what_is_held_at_its_end_is_on_its_way_out() -> None:
    told = told_of(FIRST._replace(result=StopEvent(result=[1])))
    assert (told["way"], told["note"], told["brief"]) == (["double", "StopEvent"], "ends the run", "StopEvent [1]")
    told = told_of(FIRST._replace(result=Question(text="?")))
    assert (told["way"], told["note"]) == (["double", "Question"], "goes out")


def gathered(*events: Event) -> Delivery:
    """Return a delivery of events that a step gathers."""
    return FIRST._replace(event=CollectionReleaseEvent(events=list(events), stream_id="x", binding_id="y"))


def test_what_a_step_gathers_is_told_by_what_it_is() -> None:
    told = told_of(gathered(*[Total(n=n) for n in range(12)]))
    assert (told["way"], told["brief"]) == (["12 \u00d7 Total", "double"], "n=0; n=1; n=2")
    assert told_of(gathered(Total(n=1), Number(n=2)))["way"] == ["Total, Number", "double"]
    assert told_of(gathered())["way"] == ["nothing", "double"]
    assert what_next("held", gathered(Total(n=1)), (), None).startswith("step gives 1 \u00d7 Total to double.")


def test_what_is_held_sits_where_it_goes() -> None:
    places: dict[object, str] = {"double": "wf-double"}
    found = dots_of(
        [
            FIRST,
            FIRST,
            gathered(Total(n=1), Total(n=2), Number(n=3)),
            FIRST._replace(error=ValueError()),
            FIRST._replace(result=StopEvent()),
        ],
        places,
        lambda event: f"wf-{type(event).__name__}",
    )
    assert found == [
        ["wf-Number", "wf-double", 3],
        ["wf-Total", "wf-double", 1],
        ["wf-double", "wf-StopEvent", 1],
    ]


def test_an_end_is_told_with_what_came_of_it() -> None:
    verdict = Verdict("run", "Flow")
    assert how_it_ended(verdict) == ""
    verdict.settle("done", StopEvent(result={"password": "hunter2", "n": 1}), None)
    assert how_it_ended(verdict) == "It ended with StopEvent {'password': ****, 'n': 1}."
    verdict.settle("failed", StopEvent(), ValueError("no"))
    assert how_it_ended(verdict) == "It ended with ValueError: no."
    verdict.seen = True


def test_a_breakpoint_says_when_it_stops() -> None:
    view = breakpoint_view("k", Breakpoint(step="double", when="n > 3", after=2, once=True, hits=1_000))
    assert (view["text"], view["notes"], view["when"], view["conditional"]) == (
        "double if n > 3",
        "1,000\u00d7, after 2, once",
        "n > 3",
        True,
    )
    assert not breakpoint_view("k", Breakpoint(state="seen"))["conditional"]
    assert not breakpoint_view("k", Breakpoint(step="double", when=lambda event, state: True))["conditional"]


def test_of_very_many_the_first_are_told() -> None:
    view = stop_view(
        stop(*[FIRST] * 1_000, buffers={("join", "list 41b5aa35"): (Total(n=1), Total(n=2)), ("join", "x"): ()})
    )
    assert (len(view["ready"]), view["count"], view["more"]) == (40, 1_000, 960)
    assert view["buffers"] == [["join", "", "Total(n=1), Total(n=2)"]]


def test_one_of_many_is_found_by_its_text() -> None:
    many = stop(*[FIRST._replace(id=n, event=Number(n=n)) for n in range(500)])
    view = stop_view(many, "N=27")
    assert [one["brief"] for one in view["ready"]][:2] == ["n=27, password=****", "n=270, password=****"]
    assert (len(view["ready"]), view["more"], view["sought"]) == (11, 0, "N=27")
    assert (len(stop_view(many, "number")["ready"]), stop_view(many, "number")["more"]) == (40, 460)
    assert stop_view(many, "hunter2")["ready"] == []


def test_what_goes_on_beside_is_told_in_words() -> None:
    waiting = FIRST._replace(waits=("Reply",))
    view = stop_view(stop(running=(FIRST,) * 9, waiting=(waiting,), queued={"last": 3}))
    assert view["beside"][0] == ["running", "double, with Number"]
    assert ["waiting", "double, with Number for Reply"] in view["beside"]
    assert view["beside"][-2:] == [["queued", "3 for last"], ["", "and 1 more"]]


def test_forgotten_stops_are_counted() -> None:
    class Old:
        stops = tuple(
            Stop(number=n, why="step", time=0, ready=(FIRST._replace(error=ValueError() if n == 9 else None),))
            for n in range(8, 10)
        )
        forked_at = None
        status = "held"

    assert run_view("run", Old(), None, None, True) == {
        "name": "run",
        "state": "held",
        "parent": None,
        "forked": None,
        "stops": [[8, "stop 8: step", False], [9, "stop 9: step", True]],
        "earlier": 7,
        "at": None,
        "on": True,
    }
