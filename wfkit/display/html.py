"""The picture in HTML: small enough for a cell, and as a page of its own for a file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from wfkit.display.tokens import UI_FONT, css_variables

# An image decides between light and dark by the colour scheme of the element that shows it. JupyterLab's theme says
# so only in an attribute of the page; this carries it over. Where styles are stripped, the reader's own preference
# decides, and the picture has its own ground, so it can be read on any.
_THEME = (
    "<style>[data-jp-theme-light=true] .wfkit-img{color-scheme:light}"
    "[data-jp-theme-light=false] .wfkit-img{color-scheme:dark}</style>"
)
HIGHEST = 560
# A wider picture shrinks to 60 percent, but not to more than this: it opens at its left end, and must show something.
WIDEST = 1_400


def inline_picture(svg: str, alt: str, width: float) -> str:
    """Return a picture for the output of a cell: an image that survives wherever a notebook is opened.

    Args:
        svg: the picture.
        alt: what it shows, for those who cannot see it.
        width: its own width; it shrinks to fit the cell, but not until it cannot be read any more.
    """
    data = base64.b64encode(svg.encode()).decode()
    size = f"max-width:100%;width:{round(width)}px"
    if width > 1_200:
        size = f"min-width:{min(round(width * 0.6), WIDEST)}px;max-width:{round(width)}px;width:100%"
    return (
        f'{_THEME}<div style="max-width:100%;max-height:{HIGHEST}px;overflow:auto">'
        f'<img class="wfkit-img" alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}" style="{size}"></div>'
    )


def inline_page(page: str, title: str, height: int = HIGHEST) -> str:
    """Return a whole page for the output of a cell, shut into a frame of its own."""
    return (
        f'<iframe title="{escape(title)}" sandbox="allow-scripts" srcdoc="{escape(page)}" '
        f'style="width:100%;height:{height}px;border:0;background:#fff"></iframe>'
    )


def heading_line(name: str, details: Sequence[str]) -> str:
    """Return one line over a picture: a name, then quiet details. Everything is escaped here."""
    told = "".join(f' <span style="opacity:.7">· {escape(detail)}</span>' for detail in details)
    return f'<div style="margin:2px 0 6px"><b>{escape(name)}</b>{told}</div>'


def standalone_page(svg: str, name: str, details: Sequence[str]) -> str:
    """Return a page with the picture in it, which needs nothing else and asks no network."""
    told = escape(" · ".join(details))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(name)}</title>\n<style>\n{css_variables()}\n"
        f":root{{color-scheme:light dark}}body{{margin:24px;background:var(--wf-surface);color:var(--wf-ink);"
        f"font:14px/1.5 {UI_FONT}}}h1{{font-size:18px;margin:0}}p{{color:var(--wf-quiet);margin:2px 0 16px}}"
        "main{overflow:auto}svg{display:block;margin:0 auto}\n</style>\n</head>\n<body>\n"
        f"<h1>{escape(name)}</h1>\n<p>{told}</p>\n<main>\n{svg}</main>\n</body>\n</html>\n"
    )
