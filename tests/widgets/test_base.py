"""What every panel does: hear clicks on any thread, show errors and not too often, ask whether clicks come."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from tests.widgets.panels import FakePage
from wfkit.errors import WorkflowRuntimeError
from wfkit.widgets import base
from wfkit.widgets.base import PAUSE, Panel, panel_script, panel_style


class Counter(Panel):
    """Counts."""

    _esm = "export default {}"

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.looks = 0
        self.threads: list[str] = []

    def look(self) -> dict[str, Any]:
        self.looks += 1
        if self.count == 13:
            raise ZeroDivisionError("thirteen")
        return {"count": self.count}

    def line(self) -> str:
        return f"<Counter of {self.count} & more>"

    def do_add(self, n: int = 1) -> None:
        self.threads.append(threading.current_thread().name)
        self.count += n

    def do_fail(self) -> None:
        raise KeyError("nothing\nthere\x1b[31m")

    def do_refuse(self) -> None:
        raise WorkflowRuntimeError("The run has ended.")

    async def do_later(self) -> None:
        await asyncio.sleep(0.1)
        raise ValueError("too late")


async def test_a_click_is_heard_on_any_thread_and_obeyed_on_the_loop() -> None:
    panel = Counter()
    page = FakePage(panel)
    thread = threading.Thread(target=page.say, args=("add",))
    thread.start()
    thread.join()
    assert panel.count == 0, "the message itself does nothing"
    assert await page.settled() == {"count": 1, "error": ""}
    assert panel.threads == [threading.current_thread().name]


async def test_what_goes_wrong_is_shown() -> None:
    page = FakePage(Counter())
    assert (await page.click("fail"))["error"] == "KeyError: 'nothing\\nthere\\x1b[31m'"
    assert (await page.click("refuse"))["error"] == "The run has ended."
    assert (await page.click("later"))["error"] == "too late"
    assert (await page.click("add"))["error"] == ""
    assert "nothing that this panel can do" in (await page.click("nonsense"))["error"]
    assert (await page.click("dismiss"))["error"] == ""


async def test_no_error_ends_the_loop_or_stays_untold() -> None:
    class Mute(ValueError):
        def __str__(self) -> str:
            raise RuntimeError("no")

    class Bad(Counter):
        def do_mute(self) -> None:
            raise Mute

        def do_exit(self) -> None:
            raise SystemExit("bye")

        def do_shy(self) -> None:
            self.count = -1

        def look(self) -> dict[str, Any]:
            if self.count < 0:
                raise SystemExit("again")
            return super().look()

    page = FakePage(Bad())
    assert (await page.click("mute"))["error"] == "(its message cannot be shown)"
    assert (await page.click("exit"))["error"] == "SystemExit: bye"
    assert (await page.click("shy"))["error"] == "SystemExit: again"


async def test_half_characters_do_not_keep_a_view_from_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    class Half(Counter):
        def look(self) -> dict[str, Any]:
            return {"texts": [f"cut\ud83d {self.count}"], "cut\ud83d": 1}

    def send(self: Any, key: Any = None) -> None:
        json.dumps(self.view, ensure_ascii=False).encode()

    panel = Half()
    page = FakePage(panel)
    monkeypatch.setattr(Half, "send_state", send)
    assert (await page.click("add")) == {"texts": ["cut? 1"], "cut?": 1, "error": ""}


async def test_each_click_is_acknowledged() -> None:
    panel = Counter()
    page = FakePage(panel)
    for do in ("hello", "add", "nonsense", "pong", "bye"):
        await page.click(do, **({"page": "one"} if do in ("hello", "bye") else {}))
    assert page.heard == ["hello", "add", "nonsense"]
    await page.click("half\ud83d" + "x" * 1_000_000)
    assert page.heard[-1] == f"half{'x' * 35}…"


async def test_a_panel_that_no_page_shows_any_more_looks_seldom() -> None:
    panel = Counter()
    page = FakePage(panel)

    async def looks() -> int:
        before = panel.looks
        for _ in range(300):
            panel.count += 1
            panel.refresh()
            await asyncio.sleep(0.01)
        return panel.looks - before

    assert await looks() > 30, "nobody has said hello: it may be shown where no script runs"
    for one in ("one", "two"):
        await page.click("hello", page=one)
    await page.click("bye", page="one")
    assert await looks() > 30
    await page.click("bye", page="two")
    assert await looks() < 6
    panel.count = 20
    page.say("hello", page="three")
    await asyncio.sleep(0.1)
    assert panel.view["count"] == 20, "at once"
    for n in range(1_000):
        page.say("hello", page=f"{n}" * 20)
    await page.settled()
    assert len(panel._pages) <= base.MOST_PAGES


async def test_what_is_slow_to_look_at_is_looked_at_seldom() -> None:
    class Slow(Counter):
        def look(self) -> dict[str, Any]:
            self._loop._now += 0.5  # type: ignore[attr-defined]  # the clock of the tests
            return super().look()

    panel = Slow()
    FakePage(panel)
    for _ in range(1_000):
        panel.refresh()
        await asyncio.sleep(0.01)
    assert panel.looks <= 7


async def test_a_view_that_cannot_be_made_leaves_the_last_one() -> None:
    page = FakePage(Counter())
    await page.click("add", n=12)
    assert await page.click("add") == {"count": 12, "error": "ZeroDivisionError: thirteen"}


async def test_many_changes_are_shown_fifteen_times_a_second() -> None:
    panel = Counter()
    page = FakePage(panel)
    for _ in range(200):
        panel.count += 1
        panel.refresh()
        await asyncio.sleep(0.01)
    assert panel.looks <= 2 / PAUSE + 2
    assert (await page.settled())["count"] == 200


async def test_python_knows_whether_clicks_come() -> None:
    panel = Counter()
    page = FakePage(panel, answers=False)
    began = panel._loop.time()
    assert not await panel.probe()
    assert (page.asked, panel.reached) == (1, False)
    assert panel._loop.time() - began == 2.0
    FakePage(panel)
    assert await panel.probe()
    assert panel.reached


async def test_a_click_tells_as_much_as_an_answer() -> None:
    panel = Counter()
    page = FakePage(panel, answers=False)
    asyncio.get_running_loop().call_later(0.5, page.say, "add")
    assert await panel.probe()


async def test_it_tells_the_same_wherever_it_runs() -> None:
    panel = Counter()
    bundle, _ = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel) == "<Counter of 0 & more>"
    assert bundle["text/html"] == "<div>&lt;Counter of 0 &amp; more&gt;</div>"
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id


def test_what_a_page_loads_is_one_module_without_imports() -> None:
    script = panel_script("form", "flow", "sides", "debugger", picture=True)
    assert script.count("export default") == 1
    assert "import " not in script
    assert ".innerHTML" not in script
    assert len(script) < 60_000
    assert panel_style("debugger").startswith(".wfkit-panel{")


async def test_in_a_cell_a_still_stands_beside_it_and_the_last_picture_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published: list[tuple[str, bool, dict[str, Any]]] = []
    monkeypatch.setattr(base, "in_notebook", lambda: True)
    monkeypatch.setattr(base, "_publish", lambda bundle, name, update: published.append((name, update, bundle)))

    class Kept(Counter):
        keeps_still = True

        def still_key(self) -> object:
            return self.count

    panel = Kept()
    page = FakePage(panel)
    panel._ipython_display_()
    (name, _, live), (still_name, _, still) = published
    assert (base.VIEW in live, base.VIEW in still, still_name) == (True, False, f"{name}-still")
    for _ in range(3):
        await page.click("add")
    await asyncio.sleep(2)
    assert [(found[0], found[1]) for found in published[2:]] == [(still_name, True)] * 2, "at most one in two seconds"
    assert "Counter of 3" in published[-1][2]["text/html"]

    panel.freeze(lambda: {"text/plain": "the end"})
    await page.settled()
    assert published[-2:] == [
        (name, True, {"text/plain": "the end"}),
        (
            still_name,
            True,
            {"text/plain": "Counter of 3 & more", "text/html": "<small>Counter of 3 &amp; more</small>"},
        ),
    ]
    panel._ipython_display_()
    assert published[-2][0] != name, "shown once more, it lives in that place alone"


async def test_a_last_picture_that_cannot_be_drawn_is_a_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    published: list[dict[str, Any]] = []
    monkeypatch.setattr(base, "in_notebook", lambda: True)
    monkeypatch.setattr(base, "_publish", lambda bundle, name, update: published.append(bundle))
    panel = Counter()
    panel._ipython_display_()
    no_picture: dict[str, dict[str, str]] = {}
    panel.freeze(lambda: no_picture["picture"])
    await asyncio.sleep(0)
    assert published[-1] == {"text/plain": "<Counter of 0 & more>"}
    assert "cannot be drawn" in caplog.text
