"""The colours and measures of every drawing, in one place. Change them here, not in one drawing."""

from __future__ import annotations

from typing import Final

LIGHT: Final[dict[str, str]] = {
    "surface": "#ffffff",
    "raised": "#f6f7f9",
    "ink": "#1b2430",
    "quiet": "#5b6675",
    "line": "#c6cdd6",
    # An edge carries meaning, so it keeps 3:1 against the surface, which a mere border need not.
    "edge": "#8390a0",
    "step": "#eaf1fb",
    "step-line": "#4b7bb5",
    "event": "#eef6ee",
    "event-line": "#5d9467",
    "start": "#e3f3ea",
    "start-line": "#2f855a",
    "stop": "#fbeee8",
    "stop-line": "#9b4d2f",
    "person": "#f6f7f9",
    "person-line": "#5b6675",
    "queued": "#707b8a",
    "held": "#a86f00",
    "running": "#2b6cb0",
    "waiting": "#7b5cc4",
    "retried": "#a0621b",
    "done": "#2f855a",
    "failed": "#c53030",
    "cancelled": "#6b7685",
}

DARK: Final[dict[str, str]] = {
    "surface": "#111418",
    "raised": "#1a1f26",
    "ink": "#e6eaf0",
    "quiet": "#9aa6b5",
    "line": "#3a4452",
    "edge": "#6f7c8d",
    "step": "#1c2b40",
    "step-line": "#7fb0ea",
    "event": "#1d2f22",
    "event-line": "#86c492",
    "start": "#17302a",
    "start-line": "#68c491",
    "stop": "#38231b",
    "stop-line": "#e0906f",
    "person": "#1a1f26",
    "person-line": "#9aa6b5",
    "queued": "#8a94a3",
    "held": "#f0b429",
    "running": "#63b3ed",
    "waiting": "#b09af0",
    "retried": "#e3a35c",
    "done": "#68c491",
    "failed": "#fc8181",
    "cancelled": "#8a94a3",
}

CODE_FONT: Final = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
UI_FONT: Final = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"

TEXT: Final = 13
SMALL: Final = 11
# Width of one column of the monospaced fonts above, as a part of the font size; the widest of them has 0.602.
COLUMN: Final = 0.61


def themed_css(scope: str = ":root") -> str:
    """Return the colours as CSS variables `--wf-...` on an element, light or dark.

    Its attribute `data-theme` decides, "light" or "dark"; without one the reader's preference does.

    Args:
        scope: a selector of the element.
    """
    light, dark = _declared(LIGHT), _declared(DARK)
    return (
        f"{scope}{{color-scheme:light;{light}}}"
        f"@media (prefers-color-scheme:dark){{{scope}:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f"{scope}[data-theme=dark]{{color-scheme:dark;{dark}}}"
    )


def _declared(colours: dict[str, str]) -> str:
    return ";".join(f"--wf-{name}:{value}" for name, value in colours.items())
