"""What every widget of ours is: a panel that shows a view, hears clicks, and leaves a picture when it is done.

Three rules were measured on every kernel (ipykernel 6.29 to 7.4), and everything here keeps them. A click comes to
Python only as a message, never as a synced trait: those stop for good when they are touched while a cell awaits. A
message may arrive on any thread, so it is handed to the loop and nothing else is done. And whatever goes wrong is shown
in the panel, because nobody would see it anywhere else.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from wfkit.cell import in_notebook
from wfkit.display.frame import THEME_STYLE, style_of
from wfkit.display.squeeze import squeeze_script, squeeze_style
from wfkit.display.words import brief, name_of_type
from wfkit.values import said

PAUSE: Final = 1 / 15  # seconds between two views at least
SELDOM: Final = 1.0  # the same while no page shows the panel any more
MOST_PAGES: Final = 100
PROBE: Final = 2.0  # seconds in which a front end that can send a click at all has answered
VIEW: Final = "application/vnd.jupyter.widget-view+json"
KEEP: Final = 2.0  # seconds between two pictures for the saved notebook at least
# A front end that has no kernel shows an error in place of a widget, whatever else it was given. So the still is an
# output of its own beside it: hidden where the widget lives, and in place of the error where it does not.
_STILL_STYLE: Final = (
    "<style>:is(.jp-OutputArea,.cell_container):has(.wfkit-panel) .wfkit-still,"
    ".jp-OutputArea:has(.wfkit-panel) .jp-OutputArea-child:has(.wfkit-still),"
    ".jp-OutputArea-child:not(:has(.wfkit-panel)):has(+ .jp-OutputArea-child .wfkit-still){display:none}</style>"
)
_LONGEST: Final = 600  # characters of an error
_PATIENCE: Final = 4  # times as long as a look has taken the next one waits

_STATIC: Final = Path(__file__).parent / "static"
_SHOWN: Final = Path(__file__).parent.parent / "display" / "static"
_SHARED: Final = ("make", "theme")
_PICTURE: Final = (*_SHARED, "graph", "view", "tip", "find", "stage", "moves")

logger = logging.getLogger("wfkit")


@cache
def panel_script(*names: str, picture: bool = False) -> str:
    """Return the ES module of a panel: our own scripts, and what the page calls to show it.

    Args:
        names: of scripts in `static`. One of them has `wfkitPanel(root, model)`, which returns what ends it.
        picture: whether `wfkitStage` is among them, for a flow that lives.
    """
    shared = _PICTURE if picture else _SHARED
    files = [*(_SHOWN / f"{name}.js" for name in shared), *(_STATIC / f"{name}.js" for name in (*names, "panel"))]
    scripts = (squeeze_script(file.read_text(encoding="utf-8")) for file in files)
    return "\n".join([*scripts, "export default { render };\n"])


@cache
def panel_style(*names: str) -> str:
    """Return the style sheet of a panel.

    Args:
        names: of style sheets in `static`.
    """
    own = (squeeze_style((_STATIC / f"{name}.css").read_text(encoding="utf-8")) for name in ("panel", *names))
    return style_of(("stage",), scope=".wfkit-panel") + "".join(own)


class Panel(anywidget.AnyWidget):
    """The base of all widgets. A subclass gives `_esm` and `_css`, `look()`, `line()`, maybe `still()`.

    What is asked for on the page, `{do: "step", held: "7f"}`, calls its method `do_step(held="7f")`.

    Args:
        loop: the event loop on which everything is done; the running one if none is given.

    Attributes:
        keeps_still: whether a still of it stands beside it for whoever opens the saved notebook.
        view: what is shown, as plain JSON; the only way from Python to the page.
        reached: whether a page has ever answered.
        awaited: how many cells wait for what it shows, and call `finish` in the end.
    """

    keeps_still = False
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._context = copy_context()  # in it the kernel finds the cell that its messages are about
        self._timer: asyncio.TimerHandle | None = None
        self._latest = float("-inf")
        self._answers: set[asyncio.Future[bool]] = set()
        self._at_work: set[asyncio.Future[Any]] = set()
        self._closed = False
        self._pages: set[str] = set()  # where it is shown just now
        self._left = False  # whether it was shown somewhere and is not any more
        self.awaited = 0  # cells that wait for what it shows, and will see to the last picture
        self._last: Callable[[], dict[str, str]] | None = None  # makes the last picture
        self._shown_as = ""  # the id of its display, once it has one
        self._kept: object = None  # what the still beside it shows
        self._keeper: asyncio.TimerHandle | None = None
        self.reached = False
        self.error = ""
        super().__init__()
        self.on_msg(self._receive)

    # -- what a subclass does --------------------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return what is to be shown now, as plain JSON, without secrets."""
        raise NotImplementedError

    def obey(self, do: str, content: dict[str, Any]) -> Awaitable[Any] | None:
        """Do what a person has asked for on the page. What is raised here, or by what is returned, is shown there."""
        method = getattr(self, f"do_{do}", None)
        if method is None:
            raise ValueError(f"{brief(do, 40)!r} is nothing that this panel can do.")
        made: Awaitable[Any] | None = method(**{key: value for key, value in content.items() if key != "do"})
        return made

    def still(self) -> str:
        """Return HTML for whoever has no kernel."""
        return f"<div>{escape(self.line())}</div>"

    def still_key(self) -> object:
        """Return what the still depends on: while it is the same, the same one is kept."""
        return None

    def note(self) -> str:
        """Return a line that stands under the last picture."""
        return self.line()[1:-1]

    def line(self) -> str:
        """Return one line of text: the same for the same run, without an address."""
        return f"<{type(self).__name__}>"

    # -- messages --------------------------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        with suppress(RuntimeError):  # the loop was closed: the kernel is going down
            self._loop.call_soon_threadsafe(self._hear, content, context=self._context)

    def _hear(self, content: Any) -> None:
        do = content.get("do") if isinstance(content, dict) else None
        if not isinstance(do, str):
            return
        self.reached = True
        for answer in self._answers:
            if not answer.done():
                answer.set_result(True)
        if do in ("hello", "bye"):
            self._count_page(do, content.get("page"))
        elif do == "dismiss":
            self.error = ""
        elif do != "pong":
            self._attempt(do, content)
        if do not in ("pong", "bye"):
            self.send({"heard": brief(do, 40)})  # else the page would say that the kernel does not answer
            self.refresh()

    def _count_page(self, do: str, page: Any) -> None:
        """Note that a page shows the panel, or does so no longer."""
        if do == "bye":
            self._pages.discard(page if isinstance(page, str) else "")
            self._left = not self._pages
        elif isinstance(page, str) and len(page) < 50 and len(self._pages) < MOST_PAGES:
            self._pages.add(page)
            self._left = False
            if self._timer is not None:  # it may be far off
                self._timer.cancel()
                self._timer = None

    def _attempt(self, do: str, content: dict[str, Any]) -> None:
        self.error = ""
        try:
            result = self.obey(do, content)
        except (Exception, SystemExit) as error:  # the latter would end the kernel
            self.complain(error)
            return
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(result)
            self._at_work.add(task)
            task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Future[Any]) -> None:
        self._at_work.discard(task)
        if not task.cancelled():
            error = task.exception()
            if isinstance(error, Exception):
                self.complain(error)
        self.refresh()

    def complain(self, error: BaseException) -> None:
        """Show an error in the panel."""
        told = brief(said(error), _LONGEST)
        known = type(error).__module__.startswith("wfkit.") or isinstance(error, ValueError)
        self.error = told if known and told else f"{name_of_type(error)}: {told}"
        logger.debug("A command of a widget failed.", exc_info=error)

    @property
    def shown(self) -> bool:
        """Whether it was shown, as far as is known: in a cell by itself, or on a page that has answered."""
        return bool(self._shown_as) or self.reached

    async def probe(self, timeout: float = PROBE) -> bool:
        """Ask the page whether clicks can come just now. False if no answer did, and so no click would.

        Args:
            timeout: seconds to wait.
        """
        answer: asyncio.Future[bool] = self._loop.create_future()
        self._answers.add(answer)
        try:
            self.send({"ask": "ping"})
            await asyncio.wait([answer], timeout=timeout)
            return answer.done()
        finally:
            self._answers.discard(answer)

    # -- the view --------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what has changed, soon: at most 15 times a second. On the loop's thread only."""
        if self._timer is None and not self._closed:
            delay = max(0.0, self._latest + (SELDOM if self._left else PAUSE) - self._loop.time())
            self._timer = self._loop.call_later(delay, self.show_now, context=self._context)

    def show_now(self) -> None:
        """Show what has changed, at once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        began = self._loop.time()
        try:
            view = {**self.look(), "error": self.error}
        except (Exception, SystemExit) as error:
            self.complain(error)
            logger.warning("A widget could not show how things stand.", exc_info=True)
            view = {**self.view, "error": self.error}
        try:
            self.view = view
        except UnicodeEncodeError:  # half of a pair, as a cut emoji has: no message can hold it
            self.view = _whole(view)
        now = self._loop.time()
        self._latest = now + _PATIENCE * (now - began)  # values that are slow to look at must not slow down the run
        if self._shown_as and self.keeps_still and self._keeper is None and self.still_key() != self._kept:
            self._keeper = self._loop.call_later(KEEP, self._keep, context=self._context)

    def _keep(self) -> None:
        """Put a new still beside the widget."""
        self._keeper, self._kept = None, self.still_key()
        try:
            _publish(self._still_bundle(), f"{self._shown_as}-still", True)
        except Exception:
            logger.warning("The still of a widget cannot be drawn.", exc_info=True)

    def _still_bundle(self) -> dict[str, str]:
        return {
            "text/plain": self.line(),
            "text/html": f'<div class="wfkit-still">{_STILL_STYLE}{self.still()}</div>',
        }

    # -- in a cell -------------------------------------------------------------------------------------------------

    def freeze(self, make: Callable[[], dict[str, str]]) -> None:
        """Put a picture that needs no kernel in this widget's place, wherever it was displayed by itself.

        A saved notebook would otherwise say that it has not found a model.

        Args:
            make: returns the picture as a MIME bundle.
        """
        self._last = make
        if not self.awaited:
            self._loop.call_soon(self._freeze, context=self._context)

    def finish(self) -> None:
        """Put the last picture there at once, if the end has come: for a cell that has awaited it.

        What executes a notebook without a page takes note of an output only while the cell runs that it comes from.
        """
        self.show_now()  # it may not know of the end yet
        self._freeze()

    def _freeze(self) -> None:
        make, self._last = self._last, None
        if make is None:
            return
        self.show_now()
        if self._keeper is not None:
            self._keeper.cancel()
        if self._shown_as:
            try:
                bundle = make()
            except Exception:
                logger.warning("A widget's last picture cannot be drawn.", exc_info=True)
                bundle = {"text/plain": self.line()}
            _publish(bundle, self._shown_as, True)
            if self.keeps_still:
                said = {"text/plain": self.note(), "text/html": f"<small>{escape(self.note())}</small>"}
                _publish(said, f"{self._shown_as}-still", True)
        self._shown_as = ""  # shown once more, it lives in that place alone

    def close(self) -> None:
        """Take it off all pages, for good. What it shows goes on without it."""
        for name in ("_timer", "_keeper"):
            timer = getattr(self, name, None)  # one that could not be made is closed, too
            if timer is not None:
                timer.cancel()
        self._closed = True
        super().close()

    def __repr__(self) -> str:
        return self.line()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._bundle(), {}

    def _bundle(self) -> dict[str, Any]:
        told = {"text/plain": self.line(), "text/html": self.still()}
        return {**told, VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.model_id}}

    def _ipython_display_(self) -> None:
        """Show it under an id, by which it can be replaced when it is done.

        Raises:
            NotImplementedError: this is no notebook; IPython then asks for the bundle.
        """
        if not in_notebook():
            raise NotImplementedError
        self._shown_as = self._shown_as or f"wfkit-{os.urandom(8).hex()}"
        bundle = self._bundle()
        if self.keeps_still:
            bundle["text/html"] = "<div></div>"  # the still beside it tells
        _publish(bundle, self._shown_as, False)
        if self.keeps_still:
            self._kept = self.still_key()
            _publish(self._still_bundle(), f"{self._shown_as}-still", False)


def _whole(value: Any) -> Any:
    """Return plain JSON without the halves of pairs in its texts."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(part) for key, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, (list, tuple)) else value


def _publish(bundle: dict[str, Any], display_id: str, update: bool) -> None:
    shell = sys.modules["IPython"].get_ipython()
    shell.display_pub.publish(bundle, metadata={}, transient={"display_id": display_id}, update=update)


def still_image(svg: str, alt: str) -> str:
    """Return a picture as HTML that shows it everywhere, light or dark as the notebook."""
    image = base64.b64encode(svg.encode("utf-8", "replace")).decode()
    return (
        f'{THEME_STYLE}<img class="wfkit-img" alt="{escape(alt)}" src="data:image/svg+xml;base64,{image}" '
        f'style="display:block;margin:8px auto;max-width:100%;max-height:480px">'
    )
