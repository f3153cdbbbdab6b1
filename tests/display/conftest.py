"""A headless Chromium for the tests of what a person sees.

Without a browser these tests are skipped; with WFKIT_REQUIRE_BROWSER=1 they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Start a browser that can reach nothing."""
    path = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM", "chromium"), *BROWSERS))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        reason = "these tests need playwright and Chromium: install them, or set CHROMIUM to the path of a browser"
        pytest.fail(reason) if os.environ.get("WFKIT_REQUIRE_BROWSER") == "1" else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def problems() -> list[str]:
    """Return what the page complained of; a test that expects a complaint clears it."""
    return []


@pytest.fixture
def page(chromium: Any, problems: list[str]) -> Iterator[Any]:
    """Open an empty page; fail if anything on it complained or asked for something that is not its own.

    Nothing on it moves unless a test asks for motion.
    """
    context = chromium.new_context(viewport={"width": 900, "height": 700}, reduced_motion="reduce")
    found = context.new_page()
    found.set_default_timeout(10_000)

    def on_request(request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "about:")):
            problems.append(request.url)

    def on_dialog(dialog: Any) -> None:
        problems.append("a dialog came up")
        dialog.dismiss()

    found.on("pageerror", lambda error: problems.append(f"script: {error}"))
    found.on("console", lambda line: problems.append(f"console: {line.text}"))
    found.on("dialog", on_dialog)
    found.on("request", on_request)
    yield found
    context.close()
    assert problems == []


@pytest.fixture
def open_html(page: Any, tmp_path: Path) -> Callable[[str], Any]:
    """Return a function that opens some HTML as a file, and returns its page."""

    def opened(html: str) -> Any:
        name = tmp_path / "page.html"
        name.write_text(html, encoding="utf-8", errors="replace")
        page.goto(name.as_uri())
        return page

    return opened
