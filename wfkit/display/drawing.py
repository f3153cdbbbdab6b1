"""`Drawing`: a picture as an object, which shows itself in a notebook and is written to a file only when asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cached_property
from html import escape
from typing import Any, Literal, TypeAlias

from wfkit.display.figure import Figure
from wfkit.display.files import FileName, ending_of, write
from wfkit.display.frame import frame_document, framed
from wfkit.display.layout import Layout
from wfkit.display.legend import legend_html
from wfkit.display.mermaid import draw_mermaid
from wfkit.display.network import draw_network
from wfkit.display.spacing import SPACING, Direction
from wfkit.display.svg import draw_svg
from wfkit.display.text import draw_text

Renderer: TypeAlias = Literal["svg", "pyvis"]
RENDERERS: tuple[Renderer, ...] = ("svg", "pyvis")
_ENOUGH = 400_000  # characters in the output of a cell
FACES = {".html": "page", ".htm": "page", "": "page", ".svg": "svg", ".mmd": "mermaid", ".txt": "text"}


class Drawing:
    """A picture of a workflow or of an execution. As a cell's last value it shows itself.

    Every face is worked out when it is first asked for, and is the same text each time.

    Args:
        figure: what is on the picture.
        renderer: "svg" for a light picture in the notebook, "pyvis" for an interactive page of 700 kB.
        pyvis_file: whether a page written to a file is drawn by pyvis.
        direction: "down" or "right", the way the flow runs.

    Raises:
        ValueError: there is no such renderer or direction.

    Example:
        drawing = draw_all_possible_flows(MyFlow)
        drawing.save("flow.html")
        print(drawing.mermaid)
    """

    def __init__(
        self, figure: Figure, renderer: str = "svg", pyvis_file: bool = False, direction: str = "down"
    ) -> None:
        if renderer not in RENDERERS:
            choices = " or ".join(repr(name) for name in RENDERERS)
            raise ValueError(f"renderer is {choices}; it is {renderer!r}")
        self._flow = figure
        self._renderer = renderer
        self._direction = checked_direction(direction)
        self._pyvis_file = pyvis_file or renderer == "pyvis"

    @cached_property
    def _figure(self) -> Figure:
        return self._flow

    @cached_property
    def _layout(self) -> Layout:
        return self._figure.lay_out(self._direction)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document."""
        return draw_svg(self._figure, self._layout)

    @cached_property
    def mermaid(self) -> str:
        """The picture as Mermaid text."""
        return draw_mermaid(self._figure, self._direction)

    @cached_property
    def text(self) -> str:
        """The picture as a plain listing."""
        return draw_text(self._figure)

    @cached_property
    def html(self) -> str:
        """The picture as a piece of HTML for the output of a cell."""
        pyvis = self._renderer == "pyvis"
        size = _measure("width", self.svg), _measure("height", self.svg)
        still = draw_svg(self._figure, self._layout, still=True)
        return framed(self.page if pyvis else self._document(), still, self._title, *size, sandbox=pyvis)

    @cached_property
    def page(self) -> str:
        """The picture as an HTML page of its own, which needs no other file and no network."""
        if self._pyvis_file:
            return draw_network(self._figure, self._layout)
        heading = (self._figure.name, self._figure.what, *self._figure.remarks)
        return self._document(full_page=True, heading=heading)

    def _document(self, full_page: bool = False, heading: tuple[str, ...] = ()) -> str:
        """Return the picture as a document in which it can be zoomed, pointed at and searched."""
        svg = draw_svg(self._figure, self._layout, embedded=True)
        told = () if heading else self._figure.remarks
        remarks = "".join(f'<span class="wf-key">{escape(remark)}</span>' for remark in told)
        return frame_document(
            svg, self._title, full_page=full_page, heading=heading, foot=remarks + legend_html(self._figure)
        )

    @property
    def _title(self) -> str:
        return f"{self._figure.name}: {self._figure.what}"

    def save(self, filename: FileName) -> None:
        """Write the picture to a file; the ending decides: .svg, .mmd, .txt, and a page for .html, .htm or none.

        Args:
            filename: the file to write; an existing one is replaced.

        Raises:
            TypeError: `filename` is no file name.
            ValueError: it is empty, or has an ending that stands for something else, such as .png.
            OSError: the file cannot be written; the message says why and what to do.
        """
        write(filename, getattr(self, FACES[ending_of(filename, FACES)]))

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, str]:
        """Return the faces that a notebook may choose from."""
        faces = {
            "text/plain": "text",
            "text/html": "html",
            "image/svg+xml": "svg",
            "text/vnd.mermaid": "mermaid",
        }
        wanted = set(faces if include is None else include) - set(exclude or ())
        found: dict[str, str] = {}
        for kind, face in faces.items():
            # A notebook shows the HTML; what else would make the output of a cell too large stays out of it.
            if kind in wanted and (len(found) < 2 or sum(map(len, found.values())) < _ENOUGH):
                found[kind] = getattr(self, face)
        return found

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<Drawing of {self._title}>"


def checked_direction(direction: str) -> Direction:
    """Return the way a flow runs.

    Raises:
        ValueError: there is no such direction.
    """
    for known in SPACING:
        if direction == known:
            return known
    raise ValueError(f"direction is {' or '.join(map(repr, SPACING))}; it is {direction!r}")


def _measure(name: str, svg: str) -> float:
    return float(svg.partition(f' {name}="')[2].partition('"')[0])


def announce(drawing: Drawing, filename: FileName | None) -> Drawing:
    """Write a drawing if a file name is given, print that name as it was given, and return the drawing.

    Where nothing would be seen of it, because there is neither a notebook nor a file, a line on stderr says so.
    """
    if filename is not None:
        drawing.save(filename)
        print(os.fspath(filename))
    elif not _shows_itself():
        print(
            f"{drawing!r}: no file was written, and only a notebook shows a drawing by itself. "
            f"Give a file name: filename='flow.html'.",
            file=sys.stderr,
        )
    return drawing


def _shows_itself() -> bool:
    """Whether there is an IPython, or a marimo notebook, that shows the last value of a cell."""
    ask = getattr(sys.modules.get("IPython"), "get_ipython", None)
    if ask is not None and ask() is not None:
        return True
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())
