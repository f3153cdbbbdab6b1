"""`wfkit.debug`: what it takes, and what it says of anything else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.widgets.panels import CountFlow
from tests.widgets.test_debugger_widget import page_of
from wfkit.widgets.debugger import debug


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (CountFlow, r"got the class: debug\(CountFlow\(...\)\)"),
        (None, "got None"),
        ("x" * 1_000, "got 'xxx"),
    ],
)
async def test_only_an_instance_of_a_workflow_can_be_debugged(given: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words) as raised:
        debug(given)
    assert len(str(raised.value)) < 200


async def test_what_is_no_argument_of_it_is_told() -> None:
    handler = CountFlow(timeout=None).run(n=1)
    with pytest.raises(TypeError, match="got a handler, whose run has begun already"):
        debug(handler)
    await handler
    with pytest.raises(TypeError, match="no argument 'breakpoint': it takes breakpoints="):
        debug(CountFlow(timeout=None), breakpoint="last", n=1)
    page = await page_of(CountFlow(timeout=None), breakpoints="last", n=1)
    assert (await page.settled())["title"] == "HELD before last"
    await page.click("cancel")
    page = await page_of(CountFlow(timeout=None), on_failure=True, n=-1)
    assert (await page.settled())["title"] == "HELD, double has failed"
    await page.click("cancel")
