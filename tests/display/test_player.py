"""The playback in a browser: stepping, scrubbing, playing, the panel and the timeline, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.display.flows import HOSTILE, Drawable
from tests.display.played import SHOWN, BrokenFlow, LongFlow, SlowFlow, expected, find, page_of, place, recorded, words
from tests.display.playing import FanFlow, FetchFlow, LoopFlow, PersonFlow, WaitFlow, story_of
from tests.display.test_durations import SPELLED
from wfkit.display import draw_most_recent_execution
from wfkit.display.words import TIMES
from wfkit.records import Record, RunIdle
from wfkit.workflow import Workflow

pytestmark = pytest.mark.browser

Opener: TypeAlias = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def runs() -> dict[type[Workflow], tuple[Record, ...]]:
    """Return the records of a run of each flow, made before a browser is open."""
    return recorded()


@pytest.fixture(scope="module")
def told(runs: dict[type[Workflow], tuple[Record, ...]]) -> dict[type[Workflow], dict[str, Any]]:
    """Return the data of their playbacks."""
    return {flow: story_of(flow, records).data for flow, records in runs.items()}


@pytest.fixture
def play(open_html: Opener, told: dict[type[Workflow], dict[str, Any]]) -> Opener:
    """Return a function that opens a page with playbacks that a test can speak to, as `players[i]`."""

    def opened(*flows: type[Workflow], change: dict[str, Any] | None = None, width: int = 880) -> Any:
        return open_html(page_of(*((flow, {**told[flow], **(change or {})}) for flow in flows), width=width))

    return opened


def timeless(page: Any, play: Opener, flow: type[Workflow]) -> None:
    """Open a playback on a page whose time stands still until a test lets it run."""
    page.clock.install(time=0)
    play(flow)
    page.clock.pause_at(3_600)


def test_it_opens_at_the_end_and_shows_what_the_run_came_to(play: Opener, told: Any) -> None:
    page = play(FetchFlow)
    data = told[FetchFlow]
    assert place(page) == len(data["moments"]) - 1
    assert words(page) == "the run is done"
    assert page.locator(".wfp-header h3").text_content() == "FetchFlow"
    assert page.locator(".wfp-result").text_content() == f"{data['headline']} · 3 events · 2 steps · 2 retries"
    assert page.locator(".wfp-header p").all_text_contents() == data["remarks"]
    assert page.get_by_title("play (space)").is_enabled()
    assert page.get_by_title("one moment forward").is_disabled()


def test_durations_are_spelled_as_in_python(play: Opener) -> None:
    assert play(LoopFlow).evaluate("times => times.map(wfkitLasted)", list(SPELLED)) == list(SPELLED.values())


@pytest.mark.parametrize("last", [3.96, 3.95901])
def test_no_two_ticks_beside_a_cut_say_the_same(play: Opener, last: float) -> None:
    axis = {"fold": [[0, 0], [3.959, 0.5], [last, 1]], "duration": last}
    ticks = play(LoopFlow).evaluate("axis => wfkitAxis(axis).ticks(0.08)", axis)
    texts = [text for _, text in ticks]
    assert len(texts) > 5
    assert len(set(texts)) == len(texts)


def test_what_came_of_a_run_is_told_from_its_end_on(play: Opener, told: Any) -> None:
    page = play(LoopFlow)
    data = told[LoopFlow]
    run = data["moments"][find(data, "started")][2]
    for kind, shown in (("started", 0), ("finished", 1)):
        page.evaluate("index => players[0].go(index)", find(data, kind, run))
        for fact in ("took", "then"):
            assert page.locator(f'.wfp-facts dt[title="{fact}"]').count() == shown, (kind, fact)


def test_lanes_that_go_on_below_fade(open_html: Opener, told: Any) -> None:
    data = told[FanFlow]
    lanes = [[lane[0], worker] for lane in data["lanes"] for worker in range(1, 9)]
    page = open_html(page_of((FanFlow, {**data, "lanes": lanes}), (LoopFlow, told[LoopFlow]), width=880))
    rows = page.locator(".wfp-lanes")
    assert [rows.nth(number).evaluate("rows => rows.matches('.more')") for number in (0, 1)] == [True, False]
    rows.first.evaluate("rows => { rows.scrollTop = 1e6; }")
    page.wait_for_function("!document.querySelector('.wfp-lanes').matches('.more')")


def test_every_moment_shows_the_counts_of_the_records_up_to_it(open_html: Opener, told: Any) -> None:
    # Some open runs are not told of when the run ends: they are cancelled all the same.
    untold = [moment for moment in told[SlowFlow]["moments"] if moment[1] != "cancelled"]
    played = [*told.items(), (SlowFlow, {**told[SlowFlow], "moments": untold})]
    page = open_html(page_of(*played, width=880))
    for number, (flow, data) in enumerate(played):
        last = len(data["moments"]) - 1
        # Forward, then back in leaps, which start at different checkpoints.
        there = [*range(last + 1), *range(last, -1, -max(1, last // 9))]
        found = page.evaluate(
            "([number, there]) => { const root = document.querySelectorAll('.wf-root')[number];"
            f"return there.map(index => (players[number].go(index), ({SHOWN})(root))); }}",
            [number, there],
        )
        wanted = [expected(data, index) for index in range(last + 1)]
        for index, one in zip(there, found, strict=True):
            assert one == wanted[index], (flow, index, data["moments"][index])


def test_buttons_keys_and_slider_go_from_moment_to_moment(play: Opener) -> None:
    page = play(LoopFlow)
    last = place(page)
    page.get_by_title("one moment back").click()
    assert place(page) == last - 1
    page.get_by_title("to the first moment").click()
    assert (place(page), words(page)) == (0, "the run began")
    page.keyboard.press("ArrowRight")
    assert (place(page), words(page)) == (1, "StartEvent sent from outside to answer")
    page.keyboard.press("End")
    assert place(page) == last
    slider = page.get_by_label("moment", exact=True).and_(page.locator("input"))
    slider.fill("2")
    assert (place(page), words(page)) == (2, "answer #1 started")
    assert slider.get_attribute("aria-valuetext") == f"3 of {last + 1}: answer #1 started"
    slider.press("Home")
    slider.press("PageUp")
    assert place(page) > 0
    slider.click()
    assert abs(place(page) - last / 2) <= 1


def test_keys_reach_only_the_player_that_has_the_focus(play: Opener) -> None:
    page = play(LoopFlow, PersonFlow)
    ends = place(page, 0), place(page, 1)
    page.get_by_text("out").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    assert (place(page, 0), place(page, 1)) == ends
    page.get_by_title("play (space)").nth(1).focus()
    page.keyboard.press("Control+ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert (place(page, 0), place(page, 1)) == (ends[0], ends[1] - 1)
    page.locator(".wfp-bar").first.click()
    started = place(page, 0)
    page.keyboard.press("ArrowRight")
    assert (place(page, 0), place(page, 1)) == (started + 1, ends[1] - 1)


def test_playing_goes_from_the_beginning_to_the_end_and_stops(play: Opener, page: Any) -> None:
    timeless(page, play, LoopFlow)
    last = place(page)
    page.locator("input").focus()
    page.keyboard.press("Space")
    assert page.get_by_title("pause (space)").is_visible()
    seen = [place(page)]
    for _ in range(60):
        page.clock.run_for(500)
        seen.append(place(page))
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 12
    assert seen[-1] == last
    assert page.get_by_title("play (space)").get_attribute("aria-label") == "play"


def test_it_pauses_and_plays_faster_when_asked(play: Opener, page: Any) -> None:
    timeless(page, play, LongFlow)
    reached = []
    for key in "123":
        page.locator("input").press("Home")
        page.keyboard.press(key)
        page.keyboard.press("Space")
        page.clock.run_for(2_000)
        page.keyboard.press("Space")
        reached.append(place(page))
        page.clock.run_for(2_000)
        assert place(page) == reached[-1]
    assert 2 * 0.8 < reached[1] / reached[0] < 2 * 1.2
    assert 8 * 0.8 < reached[2] / reached[0] < 8 * 1.2
    assert page.locator(".wfp-speed[aria-pressed=true]").all_text_contents() == [f"8{TIMES}"]


def test_the_pace_is_readable_however_long_the_run_took(play: Opener) -> None:
    page = play(LoopFlow)
    total = "moments => wfkitPace(moments).reduce((all, ms) => all + ms) / 1000"
    assert 2 < page.evaluate(total, [{"t": i / 1_000, "kind": "started"} for i in range(12)]) < 5
    assert 2 < page.evaluate(total, [{"t": 30 * i, "kind": "started"} for i in range(3)]) < 4
    assert 55 < page.evaluate(total, [{"t": i, "kind": "sent"} for i in range(1_500)]) < 61


def test_an_event_travels_when_one_goes_forward_and_only_then(play: Opener, page: Any, told: Any) -> None:
    page.emulate_media(reduced_motion="no-preference")
    play(LoopFlow)
    sent = find(told[LoopFlow], "sent", 1)
    dots = "document.querySelectorAll('.wf-dot').length"
    page.evaluate(f"players[0].go({sent})")
    assert page.evaluate(dots) == 0
    page.evaluate(f"players[0].go({sent - 1})")
    page.get_by_title("one moment forward").click()
    page.wait_for_function(f"{dots} === 1")
    page.wait_for_function(f"{dots} === 0")
    page.get_by_title("one moment back").click()
    page.get_by_title("one moment forward").click()
    assert page.evaluate(f"(players[0].go(0), new Promise(done => setTimeout(() => done({dots}), 30)))") == 0
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(f"players[0].go({sent - 1})")
    page.get_by_title("one moment forward").click()
    assert (place(page), page.evaluate(dots)) == (sent, 0)


def test_the_panel_tells_what_the_event_carried_and_where_it_came_from(play: Opener, told: Any) -> None:
    page = play(LoopFlow)
    data = told[LoopFlow]
    page.evaluate(f"players[0].go({find(data, 'started', 1)})")
    facts = page.locator(".wfp-facts")
    assert facts.locator("h4").text_content() == "Failed"
    assert [*zip(facts.locator("dt").all_text_contents(), facts.locator("dd").all_text_contents(), strict=True)] == [
        ("error", "'too short'"),
        ("from", "answer #1"),
    ]
    facts.get_by_text("answer #1").click()
    assert words(page) == "answer #1 started"
    page.evaluate(f"players[0].go({find(data, 'finished', 0)})")
    assert "state" in page.locator(".wfp-facts dt").all_text_contents()


def test_each_moment_is_told_in_plain_words(play: Opener, told: Any) -> None:
    page = play(PersonFlow, WaitFlow)
    said = []
    for number, flow in enumerate((PersonFlow, WaitFlow)):
        for index in range(len(told[flow]["moments"])):
            page.evaluate(f"players[{number}].go({index})")
            said.append(page.locator(".wfp-words").nth(number).text_content())
    assert said[3:8] == [
        "ask returned Question",
        "Question sent by ask to whoever can answer",
        "Question written to the stream by ask",
        "at rest: It waits for a person's answer to Question: await handler.send_event(Answer(...)).",
        "Answer sent from outside to hear",
    ]
    assert said[-8:] == [
        "Question written to the stream by draft",
        "draft waits for Answer",
        "at rest: Step 'draft' waits for Answer.",
        "Answer sent from outside",
        "draft got Answer and goes on",
        "draft returned StopEvent",
        "StopEvent sent by draft",
        "the run is done",
    ]


def test_a_failed_run_shows_the_error_with_its_traceback_folded(play: Opener, told: Any) -> None:
    page = play(BrokenFlow)
    assert words(page) == "the run failed"
    error = page.locator(".wfp-error")
    assert error.locator("h4").text_content() == "ValueError"
    assert error.locator("p").text_content() == "no title"
    assert not error.locator("pre").is_visible()
    error.locator("summary").click()
    assert "raise ValueError" in error.locator("pre").text_content()
    data = told[BrokenFlow]
    page.evaluate(f"players[0].go({find(data, 'failed')})")
    assert words(page) == "fetch failed with ConnectionError, retry in 0.50 s"
    assert page.locator(".wfp-bar.fail").count() == 2
    assert page.locator(".wfp-bar.retry").count() == 1


def test_a_click_on_a_bar_goes_to_where_the_run_started(play: Opener) -> None:
    page = play(FetchFlow)
    page.locator(".wfp-bar.run").first.click()
    assert words(page) == "fetch started"
    assert page.locator(".wfp-bar.selected").count() == 5  # three attempts and the two waits between them
    page.locator(".wfp-bar.retry").first.hover()
    hint = page.locator(".wfp-timeline .wf-hint")
    assert hint.locator("b").text_content() == "fetch"
    assert hint.locator("dl").text_content() == "took0.30 swaited1.5 stried3 timeserrorConnectionError"
    assert page.locator(".wfp-lit").get_attribute("id") == "wf-fetch"


def test_a_click_beside_the_bars_goes_to_that_time(play: Opener, told: Any) -> None:
    page = play(FanFlow)
    moments = told[FanFlow]["moments"]
    area = page.locator(".wfp-area").bounding_box()
    page.mouse.click(area["x"] + area["width"] * 0.5, area["y"] + 1)
    assert moments[place(page)][0] <= moments[-1][0] / 2 < moments[place(page) + 1][0]


def test_causes_are_drawn_when_asked_all_or_those_of_the_selected_run(play: Opener, told: Any) -> None:
    page = play(FanFlow)
    data = told[FanFlow]
    arrows = page.locator(".wfp-cause")
    assert arrows.count() == 0
    page.get_by_text("causes").click()
    assert arrows.count() == sum(len(run[3]) for run in data["runs"]) == 24
    page.evaluate(f"players[0].go({find(data, 'started', 3)})")
    assert arrows.count() == 2  # from the split, to the join
    page.keyboard.press("c")
    assert arrows.count() == 0
    assert page.get_by_text("causes").get_attribute("aria-pressed") == "false"


def test_what_was_left_out_is_a_moment_with_words_and_counts(play: Opener, told: Any) -> None:
    data = told[LoopFlow]
    told = find(data, "sent", 1)
    step = next(node for node, (_, name, _) in enumerate(data["nodes"]) if name == "improve")
    skipped = [0.5, "skipped", 9_000, [[step, {"queued": 1, "done": 2_999}]], "9,000 records are left out", []]
    moments = [*data["moments"][:told], skipped, [0.5, "began", False]]
    page = play(LoopFlow, change={"moments": moments, "duration": 0.5})
    page.get_by_title("one moment back").click()
    assert words(page) == "9,000 records are left out"
    assert page.locator(".wfp-facts dl").text_content() == "improve1 queued, 2,999 done"
    assert page.locator("#wf-improve .chip").all_text_contents() == ["1", "2,999"]
    assert page.locator("#wf-answer .chip").count() == 0


@pytest.mark.parametrize(
    ("moments", "said", "counter"),
    [([], "nothing happened yet", "0/0"), ([[0.0, "began", True]], "the run went on from a snapshot", "1/1")],
    ids=["none", "one"],
)
def test_a_run_of_hardly_any_moments(moments: list[Any], said: str, counter: str, play: Opener) -> None:
    nothing = {
        "runs": [],
        "lanes": [],
        "events": [],
        "errors": [],
        "fold": [[0, 0], [1, 1]],
        "folds": [],
        "duration": 0,
    }
    page = play(LoopFlow, change={**nothing, "moments": moments, "outcome": "running", "headline": "running"})
    assert (words(page), page.locator(".wfp-where").text_content()) == (said, counter)
    assert page.get_by_title("play (space)").is_disabled()
    page.evaluate("players[0].play(), players[0].go(5), players[0].pause()")
    assert page.locator(".wfp-where").text_content() == counter


def test_a_run_that_is_still_open_says_so(play: Opener, page: Any, runs: Any) -> None:
    cut = runs[PersonFlow][: next(i for i, one in enumerate(runs[PersonFlow]) if isinstance(one, RunIdle)) + 1]
    data = story_of(PersonFlow, cut).data
    play(PersonFlow, change=data)
    assert page.locator(".wfp-outcome").text_content() == data["headline"]
    assert page.locator(".wfp-outcome.waiting .wfp-sign").is_visible()
    assert words(page).startswith("at rest: ")


def test_hostile_words_stay_words(play: Opener, told: Any) -> None:
    data = told[BrokenFlow]
    bad = HOSTILE.encode("utf-8", "replace").decode()
    change: dict[str, Any] = {
        "name": bad,
        "headline": bad,
        "remarks": [bad],
        "nodes": [[id, bad, kind] for id, _, kind in data["nodes"]],
        "events": [[node, bad, [[bad, bad * 3]]] for node, *_ in data["events"]],
        "errors": [[bad, bad, bad] for _ in data["errors"]],
    }
    change["moments"] = [*data["moments"], [3.0, "state", 0, bad, [bad]], [3.0, "idle", bad, True], [3.0, bad, bad]]
    page = play(BrokenFlow, change=change)
    before = page.evaluate("document.querySelectorAll('script').length")
    for index in range(len(change["moments"])):
        page.evaluate(f"players[0].go({index})")
    page.locator(".wfp-bar").first.hover()
    page.get_by_text("causes").click()
    assert page.locator(".wfp-header h3").text_content() == bad
    assert page.evaluate("document.images.length + document.querySelectorAll('script').length") == before


def test_a_long_value_is_cut_until_somebody_wants_it(play: Opener, told: Any) -> None:
    data = told[LoopFlow]
    events = [[node, name, [["text", "long " * 100]]] for node, name, *_ in data["events"]]
    page = play(LoopFlow, change={"events": events})
    value = page.locator(".wfp-facts dd").first
    low = value.bounding_box()["height"]
    value.get_by_text("more").click()
    assert value.bounding_box()["height"] > 2 * low


@pytest.mark.parametrize(("width", "beside"), [(880, True), (420, False)])
def test_the_panel_stands_beside_the_stage_or_below_it(width: int, beside: bool, play: Opener) -> None:
    page = play(LoopFlow, width=width)
    stage, panel = (page.locator(name).bounding_box() for name in (".wf-stage", ".wfp-panel"))
    assert (panel["x"] >= stage["x"] + stage["width"]) == beside
    assert (panel["y"] >= stage["y"] + stage["height"]) != beside
    assert page.evaluate("document.querySelector('.wfp-face').scrollWidth") <= width


def test_a_destroyed_player_leaves_the_stage_as_it_was(play: Opener, page: Any) -> None:
    timeless(page, play, LoopFlow)
    page.locator("input").press("Space")
    page.clock.run_for(1_000)
    page.evaluate("players[0].destroy()")
    assert page.locator("[class*=wfp-]").count() == 0
    assert page.evaluate("document.querySelector('.wf-root > .wf-stage > svg.wfkit') !== null")
    before = page.locator("svg.wfkit").inner_html()
    page.clock.run_for(60_000)
    page.locator("svg.wfkit").press("ArrowLeft")
    assert page.locator("svg.wfkit").inner_html() == before


@pytest.mark.parametrize("cell", [True, False], ids=["from a cell", "from a page"])
def test_an_export_plays_again(cell: bool, open_html: Opener, page: Any, tmp_path: Path, runs: Any) -> None:
    drawing = draw_most_recent_execution(Drawable(FetchFlow.__wfkit_plan__(), runs[FetchFlow]))
    drawing.save(tmp_path / "run.html")
    open_html(drawing.html if cell else (tmp_path / "run.html").read_text(encoding="utf-8"))
    frame = page.frame_locator("iframe") if cell else page
    frame.get_by_title("to the first moment").click()
    with page.expect_download() as download:
        page.keyboard.press("Shift+E")
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert frame.get_by_role("status").text_content() == "saving FetchFlow.html"
    page.goto(saved.as_uri())
    assert words(page) == "the run is done"
    page.get_by_title("to the first moment").click()
    assert words(page) == "the run began"


def test_a_viewer_without_downloads_is_told_so(runs: Any, open_html: Opener, page: Any) -> None:
    drawing = draw_most_recent_execution(Drawable(FetchFlow.__wfkit_plan__(), runs[FetchFlow]))
    open_html(drawing.html.replace("<iframe ", '<iframe sandbox="allow-scripts" '))
    frame = page.frame_locator("iframe")
    frame.get_by_text("export").click()
    assert frame.get_by_role("status").text_content() == "this viewer allows no downloads"
