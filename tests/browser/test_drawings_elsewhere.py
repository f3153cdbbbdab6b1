"""Drawings away from the kernel that made them: reopened, untrusted, converted, sanitized, in a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.drawings import FAIL, FLOW, PYVIS, RUN, Playback, Shown
from tests.browser.lab import Lab, OpenNotebook
from tests.notebooks.saved import cells_of, joined

pytestmark = pytest.mark.browser

CELLS = [FLOW, "JokeFlow", PYVIS, RUN, FAIL]
FLOW_CELL, PYVIS_CELL, RUN_CELL, FAIL_CELL = range(1, len(CELLS))
DRAWN = "image => image.complete && image.naturalWidth > 100 && image.getBoundingClientRect().width > 100"
CONVERT = """
import sys
from pathlib import Path
import nbformat
from nbconvert import HTMLExporter, MarkdownExporter, ScriptExporter

notebook = nbformat.read(sys.argv[1], as_version=4)
outside = dict(mathjax_url="", require_js_url="")  # what nbconvert's template itself would fetch
pages = dict(light=HTMLExporter(**outside), dark=HTMLExporter(theme="dark", **outside))
for name, exporter in dict(**pages, md=MarkdownExporter(), py=ScriptExporter()).items():
    ending = f"{name}.html" if name in pages else f"notebook.{name}"
    Path(sys.argv[2], ending).write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
"""


@pytest.fixture(scope="module")
def saved(lab: Lab, browser: BrowserContext) -> Path:
    """Run a notebook in JupyterLab and save it there; no kernel is left."""
    page = browser.new_page()
    notebook = OpenNotebook(lab, page, lab.write("saved", *CELLS))
    notebook.run_all()
    notebook.save()
    page.close()
    lab.shut_down_kernels()
    return lab.folder / "saved.ipynb"


@pytest.fixture(scope="module")
def converted(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the saved notebook as pages, as Markdown and as a script."""
    folder = tmp_path_factory.mktemp("converted")
    command = [sys.executable, "-W", "error", "-c", CONVERT, str(saved), str(folder)]
    subprocess.run(command, check=True, timeout=120, cwd=folder)
    return folder


def test_a_saved_notebook_plays_without_a_kernel(lab: Lab, saved: Path, page: Page) -> None:
    notebook = OpenNotebook(lab, page, saved.name, kernel=False)
    Shown(notebook.cell(FLOW_CELL)).check_nodes()
    for index in (RUN_CELL, FAIL_CELL):
        shown = Playback(notebook.cell(index))
        shown.check_plays()
        assert shown.looks() == shown.expected(shown.last)
    expect(notebook.cell(PYVIS_CELL).locator("iframe").content_frame.locator("canvas")).to_be_visible()
    assert json.loads(lab.ask("GET", "api/kernels")) == []


def test_an_exported_playback_plays(converted: Path, page: Page, tmp_path: Path) -> None:
    page.goto((converted / "light.html").as_uri())
    place = page.locator(".jp-OutputArea-output").filter(has=page.locator("iframe")).nth(RUN_CELL - 1)
    shown = Playback(place)
    shown.press("Home", "ArrowRight")  # what is exported does not depend on what was looked at
    with page.expect_download() as download:
        shown.frame.get_by_role("button", name="export").click()
    expect(shown.frame.get_by_role("status")).to_have_text("saving JokeFlow.html")
    download.value.save_as(tmp_path / download.value.suggested_filename)
    page.goto((tmp_path / "JokeFlow.html").as_uri())
    alone = Playback(page)
    alone.check_nodes()
    alone.check_plays()
    assert alone.data == shown.data


def test_an_untrusted_notebook_shows_still_pictures(lab: Lab, saved: Path, page: Page) -> None:
    by_hand = json.loads(saved.read_text(encoding="utf-8"))
    by_hand["metadata"]["title"] = "from elsewhere"
    (lab.folder / "by_hand.ipynb").write_text(json.dumps(by_hand), encoding="utf-8")
    notebook = OpenNotebook(lab, page, "by_hand.ipynb", kernel=False)
    for index in (FLOW_CELL, PYVIS_CELL, RUN_CELL, FAIL_CELL):
        cell = notebook.cell(index)
        image = cell.locator(".jp-OutputArea-output img")
        expect(image).to_be_visible()
        assert image.evaluate(DRAWN)
        assert "Flow: " in (image.get_attribute("alt") or "")
        expect(cell.locator("iframe, script")).to_have_count(0)
        told = cell.locator(".jp-OutputArea-output").inner_text()
        assert "wfkit" not in told, "rules or scripts show as words"
    expect(notebook.cell(FAIL_CELL).locator(".jp-OutputArea-output")).to_contain_text("ValueError: no <i>treasure</i>")


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_converted_notebook_plays(name: str, converted: Path, page: Page) -> None:
    page.goto((converted / f"{name}.html").as_uri())
    places = page.locator(".jp-OutputArea-output").filter(has=page.locator("iframe"))
    expect(places).to_have_count(len(CELLS) - 1)
    flow, pyvis, run, fail = (places.nth(index - 1) for index in (FLOW_CELL, PYVIS_CELL, RUN_CELL, FAIL_CELL))
    Shown(flow).check_nodes()
    expect(pyvis.locator("iframe").content_frame.locator("canvas")).to_be_visible()
    for place in (run, fail):
        shown = Playback(place)
        expect(shown.page).to_have_attribute("data-theme", "dark" if name == "dark" else "light")
        shown.check_plays()
        assert shown.looks() == shown.expected(shown.last)
    frame, around = run.locator("iframe").bounding_box(), run.bounding_box()
    assert frame is not None
    assert around is not None
    assert frame["x"] + frame["width"] <= around["x"] + around["width"]


def test_other_forms_of_a_notebook_have_something_to_read(converted: Path) -> None:
    script = (converted / "notebook.py").read_text(encoding="utf-8")
    compile(re.sub(r"^( *)await ", r"\1", script, flags=re.MULTILINE), "notebook.py", "exec")
    markdown = (converted / "notebook.md").read_text(encoding="utf-8")
    assert "draw_most_recent_execution(handler)" in markdown
    assert markdown.count("data:image/svg+xml;base64,") >= len(CELLS) - 1
    assert "<iframe" in html_of_run(markdown)
    assert not re.search(r"\n\s*\n", html_of_run(markdown)), "an empty line ends a piece of HTML in Markdown"


def html_of_run(markdown: str) -> str:
    """Return the playback's HTML in a notebook as Markdown."""
    _, _, rest = markdown.partition("draw_most_recent_execution(handler)\n```")
    return rest.partition("\n```")[0].strip()


class Sanitized(HTMLParser):
    """What is left of a piece of HTML where tags are dropped and what stands between them stays."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.images: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs).get("src") or "")


@pytest.mark.parametrize("index", [FLOW_CELL, PYVIS_CELL, RUN_CELL])
def test_sanitized_html_is_the_still_picture(index: int, saved: Path) -> None:
    (output,) = cells_of(saved)[index].outputs
    left = Sanitized(joined(output["data"]["text/html"]))
    assert [image.partition(",")[0] for image in left.images] == ["data:image/svg+xml;base64"]
    assert re.fullmatch(r"(JokeFlow · 2 steps)?", "".join(left.words).strip()), "rules or scripts show as words"


def test_a_terminal_tells_it_in_words(tmp_path: Path) -> None:
    (tmp_path / "joke.py").write_text(FLOW, encoding="utf-8")
    lines = [
        "from joke import *",
        "JokeFlow",
        "JokeFlow(timeout=10)",
        "await (handler := JokeFlow(timeout=10).run(query='a joke'))",
        "handler",
        "draw_most_recent_execution(handler)",
        "draw_all_possible_flows(JokeFlow)",
        "FlowGraph.of(JokeFlow.__wfkit_plan__())",
    ]
    options = ["--simple-prompt", "--colors=NoColor", "--no-banner", "--quick", "--no-confirm-exit"]
    told = subprocess.run(
        [sys.executable, "-m", "IPython", *options],
        input="\n".join(lines) + "\n",
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    flow = "\n  StartEvent | Query -> answer -> TooShort | StopEvent\n  TooShort -> improve -> Query\n"
    run = "\n  StartEvent -> answer #1 -> TooShort\n  TooShort -> improve #1 -> Query\n  Query -> answer #2 -> TooShort"
    shown = dict(re.findall(r"Out\[(\d+)\]:[ \n]*(.*?\n)\n", told, re.DOTALL))
    assert shown["2"] == f"JokeFlow (workflow class, 2 steps){flow}"
    assert shown["3"] == f"JokeFlow (workflow, 2 steps, timeout 10 s){flow}"
    assert shown["4"] == "'Arr, matey'\n"
    assert shown["5"].startswith(f"Run of JokeFlow: done, 6 events, 5 step executions\n  result: 'Arr, matey'{run}")
    assert shown["6"].startswith(f"JokeFlow{run}")
    assert shown["7"] == shown["8"] == f"JokeFlow{flow}"
    assert "<" not in "".join(shown.values())
    assert max(map(len, told.splitlines())) < 100
