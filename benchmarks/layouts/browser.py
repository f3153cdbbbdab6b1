"""A browser without a network, for the contenders that live in one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str:
    """Return the path of a Chromium.

    Raises:
        ImportError: there is none, or no Playwright to drive it.
    """
    import playwright  # noqa: F401  # is it there?

    path = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM", "chromium"), *NAMES))), None)
    if path is None:
        raise ImportError("there is no Chromium; install one or set CHROMIUM to the path of it")
    return path


@contextmanager
def open_page(script: str) -> Iterator[Any]:
    """Open an empty page on which a script has run."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=flags)
        page = browser.new_page()
        page.set_content("<!doctype html><style>body{margin:0}</style><div id=root></div>")
        page.add_script_tag(content=script)
        yield page
        browser.close()
