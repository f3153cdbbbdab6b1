"""The colours can be read: text against its ground 4.5 to 1, lines and signs 3 to 1."""

from __future__ import annotations

import pytest

from wfkit.display.tally import TALLY_STATES
from wfkit.display.tokens import DARK, LIGHT, themed_css

THEMES = {"light": LIGHT, "dark": DARK}
KINDS = ("step", "event", "start", "stop", "person")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["surface", "raised", *KINDS])
def test_text_can_be_read_on_every_ground(theme: str, ground: str) -> None:
    colours = THEMES[theme]
    assert contrast(colours["ink"], colours[ground]) >= 7
    assert contrast(colours["quiet"], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_lines_can_be_seen(theme: str) -> None:
    colours = THEMES[theme]
    assert contrast(colours["edge"], colours["surface"]) >= 3
    for kind in KINDS:
        assert contrast(colours[f"{kind}-line"], colours["surface"]) >= 3, kind


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", TALLY_STATES)
def test_the_sign_of_a_state_can_be_seen_on_a_step_and_beside_it(theme: str, state: str) -> None:
    colours = THEMES[theme]
    for ground in ("step", "surface", "raised"):
        assert contrast(colours[state], colours[ground]) >= 3, ground


def test_both_themes_have_the_same_names() -> None:
    assert set(LIGHT) == set(DARK)


def test_an_attribute_decides_and_else_the_reader() -> None:
    css = themed_css(".here")
    assert css.startswith(".here{color-scheme:light;")
    assert "@media (prefers-color-scheme:dark){.here:not([data-theme=light]){" in css
    assert css.endswith("}")
    assert f"--wf-ink:{DARK['ink']}" in css.rpartition(".here[data-theme=dark]")[2]
