"""How a run stands, as HTML and as a line of text: escaped, complete, in its place."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.display.flows import HOSTILE
from wfkit import ProgressEvent
from wfkit.display.progress import Bar
from wfkit.display.status import IN_COLUMNS, Question, Row, Status, status_html, status_line
from wfkit.display.tokens import DARK, LIGHT
from wfkit.events import Event


class Page(HTMLParser):
    """What a browser would make of it: the tags, and the text that can be read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.said: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("path", "circle", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "circle", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())


def busy() -> Status:
    return Status(
        name="BookFlow",
        state="running",
        elapsed="12 s",
        events=1_234,
        rows=(
            Row("read", {"done": 120, "retried": 1, "running": 4, "waiting": 2, "queued": 31, "failed": 0}),
            Row("write", {}),
        ),
        bars=(Bar("read", ProgressEvent(done=3, total=10, message="page 3"), 1),),
    )


def test_it_reads_well_without_any_style() -> None:
    page = Page(status_html(busy()))
    assert page.text == (
        "Run of BookFlow running· 12 s· 1,234 events"
        "read 120 done 1 retry 4 running 2 waiting 31 queued write "
        "read 3 of 10 page 3"
    )
    assert page.open == []
    assert not {"script", "iframe", "img", "link"} & set(page.tags)
    assert not {name for name in page.attributes if name.startswith("on") or name in ("href", "src", "id")}


def test_and_as_a_line() -> None:
    assert status_line(busy()) == ("Run of BookFlow: running, 12 s, 1,234 events, at work: 4 \u00d7 read, read 3 of 10")
    waiting = Status(name="Ask", state="waiting", waiting_for="It waits for Answer.", events=1, complete=False)
    assert status_line(waiting) == "Run of Ask: waiting, over 1 event, It waits for Answer."


def test_a_bar_tells_how_far_to_those_who_cannot_see_it() -> None:
    html = status_html(busy())
    assert re.search(
        r'role="progressbar" aria-label="read" aria-valuemin="0" aria-valuemax="100" aria-valuenow="30"', html
    )
    open_end = status_html(Status("x", "running", bars=(Bar("read", ProgressEvent(done=7), 1),)))
    assert "aria-valuenow" not in open_end
    only_words = status_html(Status("x", "running", bars=(Bar("read", ProgressEvent(message="hm"), 1),)))
    assert "progressbar" not in only_words


def test_a_question_is_told_with_its_fields() -> None:
    asked = Status("x", "waiting", waiting_for="It waits.", questions=(Question("Ask", (("text", "'why?'"),)),))
    assert Page(status_html(asked)).text == "Run of x waiting· 0 events It waits.Ask text='why?'".replace(" It", "It")
    aside = Status("x", "running", questions=(Question("Ask", ()),))
    assert "A question is open" in Page(status_html(aside)).text


@pytest.mark.parametrize("state", ["queued", "running", "waiting", "stuck", "anything"])
def test_every_state_has_a_sign(state: str) -> None:
    assert status_html(Status("x", state)).count("<svg") == 1


def test_many_steps_are_told_in_signs_with_their_words_beside() -> None:
    rows = tuple(Row(f"step_{number}", {"done": number}) for number in range(IN_COLUMNS + 1))
    html = status_html(Status("x", "running", rows=rows))
    assert "wfkit-many" in html
    assert html.count('title="done"') == IN_COLUMNS
    assert "wfkit-many" not in status_html(Status("x", "running", rows=rows[:-1])).split("</style>")[1]


def test_a_row_keeps_its_place_whether_something_came_there_or_not() -> None:
    before = status_html(Status("x", "running", rows=(Row("a", {}), Row("b", {}))))
    after = status_html(Status("x", "running", rows=(Row("a", {"done": 5}), Row("b", {"running": 1}))))
    assert (
        len(re.findall(r'class="wfkit-row\b(?!s)', before)) == len(re.findall(r'class="wfkit-row\b(?!s)', after)) == 2
    )


def test_hostile_text_stays_text() -> None:
    hostile = Status(
        name=HOSTILE,
        state=HOSTILE,
        elapsed="1 s",
        rows=(Row(HOSTILE, {"done": 1}), Row(HOSTILE * 10_000, {})),
        bars=(
            Bar(HOSTILE, ProgressEvent(done=1, total=2, message=HOSTILE), 1),
            Bar("x", type("ProgressEvent", (Event,), {})(msg=HOSTILE * 10_000), 2),
        ),
        waiting_for=HOSTILE * 10_000,
        questions=(Question(HOSTILE, ((HOSTILE, HOSTILE),)),),
    )
    html = status_html(hostile)
    page = Page(html)
    assert not {"script", "img"} & set(page.tags)
    assert not {name for name in page.attributes if name.startswith("on")}
    assert len(html) < 20_000
    for bad in "\x00\x1b\u2028\u202e\ud800":
        assert bad not in html
        assert bad not in status_line(hostile)


def test_the_colours_are_those_of_the_tokens_and_follow_the_theme() -> None:
    style = status_html(busy()).split("<style>")[1].split("</style>")[0]
    light, media, dark = (
        style.index(".wfkit-live,[data-jp-theme-light=true] .wfkit-live{"),
        style.index("@media (prefers-color-scheme:dark)"),
        style.index("[data-jp-theme-light=false] .wfkit-live{"),
    )
    assert light < media < dark
    assert f"--wf-ink:{LIGHT['ink']}" in style[light:media]
    assert f"--wf-ink:{DARK['ink']}" in style[media:dark]
    assert f"--wf-ink:{DARK['ink']}" in style[dark:]
    assert set(re.findall(r"var\(--wf-([a-z]+)\)", style)) <= set(LIGHT) | {"name"}
    assert not re.findall(r"#[0-9a-f]{3,6}", style.split(".wfkit-live .wfkit-done{")[1])
