"""The rules by which a picture is coloured, scoped to our own pictures: inside a page they reach nothing else."""

from __future__ import annotations

from typing import Final

from wfkit.display.figure import Figure
from wfkit.display.tokens import CODE_FONT, DARK, LIGHT, SMALL, TEXT, UI_FONT

FILLED: Final[tuple[str, ...]] = ("step", "event", "start", "stop", "person")
STATES: Final[tuple[str, ...]] = ("done", "failed", "held", "waiting", "running", "cancelled")
TALLIED: Final[tuple[str, ...]] = ("queued", "retried")

_FIXED: Final = (
    f".wfkit text{{font:{TEXT}px {CODE_FONT};text-anchor:middle;dominant-baseline:central}}"
    f".wfkit .small{{font-size:{SMALL}px}}.wfkit .words{{font-family:{UI_FONT};text-anchor:start}}"
    ".wfkit .remark{text-anchor:middle}"
    ".wfkit .edge{fill:none;stroke-width:1.25}.wfkit .wf-to{marker-end:url(#wf-tip)}"
    ".wfkit .quiet-edge{stroke-dasharray:3 4}"
    ".wfkit .box{stroke-width:1.25}.wfkit .person .box,.wfkit .fold .box,.wfkit .loose .box"
    "{stroke-dasharray:5 4}.wfkit .line{fill:none;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}"
)
# What few pictures need: these rules travel only with those.
_SELDOM: Final = {
    "many": ".wfkit .many{stroke-width:4.25}.wfkit .gap{fill:none;stroke-width:1.75}",
    "resource": ".wfkit .use{stroke-dasharray:1 3.5;stroke-linecap:round}",
    "frame": ".wfkit .frame text{text-anchor:start}",
    "tally": ".wfkit .chip text,.wfkit .took{text-anchor:start}.wfkit .idle{opacity:.45}"
    ".wfkit .step.idle>text{transform:translateY(8px)}"  # nothing stands on the line that is kept free for counts
    ".wfkit .running .box,.wfkit .held .box,.wfkit .waiting .box,.wfkit .failed .box{stroke-width:2}",
}


def style_of(figure: Figure, embedded: bool) -> str:
    """Return the style sheet of a picture.

    Args:
        figure: what is on it; rules for other things are left out.
        embedded: whether a page around it says which colours the tokens have; else it brings both themes itself.
    """
    seldom = [name for name, needed in _needs(figure) if needed]
    fixed = _FIXED + "".join(_SELDOM[name] for name in seldom)
    if embedded:
        return fixed + _colours({name: f"var(--wf-{name})" for name in LIGHT}, seldom)
    return f"{fixed}{_colours(LIGHT, seldom)}@media (prefers-color-scheme:dark){{{_colours(DARK, seldom)}}}"


def _needs(figure: Figure) -> list[tuple[str, bool]]:
    return [
        ("many", any(arrow.kind == "many" for arrow in figure.all_arrows)),
        ("resource", any(shape.is_resource for shape in figure.all_shapes)),
        ("frame", bool(figure.clusters)),
        ("tally", any(shape.tally is not None for shape in figure.all_shapes)),
    ]


def _colours(tokens: dict[str, str], seldom: list[str]) -> str:
    rules = [
        f".wfkit .ground{{fill:{tokens['surface']}}}.wfkit text{{fill:{tokens['ink']}}}",
        f".wfkit .small,.wfkit .words{{fill:{tokens['quiet']}}}.wfkit .edge{{stroke:{tokens['edge']}}}",
        f".wfkit .tip{{fill:{tokens['edge']}}}",
    ]
    for name in FILLED:
        fill, line = tokens[name], tokens[f"{name}-line"]
        rules.append(f".wfkit .{name} .box{{fill:{fill};stroke:{line}}}")
        rules.append(f".wfkit .{name} .solid{{fill:{line}}}.wfkit .{name} .line{{stroke:{line}}}")
    rules.append(f".wfkit .fold .box{{fill:{tokens['raised']};stroke:{tokens['quiet']}}}")
    tallied = TALLIED if "tally" in seldom else ()
    for name in (*STATES, *tallied):
        # After the kinds: the border of an execution tells its state.
        rules.append(f".wfkit .{name} .line{{stroke:{tokens[name]}}}")
    for name in (*STATES[1:], *tallied):
        if name != "retried":
            rules.append(f".wfkit .{name} .box{{stroke:{tokens[name]}}}")
    if tallied:  # a chip has a state of its own, whatever its shape's
        rules += [f".wfkit .chip.{name} .line{{stroke:{tokens[name]}}}" for name in (*STATES, *tallied)]
    if "many" in seldom:
        rules.append(f".wfkit .gap{{stroke:{tokens['surface']}}}")
    if "resource" in seldom:
        rules.append(f".wfkit .resource .box{{fill:{tokens['person']};stroke:{tokens['person-line']}}}")
    if "frame" in seldom:
        rules.append(f".wfkit .frame .box{{fill:{tokens['raised']};stroke:{tokens['line']}}}")
        rules.append(f".wfkit .frame text{{fill:{tokens['quiet']}}}")
    return "".join(rules)
