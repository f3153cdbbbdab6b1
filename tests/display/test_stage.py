"""The living picture in a browser: tips, zoom, lit paths, keys, a run in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tests.display.flows import CollectSteps, Drawable, LoopSteps, chain, hostile, plan
from wfkit.display.draw import graph_of
from wfkit.display.figure import Figure
from wfkit.display.frame import script_of, style_of
from wfkit.display.svg import draw_svg
from wfkit.plan import Plan

pytestmark = pytest.mark.browser

Opener: TypeAlias = Callable[..., Any]
BOX = "JSON.stringify(stage.svg.getAttribute('viewBox').split(' ').map(Number).map(Math.round))"
# A picture of a run as its drawing would be, with room for counts.
RUN = """<svg class="wfkit" viewBox="0 0 300 200" width="300" height="200" role="img" aria-label="run">
<defs><marker id="wf-tip" class="tip"><path d="M0 0 9 4 0 8Z"/></marker>
<g id="wf-g-done"><path class="line" d="M-5 .5-1.5 4 5-4"/></g>
<g id="wf-g-running"><path class="line" d="M5 0A5 5 0 1 1 0-5"/></g></defs>
<g><g class="way" data-from="wf-E" data-to="wf-s"><path class="edge" d="M150 50V100"/></g>
<g id="wf-E" class="node event"><title>E</title><rect class="box" x="100" y="20" width="100" height="28" rx="14"/>
<text x="140" y="34">E</text><text class="small mark" x="170" y="34"></text></g>
<g id="wf-s" class="node step idle"><title>step s</title>
<rect class="box" x="90" y="100" width="120" height="52" rx="6"/>
<text x="150" y="118">s</text><g class="tally" transform="translate(150 138)" data-room="104"></g></g></g></svg>"""


@pytest.fixture
def show(open_html: Opener) -> Opener:
    """Return a function that opens a page around stages that a test can speak to, as `stage` or `stages[i]`."""

    def opened(*pictures: Plan | str, options: str = "{}", width: int = 800) -> Any:
        stages = "".join(
            f'<div class="wf-root" style="width:{width}px"><div class="wf-stage">'
            f"{picture if isinstance(picture, str) else embedded(picture)}</div></div>"
            for picture in pictures
        )
        html = (
            f"<!DOCTYPE html><meta charset='utf-8'><style>body{{margin:0}}{style_of(('stage',))}</style>{stages}"
            f"<script>{script_of(('stage', 'player'), boot=False)}\nvar picks = [];\n"
            "var stages = [...document.querySelectorAll('.wf-stage')].map(root => "
            f"wfkitStage(root, {{onPick: id => picks.push(id), ...{options}}}));\nvar stage = stages[0];</script>"
        )
        return open_html(html)

    return opened


def embedded(flow: Plan) -> str:
    return draw_svg(Figure.of_flow(graph_of(Drawable(flow))), embedded=True)


def box(page: Any) -> Any:
    return page.evaluate(f"JSON.parse({BOX})")


def lit(page: Any, kind: str = "wf-on") -> set[str]:
    found: list[str] = page.evaluate(f"[...document.querySelectorAll('.node.{kind}')].map(node => node.id)")
    return set(found)


def at(page: Any, name: str) -> tuple[float, float]:
    found = page.locator(f"#{name} .box").bounding_box()
    return found["x"] + found["width"] / 2, found["y"] + found["height"] / 2


# Tips and lit paths


def test_hovering_tells_of_a_node_and_lights_where_it_leads(show: Opener) -> None:
    page = show(plan(CollectSteps))
    page.mouse.move(*at(page, "wf-InputEvent"))
    tip = page.locator(".wf-hint")
    tip.wait_for()
    assert tip.locator("b").text_content() == "InputEvent"
    assert tip.locator("dt").text_content() == "input"
    assert tip.locator("dd").text_content() == "str"
    assert lit(page) == {"wf-InputEvent", "wf-run_query", "wf-StopEvent"}
    assert lit(page, "wf-back") == {"wf-InputEvent", "wf-collect_input", "wf-StartEvent"}
    page.mouse.move(5, 300)
    tip.wait_for(state="hidden")
    assert lit(page) == set()


def test_there_is_no_second_tip_from_the_browser(show: Opener) -> None:
    assert show(plan(CollectSteps)).locator("title").count() == 0


@pytest.mark.parametrize("width", [260, 800])
def test_a_tip_never_leaves_the_frame(show: Opener, width: int) -> None:
    page = show(hostile("x" * 300), width=width)
    for node in page.evaluate("stage.ids"):
        page.evaluate("id => stage.node(id).focus()", node)
        page.keyboard.press("Shift")  # the focus is a visible one when a key brought it
        page.mouse.move(*at(page, node))
        page.locator(".wf-hint").wait_for()
        inside = page.evaluate(
            """() => {
              const tip = document.querySelector(".wf-hint"), frame = document.querySelector(".wf-root");
              const [a, b] = [tip.getBoundingClientRect(), frame.getBoundingClientRect()];
              const held = a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;
              return held && tip.scrollWidth <= tip.clientWidth && a.width <= 320;
            }"""
        )
        assert inside, node
        page.mouse.move(0, 0)
        page.locator(".wf-hint").wait_for(state="hidden")


def test_a_click_keeps_the_light_until_escape(show: Opener) -> None:
    page = show(plan(CollectSteps))
    page.mouse.click(*at(page, "wf-setup"))
    assert page.evaluate("picks") == ["wf-setup"]
    page.mouse.move(5, 300)
    page.locator(".wf-hint").wait_for(state="hidden")
    assert lit(page) == {"wf-setup", "wf-SetupEvent", "wf-run_query", "wf-StopEvent"}
    assert page.locator("#wf-setup").get_attribute("aria-pressed") == "true"
    assert page.locator(".wf-picked").count() == 1
    page.keyboard.press("Escape")
    assert (lit(page), page.evaluate("picks")) == (set(), ["wf-setup", None])
    assert page.locator(".wf-picked").count() == 0


def test_a_click_on_the_ground_ends_the_light(show: Opener) -> None:
    page = show(plan(CollectSteps))
    page.mouse.click(*at(page, "wf-setup"))
    page.mouse.click(10, 200)
    assert (lit(page), page.evaluate("picks")) == (set(), ["wf-setup", None])


def test_what_a_program_picks_and_lights_calls_nobody(show: Opener) -> None:
    page = show(plan(CollectSteps))
    page.evaluate("stage.pick('wf-setup'), stage.light('wf-run_query')")
    assert lit(page) == {"wf-run_query", "wf-StopEvent"}
    page.evaluate("stage.reset()")
    assert (lit(page), page.evaluate("picks"), page.locator(".wf-picked").count()) == (set(), [], 0)


# Zoom and pan


def test_the_wheel_scrolls_the_page_and_zooms_with_control(show: Opener) -> None:
    page = show(chain(9))
    before = box(page)
    page.mouse.move(400, 300)
    page.mouse.wheel(0, -120)
    assert box(page) == before
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    page.wait_for_function(f"JSON.parse({BOX})[2] < {before[2]} - 50")
    assert page.evaluate("window.devicePixelRatio") == 1


def test_the_wheel_pans_where_nothing_else_scrolls(show: Opener) -> None:
    page = show(chain(20), options="{wheel: true}")
    x, y = at(page, "wf-step_001")
    page.mouse.move(400, 300)
    page.mouse.wheel(0, 100)
    page.wait_for_function("y => stage.node('wf-step_001').getBoundingClientRect().y < y - 50", arg=y)
    assert at(page, "wf-step_001")[0] == pytest.approx(x, abs=1)


def test_what_is_under_the_pointer_stays_under_it(show: Opener) -> None:
    page = show(plan(CollectSteps))
    page.evaluate("stage.zoom(3)")
    before = at(page, "wf-QueryEvent")
    page.evaluate("([x, y]) => stage.zoom(1.2, x, y)", before)
    assert at(page, "wf-QueryEvent") == pytest.approx(before, abs=1)


def test_dragging_the_ground_pans_and_is_no_click(show: Opener) -> None:
    page = show(chain(20))
    x, y = at(page, "wf-step_001")
    page.mouse.move(x + 150, y + 100)
    page.mouse.down()
    page.mouse.move(x + 140, y, steps=4)
    page.mouse.up()
    assert at(page, "wf-step_001")[1] == pytest.approx(y - 100, abs=2)
    assert page.evaluate("picks") == []


def test_a_click_may_tremble(show: Opener) -> None:
    page = show(chain(20))
    x, y = at(page, "wf-step_001")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2, y + 1)
    page.mouse.up()
    assert page.evaluate("picks") == ["wf-step_001"]


def test_a_picture_that_is_seen_whole_stays_where_it_is(show: Opener) -> None:
    page = show(plan(CollectSteps))
    before = box(page)
    page.mouse.move(100, 300)
    page.mouse.down()
    page.mouse.move(200, 200, steps=3)
    page.mouse.up()
    assert box(page) == before


def test_keys_zoom_pan_and_fit(show: Opener) -> None:
    page = show(chain(9))
    first = box(page)
    page.locator("svg.wfkit").focus()
    page.keyboard.press("+")
    closer = box(page)
    assert closer[2] < first[2]
    page.keyboard.press("Shift+ArrowDown")
    assert box(page)[1] > closer[1]
    page.keyboard.press("-")
    assert box(page)[2] == pytest.approx(first[2], abs=1)
    page.keyboard.press("0")
    assert box(page) == first


def test_a_long_picture_keeps_a_size_to_read_and_fits_when_asked_again(show: Opener) -> None:
    page = show(chain(50))
    assert page.locator("svg.wfkit").bounding_box()["height"] == 560
    assert page.locator("#wf-step_000 .box").bounding_box()["height"] == pytest.approx(36, abs=2)
    page.get_by_title("fit (0)").click()
    assert page.locator("#wf-step_049 .box").bounding_box()["y"] < 560
    page.get_by_title("fit (0)").click()
    assert page.locator("#wf-step_000 .box").bounding_box()["height"] == pytest.approx(36, abs=2)


def test_a_picture_is_never_wider_than_its_place(show: Opener) -> None:
    page = show(plan(CollectSteps), width=350)
    assert page.evaluate("document.querySelector('.wf-stage').scrollWidth") == 350
    page.evaluate("document.querySelector('.wf-root').style.width = '250px'")
    page.wait_for_function("stage.svg.getBoundingClientRect().width === 250")


def test_a_wide_picture_opens_where_it_starts(show: Opener) -> None:
    figure = Figure.of_flow(graph_of(Drawable(chain(20))))
    page = show(draw_svg(figure, figure.lay_out("right"), embedded=True), width=400)
    start = page.locator(".start .box").bounding_box()
    assert 0 < start["x"] < start["x"] + start["width"] < 400
    assert 0 < start["y"] < 560


def test_two_fingers_zoom(show: Opener) -> None:
    page = show(chain(9))
    before = box(page)
    pointer = """([kind, pointerId, clientX, clientY]) => stage.svg.dispatchEvent(
        new PointerEvent(kind, {pointerId, clientX, clientY, pointerType: "touch", bubbles: true}))"""
    page.evaluate("stage.svg.setPointerCapture = () => {}")  # there are no such fingers
    for event in (["pointerdown", 7, 300, 200], ["pointerdown", 8, 340, 200], ["pointermove", 8, 400, 200]):
        page.evaluate(pointer, event)
    assert box(page)[2] == pytest.approx(before[2] * 0.4, rel=0.02)


# Keyboard and search


def test_tab_goes_through_the_nodes_and_enter_picks_one(show: Opener) -> None:
    page = show(plan(LoopSteps))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "wf-StartEvent"
    page.locator(".wf-hint").wait_for()
    assert page.locator(".wf-focus").count() == 1
    page.keyboard.press("Enter")
    assert page.evaluate("picks") == ["wf-StartEvent"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.node')")


def test_space_is_left_to_a_player(show: Opener) -> None:
    page = show(plan(LoopSteps), options="{space: false}")
    page.locator("#wf-StartEvent").focus()
    page.keyboard.press("Space")
    assert page.evaluate("picks") == []


def test_a_search_lights_and_centres_what_it_finds(show: Opener) -> None:
    page = show(chain(50))
    page.locator("svg.wfkit").focus()
    page.keyboard.press("/")
    page.keyboard.type("STEP_04")
    assert page.locator("output").text_content() == "1 of 10"
    assert lit(page) == {f"wf-step_{number:03}" for number in range(40, 50)}
    page.keyboard.press("Enter")
    assert page.locator("output").text_content() == "2 of 10"
    assert 0 < page.locator("#wf-step_041 .box").bounding_box()["y"] < 520
    page.keyboard.press("Escape")
    assert lit(page) == set()


def test_a_small_picture_has_no_search(show: Opener) -> None:
    assert show(plan(CollectSteps)).locator("input").count() == 0


# A run in the picture


def test_a_node_shows_its_state_and_counts(show: Opener) -> None:
    page = show(RUN)
    told = "{state: 'running', idle: false, chips: [['done', 1200], ['running', 1]], took: '12 ms'}"
    page.evaluate(f"stage.setNode('wf-s', {told}), stage.setNode('wf-E', {{mark: 'x3'}})")
    assert page.locator("#wf-s").get_attribute("class") == "node step running"
    assert page.locator("#wf-s .chip text").all_text_contents() == ["1,200", "1"]
    assert page.locator("#wf-s .chip.done path").count() == 1
    assert page.locator("#wf-E .mark").text_content() == "x3"
    room, tally = (page.locator(f"#wf-s {part}").bounding_box() for part in (".box", ".tally"))
    assert room["x"] <= tally["x"]
    assert tally["x"] + tally["width"] <= room["x"] + room["width"]
    page.evaluate("stage.setNode('wf-s', {state: 'done', took: '<b>'})")
    assert page.locator("#wf-s").get_attribute("class") == "node step done"
    assert page.locator("#wf-s text").all_text_contents() == ["s", "1,200", "1", "<b>"]


def test_an_event_travels_along_its_way(page: Any, show: Opener) -> None:
    page.emulate_media(reduced_motion="no-preference")
    show(RUN)
    begun = "window.there = stage.travel('wf-E', 'wf-s', 100).then(() => 'there')"
    assert page.evaluate(f"{begun}, stage.svg.querySelectorAll('.wf-dot').length") == 1
    assert page.evaluate("there") == "there"
    assert page.locator(".wf-dot, .wf-busy").count() == 0
    page.evaluate("window.there = stage.travel('wf-E', 'wf-s', 1e6).then(() => 'ended'), stage.stopTravels()")
    assert page.evaluate("there") == "ended"
    assert page.evaluate("stage.travel('wf-s', 'wf-E', 1e6).then(() => 'no such way')") == "no such way"


def test_nothing_moves_for_those_who_do_not_want_it(show: Opener) -> None:
    page = show(RUN)
    assert page.evaluate("stage.travel('wf-E', 'wf-s', 1e6).then(() => 'at once')") == "at once"


def test_the_parts_of_a_picture_can_be_asked_for(show: Opener) -> None:
    page = show(RUN)
    assert page.evaluate("stage.ids") == ["wf-E", "wf-s"]
    assert page.evaluate("stage.node('no') === null && stage.way('wf-s', 'wf-E') === null")
    assert page.evaluate("stage.waysOf('wf-s').in[0] === stage.way('wf-E', 'wf-s')")
    assert page.evaluate("stage.waysOf('no').out.length") == 0


# Several, and none


def test_stages_on_one_page_do_not_disturb_each_other(show: Opener) -> None:
    page = show(chain(9), chain(9))
    page.evaluate("stages[1].zoom(2), stages[1].light('wf-step_001')")
    page.evaluate("stages[0].setNode('wf-step_002', {state: 'failed'})")
    assert page.evaluate("stages[0].svg.querySelectorAll('.wf-on').length") == 0
    assert page.evaluate("stages[1].svg.querySelectorAll('.failed').length") == 0
    assert page.evaluate("stages[0].svg.getAttribute('viewBox') !== stages[1].svg.getAttribute('viewBox')")
    page.evaluate("stages[0].destroy()")
    page.evaluate("stages[1].svg.querySelector('#wf-step_003').dispatchEvent(new Event('click', {bubbles: true}))")
    assert page.evaluate("picks") == ["wf-step_003"]


def test_a_destroyed_stage_leaves_nothing_behind(show: Opener) -> None:
    page = show(chain(20))
    page.evaluate("stage.light('wf-step_001'), stage.pick('wf-step_001'), stage.destroy()")
    assert page.locator(".wf-hint, .wf-controls, .wf-on, .wf-lit, .wf-picked").count() == 0
    page.mouse.click(*at(page, "wf-step_001"))
    page.keyboard.press("+")
    assert page.evaluate("picks") == []
