"""A picture that lives: a document of its own with the picture, its script and its data, and the frame for a cell.

The document asks no network. Its policy lets no script run but ours, so nothing that came from users' data could. In a
cell it lies over a still of the same picture, which is what remains where frames and scripts are stripped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from wfkit.display.squeeze import squeeze_script, squeeze_style
from wfkit.display.tokens import CODE_FONT, UI_FONT, themed_css

HIGHEST: Final = 560
# A picture shrinks until its smallest text has about 7 px, then it scrolls. view.js has the same number.
SMALLEST: Final = 0.62

# The scripts and style sheets that a part of a document consists of, in the folder `static`.
_SCRIPTS: Final = {
    "stage": ("make", "theme", "graph", "view", "tip", "find", "stage"),
    "player": ("moves", "replay", "words", "panel", "timeline", "player"),
    "network": ("make", "theme", "tip", "network"),
}
_STYLES: Final = {"stage": ("tip", "stage"), "player": ("player",), "network": ("tip", "network")}
_STATIC: Final = Path(__file__).parent / "static"
_JSON_ESCAPES: Final = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
# An image decides between light and dark by the colour scheme of the element that shows it. The theme of a notebook is
# told only by an attribute of the page; this carries it over. Where styles are stripped, the reader's preference holds.
THEME_STYLE: Final = (
    "<style>[data-jp-theme-light=true] .wfkit-img,[data-vscode-theme-kind$=light] .wfkit-img{color-scheme:light}"
    "[data-jp-theme-light=false] .wfkit-img,[data-vscode-theme-kind$=dark] .wfkit-img,"
    "[data-vscode-theme-kind$=contrast] .wfkit-img{color-scheme:dark}</style>"
)
_FRAME_STYLE: Final = "position:absolute;left:0;top:0;width:100%;height:100%;border:0"


def frame_document(
    svg: str,
    title: str,
    *,
    data: object | None = None,
    parts: tuple[str, ...] = ("stage",),
    full_page: bool = False,
    heading: tuple[str, ...] = (),
    foot: str = "",
) -> str:
    """Return a whole HTML document around a picture.

    Args:
        svg: the picture, in its embedded form.
        title: what the document is called.
        data: what the parts show beside the picture; anything that JSON can say.
        parts: what comes to life: "stage" is the picture itself, "player" plays a run in it.
        full_page: whether the document is a page of its own, not a frame in a cell.
        heading: lines over the picture; the first one is its name.
        foot: the legend as HTML, which stands under the picture in one line and is folded away where space is short.

    Raises:
        TypeError: `data` is nothing that JSON can say.
        ValueError: there is a number in it that JSON cannot say, such as infinity.

    Example:
        frame_document(svg, "JokeFlow: all possible flows", full_page=True, heading=("JokeFlow", "3 steps"))
    """
    script = script_of(parts)
    below = f'<details class="wf-legend" open><summary>legend</summary>{foot}</details>\n' if foot else ""
    kind = ' class="full"' if full_page else ""
    player = " wf-player" if "player" in parts else ""
    told = "" if data is None else f'<script type="application/json" id="wf-data">{json_in_page(data)}</script>\n'
    return (
        f'<!DOCTYPE html>\n<html lang="en"{kind}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy_of(script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{style_of(parts)}</style>\n<script>{script}</script>\n</head>\n<body>\n"
        f'{_heading(heading)}<div id="wf-root" class="wf-root{player}"><div class="wf-stage">{svg}</div>{below}</div>\n'
        f"{told}</body>\n</html>\n"
    )


def framed(document: str, still: str, alt: str, width: float, height: float, *, sandbox: bool = False) -> str:
    """Return a document as a piece of HTML for the output of a cell, over a still of what it shows.

    The still is light or dark by the colour scheme that JupyterLab gives its page, else by the reader's preference.

    Args:
        document: what `frame_document` returned.
        still: the picture as an SVG document of its own.
        alt: what it shows, for those who cannot see it.
        width: of the still, in pixels.
        height: of the still, in pixels.
        sandbox: whether the document is shut in and cannot say how high it is; it gets the greatest height then.
    """
    told = escape(alt)
    shrunk = min(width, width * HIGHEST / max(height, 1))
    size = f"width:{shrunk:.0f}px;max-width:100%;min-width:{min(shrunk, width * SMALLEST):.0f}px"
    image = base64.b64encode(still.encode("utf-8", "replace")).decode()
    inside = document.replace("&", "&amp;").replace("'", "&#39;")
    room, shut = (f"height:{HIGHEST}px", ' sandbox="allow-scripts"') if sandbox else (f"max-height:{HIGHEST}px", "")
    return (
        f'<div class="wfkit-out" style="position:relative;overflow:auto;{room}">'
        f'<img class="wfkit-img" alt="{told}" src="data:image/svg+xml;base64,{image}" '
        f'style="display:block;margin:0 auto;{size}">'
        f'<iframe title="{told}"{shut} style="{_FRAME_STYLE}" srcdoc=\'{inside}\'></iframe></div>'
    )


def _heading(lines: tuple[str, ...]) -> str:
    if not lines:
        return ""
    first, *rest = (escape(line) for line in lines)
    told = f"<p>{' · '.join(rest)}</p>" if rest else ""
    return f'<header class="wf-heading"><h1>{first}</h1>{told}</header>\n'


@cache
def script_of(parts: tuple[str, ...], boot: bool = True) -> str:
    """Return the script that brings a document to life, squeezed.

    Args:
        parts: what comes to life, as in `frame_document`.
        boot: whether it wakes by itself; else somebody calls `wfkitStage` and `wfkitPlayer`.
    """
    names = [*(name for part in parts for name in _SCRIPTS[part]), *(["boot"] if boot else [])]
    return "\n".join(squeeze_script(_read(f"{name}.js")) for name in names)


@cache
def style_of(parts: tuple[str, ...], scope: str = ":root") -> str:
    """Return the style sheet of a document, squeezed.

    Args:
        parts: what comes to life, as in `frame_document`.
        scope: a selector of the element around it; everything but a document of our own names one.
    """
    names = [*(["page"] if scope == ":root" else []), *(name for part in parts for name in _STYLES[part])]
    fonts = f"{scope}{{--wf-ui-font:{UI_FONT};--wf-code-font:{CODE_FONT}}}"
    return themed_css(scope) + fonts + "".join(squeeze_style(_read(f"{name}.css")) for name in names)


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


@cache
def policy_of(*scripts: str) -> str:
    """Return the content of a policy that lets these scripts run and no other, and nothing be fetched."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none';script-src {allowed};style-src 'unsafe-inline';img-src data:;"
        "base-uri 'none';form-action 'none'"
    )


def json_in_page(data: object) -> str:
    """Return data as JSON that can stand in a script element.

    Raises:
        TypeError: it is nothing that JSON can say.
        ValueError: there is a number in it that JSON cannot say, such as infinity.
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_JSON_ESCAPES)
