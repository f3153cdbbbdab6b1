"""The notebooks as a person meets them: opened in JupyterLab, offline, and run from top to bottom."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.browser.lab import Lab, Opener, OpenNotebook
from tests.notebooks.saved import FOLDER, PATHS, Cell, cells_of, printed

pytestmark = pytest.mark.browser

SHOWS_A_DRAWING = """index => {
    const cell = window.jupyterapp.shell.currentWidget.content.widgets[index];
    return [...cell.node.querySelectorAll('.jp-OutputArea :is(img, svg, iframe)')]
        .filter(it => it.getBoundingClientRect().height > 20)
        .some(it => it.tagName !== 'IMG' || it.naturalWidth > 0);
}"""


@pytest.fixture(scope="module")
def copies(lab: Lab) -> Path:
    """Copy what the notebooks need into the lab's folder."""
    for path in FOLDER.iterdir():
        if path.suffix in {".ipynb", ".py"}:
            shutil.copy(path, lab.folder)
    return lab.folder


@pytest.mark.usefixtures("copies")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_run_all(path: Path, open_notebook: Opener, tmp_path: Path) -> None:
    """As saved, it shows its drawings; so it does after Run All, twice in one kernel, and prints what is saved."""
    notebook = open_notebook(path.name)
    saved = cells_of(path)
    check_drawings(notebook, saved)
    for _ in "first", "second":
        notebook.run_all()
        assert [failure for index, cell in enumerate(saved) if (failure := difference(notebook, index, cell))] == []
    for index in check_drawings(notebook, saved):
        notebook.cell(index)
        notebook.page.screenshot(path=tmp_path / f"{saved[index].id}.png")


def check_drawings(notebook: OpenNotebook, saved: list[Cell]) -> list[int]:
    """Wait until every cell that draws shows its drawing; return which cells these are."""
    drawings = [index for index, cell in enumerate(saved) if cell.is_drawing]
    assert drawings
    for index in drawings:
        notebook.cell(index)
        notebook.page.wait_for_function(SHOWS_A_DRAWING, arg=index, timeout=5_000)
    return drawings


def difference(notebook: OpenNotebook, index: int, cell: Cell) -> str:
    """Return in what a cell's outputs differ from the saved ones, or nothing."""
    if cell.kind != "code":
        return ""
    outputs = notebook.outputs(index)
    if errors := [output for output in outputs if output["output_type"] == "error"]:
        return f"{cell.id} raised {errors[0]['ename']}: {errors[0]['evalue']}"
    if printed(outputs) != cell.printed:
        return f"{cell.id} printed {printed(outputs)!r}, not {cell.printed!r}"
    return ""
