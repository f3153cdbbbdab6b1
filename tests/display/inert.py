"""Reads HTML as a browser would and tells what could run in it: our own scripts, and nothing else."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final

from wfkit.display.frame import script_of

MOST: Final = 1_000_000
UNFIT = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
# Everything our own pages are made of. A tag that names or payloads have smuggled in is not among them, or has an
# attribute that is not.
_TAGS = {
    *(
        "html",
        "head",
        "body",
        "meta",
        "title",
        "link",
        "style",
        "script",
        "header",
        "main",
        "h1",
        "p",
        "div",
        "span",
        "small",
    ),
    *("b", "i", "ul", "li", "img", "iframe", "details", "summary", "pre", "code", "table", "tr", "td", "th", "dl"),
    *("dt", "dd", "br", "svg", "defs", "marker", "g", "path", "rect", "circle", "text", "section", "tbody"),
}
_ADDRESSES = {"src", "href", "action", "data", "srcset", "xlink:href", "formaction"}
# What styles of ours never do: fetch something, or say what could run.
_LIVE_STYLE = re.compile(r"url\((?!#)|@import|expression\(|javascript:|[<\\]", re.IGNORECASE)

_LABEL = re.compile(r'"(?:[^"<>`\\{}\[\]|%$]|<br/>)+"')  # in Mermaid text


class Inspector(HTMLParser):
    """Reads a piece of HTML and the documents in its frames.

    Attributes:
        scripts: the text of every script that would run.
        data: the text of every block of data.
        troubles: what has no business there.
        text: all text a reader could see.
        made: how many elements there are of each tag with its attributes: what no name and no payload may change.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[str] = []
        self.data: list[str] = []
        self.troubles: list[str] = []
        self.text: list[str] = []
        self.images = 0
        self.made: Counter[str] = Counter()
        self._into: list[str] | None = None
        self._style: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag not in _TAGS:
            self.troubles.append(f"<{tag}>")
        self.made[" ".join([tag, *sorted(found)])] += 1
        self.troubles += [f"{tag} {name}" for name in found if name.startswith("on")]
        self.troubles += [f"{tag} has an attribute twice"] if len(found) < len(attrs) else []
        self._check_style(found.get("style", ""))
        for name in _ADDRESSES & set(found):
            if not found[name].startswith("data:"):
                self.troubles.append(f"{tag} {name}={found[name][:80]}")
        self.images += tag == "img"
        if tag == "script":
            self._into = self.data if found.get("type") == "application/json" else self.scripts
            self._into.append("")
        elif tag == "style":
            self._into = self._style = [""]
        if tag == "iframe":
            inner = Inspector(found.get("srcdoc", ""))
            for name in ("scripts", "data", "troubles", "text"):
                getattr(self, name).extend(getattr(inner, name))
            self.made += inner.made

    def _check_style(self, style: str) -> None:
        if _LIVE_STYLE.search(style):
            self.troubles.append(f"style {style[:80]}")

    def handle_comment(self, data: str) -> None:
        self.troubles.append(f"<!--{data[:80]}")

    def handle_pi(self, data: str) -> None:
        self.troubles.append(f"<?{data[:80]}")

    def unknown_decl(self, data: str) -> None:
        self.troubles.append(f"<![{data[:80]}")

    def handle_decl(self, decl: str) -> None:
        if decl != "DOCTYPE html":
            self.troubles.append(f"<!{decl[:80]}")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._check_style(self._style[0])
        if tag in ("script", "style"):
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is None:
            self.text.append(data)
        else:
            self._into[-1] += data


def inspect(html: str) -> Inspector:
    """Return what is in a piece of HTML, after a look that nothing can run in it but what is ours."""
    found = Inspector(html)
    assert found.troubles == []
    assert len(found.scripts) <= 1
    assert all("function wfkit" in script for script in found.scripts)
    return found


def played(html: str) -> Any:
    """Return the data that a playback plays."""
    (data,) = Inspector(html).data
    return json.loads(data)


def is_html(face: str) -> bool:
    """Whether a face of this name is HTML."""
    return face.endswith(("html", "page"))


def _is_pyvis(text: str) -> bool:
    return "vis-network" in text


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def check_faces(found: Mapping[str, str]) -> None:
    """Check what holds for every face, whatever is on it."""
    for face, text in found.items():
        assert len(text.encode()) < MOST, face  # raises for half characters, too
        bad = None if _is_pyvis(text) else UNFIT.search(text)  # vis-network has such characters in its code
        assert bad is None, (face, text[max(0, bad.start() - 40) : bad.end() + 40])
        if face.endswith(("svg", "svg+xml")):
            assert not {"script", "image", "a", "foreignObject"} & {
                part.tag.split("}")[1] for part in ET.fromstring(text).iter()
            }
        if is_html(face):
            _check_html(face, text)
        if face.endswith(("mermaid", "vnd.mermaid")):
            _check_mermaid(text)


def _check_html(face: str, html: str) -> None:
    found = Inspector(html)
    if not _is_pyvis(html):
        assert found.troubles == [], face
        ours = {script_of(("stage",)), script_of(("stage", "player"))}
        assert set(found.scripts) <= ours, face
    for data in found.data:
        assert not set("<>&\u2028\u2029") & set(data), face
        json.loads(data, parse_constant=_refuse)


def _check_mermaid(text: str) -> None:
    head, *lines = text.splitlines()
    assert head in ("flowchart TD", "flowchart LR")
    for line in lines:
        bare = _LABEL.sub("", line)
        assert re.fullmatch(r"[A-Za-z0-9_ .:#,=<>()\[\]{}|-]*", bare), line
