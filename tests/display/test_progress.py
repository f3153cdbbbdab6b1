"""Progress: what is read from the events that report it, also the user's own, and the places of the bars."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from wfkit import ProgressEvent
from wfkit.display.progress import MESSAGE_LIMIT, MOST, Bars, is_progress, read_progress
from wfkit.events import Event

# -- what is read ------------------------------------------------------------------------------------------------------


def own(**fields: Any) -> Event:
    """Make an event of a class of the user's own."""
    made: Event = type("ProgressEvent", (Event,), {})(**fields)
    return made


@pytest.mark.parametrize(
    ("event", "fraction", "amount", "message"),
    [
        (ProgressEvent(done=3, total=10, message="pages"), 0.3, "3 of 10", "pages"),
        (ProgressEvent(done=12, total=10), 1.0, "12 of 10", ""),
        (ProgressEvent(done=0, total=0), 1.0, "0 of 0", ""),
        (ProgressEvent(done=1_234), None, "1,234", ""),
        (ProgressEvent(done=0.5, total=1.5), 1 / 3, "0.5 of 1.5", ""),
        (ProgressEvent(fraction=0.29), 0.29, "29 %", ""),
        (ProgressEvent(message="begun"), None, "", "begun"),
        (own(msg="Step one is happening"), None, "", "Step one is happening"),
        (own(current=1, total=4, text="x"), 0.25, "1 of 4", "x"),
        (own(percent=40), 0.4, "40 %", ""),
        (own(pct="40 %"), 0.4, "40 %", ""),
        (own(progress=0.4), 0.4, "40 %", ""),
        (own(progress=40), 0.4, "40 %", ""),
        (own(progress=400), 1.0, "100 %", ""),
        (own(Done=2, Total=3), 2 / 3, "2 of 3", ""),
        (own(step="search", status="searching"), None, "", "searching"),
        (own(total=3), None, "", ""),
        (own(), None, "", ""),
    ],
)
def test_it_is_read_by_the_names_of_the_fields(event: Event, fraction: float | None, amount: str, message: str) -> None:
    found = read_progress(event)
    assert found.fraction == (None if fraction is None else pytest.approx(fraction))
    assert (found.amount, found.message) == (amount, message)


class Nasty:
    """Fails whatever is done with it."""

    def __float__(self) -> float:
        raise RuntimeError("not me")

    __str__ = __repr__ = __len__ = __bool__ = __eq__ = __hash__ = __lt__ = __float__  # type: ignore[assignment]


@pytest.mark.parametrize(
    "value",
    [
        Nasty(),
        math.nan,
        -math.inf,
        10**400,
        -1,
        True,
        None,
        b"\xff",
        "\ud800",
        "x" * 1_000_000,
        [1],
        {},
        Decimal("nan"),
    ],
)
@pytest.mark.parametrize("name", ["done", "total", "fraction", "percent", "progress", "message"])
def test_hostile_values_are_left_out(name: str, value: Any) -> None:
    found = read_progress(own(**{"current": 1, "of": 2, name: value}))
    assert found.fraction in (None, 0.5)
    assert len(found.amount) < 20
    assert len(found.message) <= MESSAGE_LIMIT


def test_a_message_is_cleaned_and_cut() -> None:
    message = read_progress(own(msg="\x1b[31mred\u202e\n<b>" + "x" * 1_000_000)).message
    assert message.startswith("red <b>xx")
    assert len(message) == MESSAGE_LIMIT


def test_an_event_that_is_not_even_made_says_nothing() -> None:
    assert read_progress(ProgressEvent.__new__(ProgressEvent)).amount == ""


def test_what_counts_as_progress() -> None:
    class Ours(ProgressEvent):
        pass

    assert is_progress(ProgressEvent(done=1))
    assert is_progress(Ours(done=1))
    assert is_progress(own())
    assert is_progress(type("Finer", (type(own()),), {})())
    assert not is_progress(Event(done=1, total=2))


# -- places ------------------------------------------------------------------------------------------------------------


def labels(bars: Bars) -> list[str]:
    return [f"{bar.label} {read_progress(bar.event).amount}" for bar in bars.shown]


def test_each_worker_has_a_bar_and_keeps_its_place() -> None:
    bars = Bars()
    for done in (1, 2):
        for source in (7, 8):
            bars.report(source, "read", ProgressEvent(done=done + source, total=20))
    assert labels(bars) == ["read 9 of 20", "read 10 of 20"]


def test_the_next_delivery_of_a_step_takes_the_place_of_one_that_has_ended() -> None:
    bars = Bars()
    for source in range(50):
        bars.report(source, "loop", ProgressEvent(done=source, total=50))
        bars.end(source)
        bars.report("other", "write", ProgressEvent(message="x"))
    assert labels(bars) == ["loop 49 of 50", "write "]


def test_a_step_can_report_on_several_things() -> None:
    bars = Bars()
    for name in ("pages", "images", "pages"):
        bars.report(1, "read", ProgressEvent(done=len(name), total=6, name=name))
    assert labels(bars) == ["read · pages 5 of 6", "read · images 6 of 6"]


def test_there_are_places_for_a_few_and_the_others_are_counted() -> None:
    bars = Bars()
    for source in range(MOST + 3):
        bars.report(source, "read", ProgressEvent(done=1, total=2))
    assert (len(bars.shown), bars.hidden) == (MOST, 3)
    bars.end(0)
    bars.report(MOST, "read", ProgressEvent(done=2, total=2))
    assert (len(bars.shown), bars.hidden) == (MOST, 2)
    assert labels(bars)[0] == "read 2 of 2"
    for source in range(MOST + 1, MOST + 3):
        bars.end(source)
    assert bars.hidden == 0


def test_what_is_full_makes_room_for_what_is_not() -> None:
    bars = Bars()
    for number in range(20):
        for done in (1, 2):
            bars.report(1, "read", ProgressEvent(done=done, total=2, name=f"file {number}"))
    assert (len(bars.shown), bars.hidden) == (MOST, 0)
    assert "read · file 19 2 of 2" in labels(bars)
