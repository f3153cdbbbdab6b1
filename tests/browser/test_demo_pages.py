"""The pages that `make demo` writes, opened from disk in a browser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.notebooks.saved import FOLDER

pytestmark = pytest.mark.browser

SHOWS_A_GRAPH = """() => [...document.querySelectorAll('img, svg, canvas')]
    .some(it => it.getBoundingClientRect().height > 100 && it.getBoundingClientRect().width > 100)"""


@pytest.fixture(scope="module")
def demo_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the demo; return the folder of its pages."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, str(FOLDER / "demo.py"), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


@pytest.mark.parametrize("name", ["loop_workflow", "loop_execution"])
def test_a_page_stands_alone(name: str, demo_pages: Path, page: Page) -> None:
    page.goto((demo_pages / f"{name}.html").as_uri())
    page.wait_for_function(SHOWS_A_GRAPH, timeout=5_000)
    assert page.title()
