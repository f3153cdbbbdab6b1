"""Drawings in the cells of JupyterLab: they live, they fit, they keep to themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.drawings import FAIL, FLOW, FLOWS, INK, PYVIS, RUN, Playback, Shown
from tests.browser.lab import Lab, OpenNotebook, watch

pytestmark = pytest.mark.browser

CELLS = [FLOW, *FLOWS.values(), PYVIS, RUN, "handler", FAIL]
FLOW_CELLS = range(1, 1 + len(FLOWS))
PYVIS_CELL, RUN_CELL, HANDLER_CELL, FAIL_CELL = range(1 + len(FLOWS), len(CELLS))
CONTENT = "window.jupyterapp.shell.currentWidget.content"
FITS = """index => {
    const cell = document.querySelector(`.jp-Cell[data-windowed-list-index="${index}"]`);
    const area = cell.querySelector('.jp-OutputArea-output'), frame = cell.querySelector('iframe');
    if (!frame?.contentDocument?.body) return false;
    const page = frame.contentDocument.documentElement, held = frame.parentElement.getBoundingClientRect();
    const within = it => it.scrollWidth <= it.clientWidth && it.scrollHeight <= it.clientHeight;
    const body = frame.contentDocument.body.getBoundingClientRect();
    return held.height > 60 && Math.abs(held.height - body.height) < 2
        && held.right <= area.getBoundingClientRect().right
        && within(page) && within(area) && within(frame.parentElement);
}"""


@pytest.fixture(scope="module")
def noticed() -> list[str]:
    return []


@pytest.fixture(scope="module")
def notebook(lab: Lab, browser: BrowserContext, noticed: list[str]) -> Iterator[OpenNotebook]:
    """Open a notebook with all drawings in it, once."""
    page = browser.new_page()
    watch(page, noticed)
    notebook = OpenNotebook(lab, page, lab.write("drawings", *CELLS))
    notebook.run_all()
    yield notebook
    page.close()
    lab.shut_down_kernels()


@pytest.fixture(autouse=True)
def no_problems(noticed: list[str]) -> Iterator[None]:
    yield
    problems = noticed.copy()
    noticed.clear()
    assert problems == []


def playback(notebook: OpenNotebook, index: int) -> Playback:
    """Return the playback in a cell, at its end."""
    shown = Playback(notebook.cell(index))
    shown.press("End")
    return shown


def scrolled(notebook: OpenNotebook) -> float:
    """Return how far the notebook is scrolled down."""
    top: float = notebook.page.evaluate(f"() => {CONTENT}.outerNode.scrollTop")
    return top


@pytest.mark.parametrize("index", FLOW_CELLS, ids=list(FLOWS))
def test_a_flow_lives_in_its_cell(index: int, notebook: OpenNotebook) -> None:
    shown = Shown(notebook.cell(index))
    shown.check_nodes()
    assert "JokeFlow" in notebook.text(index)
    assert "\n  TooShort -> improve -> Query" in notebook.text(index)
    shown.picture.locator(".node", has_text="improve").hover()
    expect(shown.frame.locator(".wf-hint")).to_contain_text("TooShort")
    expect(shown.picture.locator(".node.wf-on")).not_to_have_count(0)


def test_pyvis_draws_in_its_cell(notebook: OpenNotebook) -> None:
    canvas = notebook.cell(PYVIS_CELL).locator("iframe").content_frame.locator("canvas")
    expect(canvas).to_be_visible()
    for _ in range(40):
        if canvas.evaluate(INK) > 2000:
            return
        notebook.page.wait_for_timeout(50)
    raise AssertionError("nothing was drawn")


@pytest.mark.parametrize("width", [1200, 560])
def test_what_is_drawn_fits_its_cell(width: int, notebook: OpenNotebook) -> None:
    notebook.page.set_viewport_size({"width": width, "height": 900})
    try:
        for index in (*FLOW_CELLS, RUN_CELL, HANDLER_CELL, FAIL_CELL):
            notebook.cell(index)
            notebook.page.wait_for_function(FITS, arg=index)
        right = Shown(notebook.cell(1 + list(FLOWS).index("to the right")))
        expect(right.picture.locator(".node.start")).to_be_in_viewport(ratio=1)
        pyvis = notebook.cell(PYVIS_CELL)
        frame, area = pyvis.locator("iframe").bounding_box(), pyvis.locator(".jp-OutputArea-output").bounding_box()
        assert frame is not None
        assert area is not None
        assert frame["x"] + frame["width"] <= area["x"] + area["width"]
    finally:
        notebook.page.set_viewport_size({"width": 1200, "height": 900})


def test_a_playback_plays_at_the_speed_that_is_asked_for(notebook: OpenNotebook) -> None:
    shown = Playback(notebook.cell(RUN_CELL))
    shown.expect_at(shown.last)
    expect(shown.words).to_have_text("the run is done")
    assert shown.looks() == shown.expected(shown.last)
    took = []
    for key in "2", "3":
        shown.press(key)
        shown.note()
        shown.play.click()
        if key == "2":
            expect(shown.frame.locator(".wf-dot").first).to_be_attached()  # an event on its way
        expect(shown.pause).to_have_count(0, timeout=15_000)
        moments, milliseconds = shown.noted()
        took.append(milliseconds)
        assert moments == sorted(set(moments))
        assert moments[0] == 1
        assert moments[-1] == shown.last
        assert key == "3" or len(moments) > shown.last / 2
        assert shown.looks() == shown.expected(shown.last)
    assert took[0] > 1.5 * took[1]  # 4 times, were no machine ever slow


def test_stepping_and_scrubbing_land_on_the_state_that_the_records_tell(notebook: OpenNotebook) -> None:
    shown = playback(notebook, RUN_CELL)
    shown.press("Home")
    for number in range(1, shown.last + 1):
        shown.expect_at(number)
        assert shown.looks() == shown.expected(number), number
        shown.press("ArrowRight")
    kinds = [moment[1] for moment in shown.data["moments"]]
    failed = kinds.index("failed") + 1
    box = shown.slider.bounding_box()
    assert box is not None
    for number in (failed, 3, shown.last - 1, failed):
        # The thumb is 14 px wide: its middle stays 7 px away from both ends.
        x = 7 + (box["width"] - 14) * (number - 1) / (shown.last - 1)
        shown.slider.click(position={"x": x, "y": box["height"] / 2})
        shown.expect_at(number)
        assert shown.looks() == shown.expected(number), number
    assert shown.looks() == {
        "wf-StartEvent": {"chips": {}, "mark": "", "idle": False},
        "wf-answer": {"chips": {"waiting": 1, "retried": 1, "done": 1}, "mark": "", "idle": False},
        "wf-TooShort": {"chips": {}, "mark": "", "idle": False},
        "wf-improve": {"chips": {"done": 1}, "mark": "", "idle": False},
        "wf-Query": {"chips": {}, "mark": "", "idle": False},
        "wf-StopEvent": {"chips": {}, "mark": "", "idle": True},
    }
    expect(shown.words).to_contain_text("answer #2 failed with ConnectionError, retry in 50 ms")
    expect(shown.facts).to_contain_text("the line is <b>dead</b>")
    expect(shown.facts).to_contain_text("longer")  # what the event had in it
    bar = shown.frame.locator(".wfp-bar").nth(1)
    bar.hover()
    expect(shown.frame.locator(".wfp-timeline .wf-hint")).to_contain_text("improve #1")
    bar.click()
    expect(shown.words).to_have_text("improve #1 started")
    assert shown.looks() == shown.expected(shown.at)


def test_a_failed_run_tells_its_error_and_plays(notebook: OpenNotebook) -> None:
    cell = notebook.cell(FAIL_CELL)
    expect(cell.locator(".wfkit-failure")).to_contain_text("ValueError: no <i>treasure</i> here")
    expect(cell.locator(".wfkit-failure")).to_contain_text("StartEvent → answer → TooShort → improve")
    shown = playback(notebook, FAIL_CELL)
    expect(shown.words).to_have_text("the run failed")
    expect(shown.facts.locator("pre")).not_to_be_visible()
    shown.facts.locator("summary").click()
    expect(shown.facts.locator("pre")).to_contain_text("in improve")
    assert shown.looks()["wf-improve"]["chips"] == {"failed": 1}
    shown.check_plays()
    assert shown.looks() == shown.expected(shown.last)


def test_keys_reach_the_one_who_has_the_focus(notebook: OpenNotebook) -> None:
    sources = f"{CONTENT}.widgets.map(cell => cell.model.sharedModel.source)"
    state = f"() => [{CONTENT}.activeCellIndex, {CONTENT}.mode, ...{sources}]"
    page, shown = notebook.page, playback(notebook, RUN_CELL)
    before = page.evaluate(state)
    shown.press("Home")
    for focus in (shown.picture, shown.slider, shown.frame.locator(".wfp-panel")):
        focus.click(position={"x": 12, "y": 12})
        for key in ("j", "k", "d", "d", "x", "a", "b", "m", "0", "0", "Enter", "Escape", "ArrowDown", "ArrowUp"):
            page.keyboard.press(key)
        page.keyboard.press("Home")
        shown.expect_at(1)
        page.keyboard.press("ArrowRight")
        shown.expect_at(2)
        page.keyboard.press(" ")
        expect(shown.pause).to_be_visible()
        page.keyboard.press(" ")
        expect(shown.play).to_be_visible()
        assert page.evaluate(state) == before
        assert page.locator("[role=dialog], .jp-Dialog").count() == 0
    shown.press("Home", "ArrowRight", "ArrowRight")
    # The other way round: the notebook has the focus.
    page.locator(f".jp-Cell[data-windowed-list-index='{PYVIS_CELL}'] .jp-InputPrompt").click()
    for key in ("ArrowLeft", "Home", "End", "3", "c", "k", "j"):
        page.keyboard.press(key)
    page.keyboard.press("j")
    assert page.evaluate(state)[0] == RUN_CELL
    assert page.evaluate(state)[2:] == before[2:]
    shown.expect_at(3)


def test_drawings_on_one_page_keep_to_themselves(notebook: OpenNotebook) -> None:
    one, same, other = (playback(notebook, index) for index in (RUN_CELL, HANDLER_CELL, FAIL_CELL))
    same.press("Home", "ArrowRight", "ArrowRight", "ArrowRight")
    other.press("Home")
    for shown in (same, other):
        shown.note()
    one.check_plays()
    assert same.at == 4
    assert other.at == 1
    # All at once, and one of them held on its way.
    for shown in (one, same, other):
        shown.press("End", "1", " ")
    one.press(" ")
    held = one.at
    for shown in (same, other):
        shown.press("3")
        expect(shown.play).to_be_visible()
        shown.expect_at(shown.last)
    assert one.at == held < one.last
    for shown in (one, same, other):
        assert shown.looks() == shown.expected(shown.at)


def test_the_theme_is_followed_while_the_drawings_are_there(notebook: OpenNotebook) -> None:
    shown, flow = playback(notebook, RUN_CELL), Shown(notebook.cell(1))
    pyvis = notebook.cell(PYVIS_CELL).locator("iframe").content_frame.locator("html")
    shown.press("Home", "ArrowRight")
    colour = "element => getComputedStyle(element).backgroundColor"
    dark = "page => getComputedStyle(page).backgroundColor.match(/\\d+/g).slice(0, 3).every(part => part < 60)"
    try:
        for light in (False, True, False):
            notebook.set_theme(light=light)
            for page in (shown.page, flow.page, pyvis):
                expect(page).to_have_attribute("data-theme", "light" if light else "dark")
                assert page.evaluate(dark) is not light
            around = notebook.page.locator(".jp-Notebook").evaluate(colour)
            for page in (shown.page, flow.page):
                expect(page).to_have_css("background-color", around)
        still = notebook.cell(1).locator("img.wfkit-img")
        assert still.evaluate("image => getComputedStyle(image).colorScheme") == "dark"
    finally:
        notebook.set_theme(light=True)
    notebook.cell(PYVIS_CELL)
    for page in (shown.page, flow.page, pyvis):
        expect(page).to_have_attribute("data-theme", "light")
    shown.expect_at(2)


@pytest.mark.parametrize("index", [1, RUN_CELL], ids=["flow", "playback"])
def test_the_wheel_scrolls_the_notebook_and_with_ctrl_zooms(index: int, notebook: OpenNotebook) -> None:
    page, shown = notebook.page, Shown(notebook.cell(index))
    box = shown.picture.bounding_box()
    assert box is not None
    view, top = shown.view, scrolled(notebook)
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.wheel(0, 60)
    page.wait_for_function(f"top => {CONTENT}.outerNode.scrollTop > top + 40", arg=top)
    assert shown.view == view

    top = scrolled(notebook)
    page.keyboard.down("Control")
    try:
        page.mouse.wheel(0, -120)
        expect(shown.picture).not_to_have_attribute("viewBox", " ".join(f"{number:g}" for number in view))
    finally:
        page.keyboard.up("Control")
    assert shown.view[2] < view[2]
    assert scrolled(notebook) == top
    assert page.evaluate("() => window.visualViewport.scale") == 1
    shown.picture.press("0")
    page.wait_for_function(FITS, arg=index)


def test_a_cell_that_is_run_again_leaves_nothing_behind(notebook: OpenNotebook) -> None:
    page = notebook.page
    session = page.context.new_cdp_session(page)

    def documents() -> int:
        for _ in range(2):  # what the first round frees may hold on to more
            session.send("HeapProfiler.collectGarbage")
        count: int = session.send("Memory.getDOMCounters")["documents"]
        return count

    for index in (1, HANDLER_CELL):
        notebook.run(index)
    frames, before = len(page.frames), documents()
    for _ in range(3):
        for index in (1, HANDLER_CELL):
            notebook.run(index)
            expect(notebook.cell(index).locator("iframe")).to_have_count(1)
            Shown(notebook.cell(index)).check_nodes()
    assert len(page.frames) == frames
    for _ in range(20):
        if documents() < before + 4:
            break
        page.wait_for_timeout(100)
    assert documents() < before + 4, "documents of outputs that are gone"


def test_a_playback_lives_on_after_its_output_was_folded_or_moved(notebook: OpenNotebook) -> None:
    page = notebook.page
    playback(notebook, HANDLER_CELL).press("Home")
    for way in (("hide-cell-outputs", "show-cell-outputs"), ("move-cell-up", "move-cell-down")):
        page.evaluate(f"index => {{ {CONTENT}.activeCellIndex = index; {CONTENT}.deselectAll() }}", HANDLER_CELL)
        for command in way:
            page.evaluate(f"() => window.jupyterapp.commands.execute('notebook:{command}')")
        shown = Playback(notebook.cell(HANDLER_CELL))
        page.wait_for_function(FITS, arg=HANDLER_CELL)
        shown.check_plays()


def test_a_playback_lives_on_out_of_sight(notebook: OpenNotebook) -> None:
    """JupyterLab can take cells that are scrolled out of sight off the page."""
    page = notebook.page
    playback(notebook, HANDLER_CELL).press("Home", "ArrowRight")
    config = f"mode => {{ {CONTENT}.notebookConfig = {{...{CONTENT}.notebookConfig, windowingMode: mode}} }}"
    hidden = f"() => !{CONTENT}.widgets[{HANDLER_CELL}].node.checkVisibility()"
    page.evaluate(f"() => {{ {CONTENT}.activeCellIndex = 0 }}")  # the active one is never hidden
    page.evaluate(config, "full")
    heights = "() => [...document.querySelectorAll('.wfkit-out')].map(it => parseFloat(it.style.height))"
    try:
        for _ in "first", "second":
            notebook.cell(0)
            page.wait_for_function(hidden)
            assert min(page.evaluate(heights)) > 60, "it would jump when it comes into sight"
            shown = Playback(notebook.cell(HANDLER_CELL))
            page.wait_for_function(FITS, arg=HANDLER_CELL)
        shown.press("End")
        shown.check_plays()
    finally:
        page.evaluate(config, "contentVisibility")
