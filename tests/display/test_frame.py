"""The document around a picture and the piece of HTML for a cell: escaped, self-contained, the same each time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from tests.display.flows import HOSTILE
from wfkit.display.frame import frame_document, framed, script_of, style_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg" class="wfkit" viewBox="0 0 10 10" width="10" height="10"></svg>'


class Elements(HTMLParser):
    """Collects the elements of a document as a browser would find them, and the text inside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[int, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(("/" + tag, {}))

    def handle_data(self, data: str) -> None:
        last = len(self.found) - 1
        self.texts[last] = self.texts.get(last, "") + data

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]

    def text(self, tag: str) -> list[str]:
        return [self.texts.get(index, "") for index, (name, _) in enumerate(self.found) if name == tag]


def data_of(document: str) -> object:
    elements = Elements(document)
    index = next(i for i, (_, attributes) in enumerate(elements.found) if attributes.get("id") == "wf-data")
    return json.loads(elements.texts[index])


def test_the_policy_lets_only_our_script_run() -> None:
    document = frame_document(SVG, "Flow")
    elements = Elements(document)
    policy = next(meta["content"] for meta in elements.attributes("meta") if "http-equiv" in meta)
    [script] = elements.text("script")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]


def test_the_script_is_the_same_for_every_drawing() -> None:
    scripts = {Elements(frame_document(SVG, name, full_page=name == "b")).text("script")[0] for name in ("a", "b")}
    assert len(scripts) == 1


def test_comments_do_not_travel() -> None:
    assert "// " not in script_of(("stage",))
    assert "/*" not in style_of(("stage",))


def test_a_script_can_stand_in_an_attribute_of_single_quotes_cheaply() -> None:
    assert "'" not in script_of(("stage",))


def test_hostile_data_stays_data() -> None:
    data = {"text": HOSTILE.replace("\ud800", ""), "marks": "\u2028\u2029</script>&amp;<!--"}
    document = frame_document(SVG, "Flow", data=data)
    assert "<!--" not in document
    assert "\u2028" not in document
    assert document.count("</script>") == 2
    assert data_of(document) == data


def test_other_letters_are_written_as_they_are() -> None:
    assert "größe 名前" in frame_document(SVG, "Flow", data=["größe 名前"])


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        frame_document(SVG, "Flow", data=object())


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        frame_document(SVG, "Flow", data=[float("inf")])


def test_titles_and_headings_are_escaped() -> None:
    elements = Elements(frame_document(SVG, "<b>T</b>", heading=("<i>name</i>", "<u>3</u> steps", "&")))
    assert not {"b", "i", "u"} & {tag for tag, _ in elements.found}
    assert elements.text("h1") == ["<i>name</i>"]
    assert elements.text("p")[0].strip() == "<u>3</u> steps · &"


def test_without_a_heading_there_is_none() -> None:
    assert not Elements(frame_document(SVG, "Flow")).attributes("h1")


def test_the_foot_stands_under_the_picture() -> None:
    document = frame_document(SVG, "Flow", foot="<span>the legend</span>")
    assert document.index("</svg>") < document.index("the legend")


def test_a_player_gets_its_root_and_its_script() -> None:
    with_player = frame_document(SVG, "Flow", data={}, parts=("stage", "player"))
    assert "function wfkitPlayer(" in with_player
    assert 'class="wf-root wf-player"' in with_player
    assert "function wfkitPlayer(" not in frame_document(SVG, "Flow")


def test_the_document_comes_back_out_of_the_frame() -> None:
    document = frame_document(SVG, 'it\'s "a" <flow> & more', data={"a": "'\"&lt;"}, heading=("'", '"'))
    elements = Elements(framed(document, SVG, "alt", 10, 10))
    [iframe] = elements.attributes("iframe")
    assert iframe["srcdoc"] == document


def test_the_still_is_the_picture_and_says_what_it_shows() -> None:
    elements = Elements(framed(frame_document(SVG, "Flow"), SVG, 'all "flows" <of it>', 10, 10))
    [image], [iframe] = elements.attributes("img"), elements.attributes("iframe")
    assert image["alt"] == iframe["title"] == 'all "flows" <of it>'
    assert base64.b64decode((image["src"] or "").partition("base64,")[2]).decode() == SVG


@pytest.mark.parametrize(
    ("width", "height", "shown", "least"),
    [(300, 200, 300, 186), (2_000, 400, 2_000, 1_240), (300, 1_120, 150, 150), (10, 0, 10, 6)],
    ids=["small", "wide", "high", "flat"],
)
def test_the_still_shrinks_like_the_picture(width: float, height: float, shown: int, least: int) -> None:
    [image] = Elements(framed("", SVG, "alt", width, height)).attributes("img")
    assert f"width:{shown}px;max-width:100%;min-width:{least}px" in (image["style"] or "")


def test_the_colours_hold_within_a_scope() -> None:
    style = style_of(("stage",), scope=".wf-live")
    assert ":root" not in style
    assert not re.search(r"(^|[};])\s*(html|body)\b", style)
    assert ".wf-live{color-scheme:light;" in style


def test_the_same_picture_gives_the_same_bytes() -> None:
    one, two = (framed(frame_document(SVG, "Flow", data=[1]), SVG, "alt", 10, 10) for _ in range(2))
    assert one == two
