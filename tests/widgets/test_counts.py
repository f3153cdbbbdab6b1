"""What has happened at each place of a flow."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.widgets.panels import CountFlow, FanFlow, Number
from wfkit import Event, Recorder, Workflow
from wfkit.widgets.counts import MOVES, Counts


async def counted(workflow: Workflow, **start: Any) -> Counts:
    """Return the counts of a run that has ended."""
    recorder = Recorder()
    await workflow.run(hooks=[recorder], **start)
    counts = Counts(workflow.__wfkit_plan__())
    for record in recorder.records:
        counts.see((type(record), *record))
    return counts


async def test_each_place_says_how_often() -> None:
    nodes = (await counted(FanFlow(timeout=None), n=3)).nodes({})
    assert nodes["wf-work"] == {"state": "done", "idle": False, "chips": [["done", 3]]}
    assert nodes["wf-Number"] == {"idle": False, "mark": "\u00d73"}
    assert nodes["wf-StartEvent"] == {"idle": False, "mark": ""}


async def test_what_asks_most_for_a_look_gives_the_state() -> None:
    counts = await counted(CountFlow(timeout=None), n=3)
    live = {"double": Counter({"queued": 2, "held": 1}), "gone": Counter({"held": 1})}
    assert counts.nodes(live)["wf-double"] == {
        "state": "held",
        "idle": False,
        "chips": [["held", 1], ["queued", 2], ["done", 1]],
    }
    tally = counts.tallies(live)["wf-double"]
    assert (tally.state, tally.chips) == ("held", (("held", 1), ("queued", 2), ("done", 1)))


async def test_the_latest_moves_are_kept() -> None:
    counts = await counted(FanFlow(timeout=None), n=50)
    assert len(counts.moves) == MOVES
    numbers = [number for number, _, _ in counts.moves]
    assert numbers == sorted(set(numbers))


async def test_an_event_that_is_not_drawn_counts_for_its_base() -> None:
    class Late(Number):
        pass

    class Other(Event):
        pass

    counts = Counts(CountFlow(timeout=None).__wfkit_plan__())
    assert counts.place(Late(n=1)) == counts.places[Number]
    assert counts.place(Other()) == ""
