"""Draw the pictures of the documents: `make pictures`, which is `python -m docs.pictures.make [NAME ...]`.

Every picture is two files beside this one, NAME-light.png and NAME-dark.png, as a cell of a notebook shows it in a
Chromium that can reach nothing. Runs go on in virtual time and the browser's clock stands still, so the pictures are
the same each time, as far as the fonts of the machine are.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from docs.pictures.gallery import FOLDER, SCALE, write_gallery
from docs.pictures.png import small_png
from docs.pictures.scenes import PICTURES, Flow, Run, Scene
from wfkit.display.tokens import DARK, LIGHT

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Frame

THEMES: Final[dict[Literal["light", "dark"], dict[str, str]]] = {"light": LIGHT, "dark": DARK}
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND"]
MARGIN: Final = 8
# A flow gets what a cell has beside a file browser; what has panels gets all of a wide window.
NARROW, WIDE = 760, 880
TRAVEL: Final = 360  # milliseconds of the 480 that an event takes over its two edges

# A clock that stands still until it is told otherwise, for all that moves from frame to frame.
_CLOCK: Final = """(() => {
  let now = 0, waiting = [];
  performance.now = () => now;
  window.requestAnimationFrame = (act) => waiting.push(act);
  window.passTime = async (ms) => {
    for (const end = now + ms; now < end; ) {
      now += 20;
      waiting.splice(0).forEach((act) => act(now));
      await new Promise((resolve) => setTimeout(resolve)); // what waited for the end of one motion begins the next
    }
  };
})();"""

# Where the ink is: what is drawn, for the picture of a flow; what the cell holds, for others.
_INK: Final = """(what) => {
  const boxes = [...document.querySelectorAll(what)].map((each) => each.getBoundingClientRect());
  const inked = boxes.filter((box) => box.width && box.height);
  const [left, top] = ["left", "top"].map((side) => Math.min(...inked.map((box) => box[side])));
  const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...inked.map((box) => box[side])));
  return [left, top, right - left, bottom - top];
}"""
# The height of a cell follows that of the frame in it.
_SETTLED: Final = "() => Math.abs(document.body.getBoundingClientRect().height - innerHeight) < 1"


def page_of(cell: str, theme: Literal["light", "dark"], width: int) -> str:
    """Return a page that looks to a drawing like the output of a cell in JupyterLab.

    Args:
        cell: the output as HTML.
        theme: "light" or "dark".
        width: of the cell, in pixels.
    """
    ground, ink = THEMES[theme]["surface"], THEMES[theme]["ink"]
    # JupyterLab takes the system's own font, which in a bare container is no beauty.
    font = "Helvetica,Arial,sans-serif"
    style = (
        f"body{{margin:0;padding:{2 * MARGIN}px;background:{ground};color:{ink};font:13px/1.5 {font};"
        f"--jp-ui-font-family:{font}}}#cell{{width:{width}px}}"
    )
    told = f'data-jp-theme-light="{str(theme == "light").lower()}"'
    return f'<!DOCTYPE html><meta charset="utf-8"><style>{style}</style><body {told}><div id="cell">{cell}</div></body>'


@dataclass(frozen=True)
class Shot:
    """What a picture is taken of.

    Attributes:
        cell: the output of a cell, as HTML.
        moment: the place of the moment that a playback is brought to, None for none.
        flow: whether it is of a flow alone, which is cut out; of other things it is all of the cell.
    """

    cell: str
    moment: int | None
    flow: bool

    @classmethod
    def of(cls, scene: Scene) -> Shot:
        """Return a scene as a picture needs it."""
        flow = isinstance(scene, Flow) or (isinstance(scene, Run) and scene.unrolled)
        return cls(scene.html(), scene.moment(), flow)


def picture_of(context: BrowserContext, name: str, shot: Shot, theme: Literal["light", "dark"]) -> bytes:
    """Return a picture of something, as a PNG.

    Raises:
        RuntimeError: the page complained of something.
    """
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text))
    page.add_init_script(_CLOCK)
    page.set_content(page_of(shot.cell, theme, NARROW if shot.flow else WIDE))
    page.wait_for_function("() => [...document.images].every((image) => image.complete)", polling=50)
    frame = page.frames[-1] if len(page.frames) > 1 else None
    if frame is not None:
        frame.wait_for_selector(".wf-controls", state="attached")
        frame.wait_for_function(_SETTLED, polling=50)
        bring_to(frame, shot.moment)
    x, y = 0.0, 0.0
    if frame is not None and shot.flow:
        x, y, *_ = page.evaluate(_INK, "iframe")
        left, top, width, height = frame.evaluate(_INK, ".node .box, .frame, .way path, .wf-key")
    else:
        left, top, width, height = page.evaluate(_INK, "#cell > :not(style)")
    clip: Any = {
        "x": x + left - MARGIN,
        "y": y + top - MARGIN,
        "width": width + 2 * MARGIN,
        "height": height + 2 * MARGIN,
    }
    picture = page.screenshot(clip=clip, full_page=True, animations="disabled", caret="hide")
    page.close()
    if problems:
        raise RuntimeError(f"{name}, {theme}: the page complained: {'; '.join(problems)}")
    return picture


def bring_to(frame: Frame, moment: int | None) -> None:
    """Bring a playback to a moment; if an event was sent then, it is seen on its way."""
    if moment is None:
        return
    slider = frame.locator(".wfp-slide input")
    slider.evaluate("(slider, at) => { slider.value = at; slider.oninput(); }", moment - 1)
    slider.press("ArrowRight")
    frame.evaluate("(ms) => passTime(ms)", TRAVEL)
    slider.evaluate("(slider) => slider.blur()")


def browser_path() -> str:
    """Return the path of a Chromium.

    Raises:
        SystemExit: there is none.
    """
    for name in (os.environ.get("CHROMIUM", ""), *BROWSERS):
        if name and (path := shutil.which(name)):
            return path
    raise SystemExit("pictures: no Chromium found: install Chromium or Chrome, or set CHROMIUM to the path of one")


def main(names: list[str]) -> None:
    """Draw the pictures of these names, or all."""
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        raise SystemExit(f"pictures: there is no {unknown[0]!r}; there are {', '.join(PICTURES)}")
    path = browser_path()
    # Before there is a browser: while it is open, this thread counts as running an event loop.
    shots = {name: Shot.of(PICTURES[name].scene) for name in names or PICTURES}
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise SystemExit("pictures: playwright is not installed; run `make setup`, which installs it") from None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for theme in THEMES:
            context = browser.new_context(
                viewport={"width": WIDE + 4 * MARGIN, "height": 900},
                device_scale_factor=SCALE,
                color_scheme=theme,
                bypass_csp=True,  # or the browser could not be asked about the page
            )
            empty = context.new_page()
            for name, shot in shots.items():
                picture = small_png(empty, picture_of(context, name, shot, theme))
                (FOLDER / f"{name}-{theme}.png").write_bytes(picture)
            context.close()
        browser.close()
    write_gallery()


if __name__ == "__main__":
    main(sys.argv[1:])
