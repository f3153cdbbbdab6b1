"""JupyterLab and a headless Chromium for the tests of what a person sees.

Without a browser these tests are skipped; with WFKIT_REQUIRE_BROWSER=1 they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.browser.lab import Lab, Opener, OpenNotebook, running_lab, watch

expect.set_options(timeout=10_000)  # a busy machine is slow

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # no way out of this machine
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a browser, or skip."""
    for name in (os.environ.get("CHROMIUM", ""), *BROWSERS):
        if name and (path := shutil.which(name)):
            return path
    reason = "no Chromium found: install Chromium or Chrome, or set CHROMIUM to the path of one"
    if os.environ.get("WFKIT_REQUIRE_BROWSER") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start JupyterLab once, and only if there is a browser to look at it."""
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[BrowserContext]:
    """Start a browser once per module.

    Not once per session: while it is open, this thread counts as running an event loop, and `asyncio.run` in the
    tests of other folders would refuse.
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        # One context for all pages: JupyterLab's own code stays in its cache. Light or dark is left to the pages: what
        # Playwright sets by itself would win over the colour scheme of a frame.
        yield started.new_context(viewport={"width": 1200, "height": 900}, color_scheme="null")
        started.close()


@pytest.fixture
def problems() -> list[str]:
    """Return what went wrong on the page so far: script errors, console errors, requests that left this machine."""
    return []


@pytest.fixture
def page(browser: BrowserContext, problems: list[str], tmp_path: Path) -> Iterator[Page]:
    """Open a page, keep a picture of how it looked in the end, and fail if there were any problems."""

    page = browser.new_page()
    watch(page, problems)
    yield page
    page.screenshot(path=tmp_path / "page.png")
    page.close()
    assert problems == []


@pytest.fixture
def kernels(lab: Lab) -> Iterator[None]:
    """End the kernels after the test, and after its page: JupyterLab complains of a kernel that it loses."""
    yield
    lab.shut_down_kernels()


@pytest.fixture
def open_notebook(lab: Lab, kernels: None, page: Page) -> Opener:
    """Return a function that opens a notebook of the lab's folder by its file name."""
    return lambda name: OpenNotebook(lab, page, name)
