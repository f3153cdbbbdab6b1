"""Drawings: what a workflow can do and what it did, inline in a notebook or as a file.

A drawing is an object. It has several faces (SVG, HTML, Mermaid, text, a pyvis page), all made from one figure and one
layout, so a flow looks the same everywhere. Nothing here touches the network, and a file is written only when a file
name is given.

In reading order: words and tokens; layout with ranks, order, backs, columns and routes; figure; history, siblings and
execution; svg, mermaid, text, html and network; files, drawing, draw and bundles.
"""

from __future__ import annotations

from wfkit.display.bundles import handler_bundle, register_with_ipython, workflow_bundle
from wfkit.display.draw import (
    draw_all_possible_flows,
    draw_all_possible_flows_mermaid,
    draw_most_recent_execution,
)
from wfkit.display.drawing import Drawing

__all__ = [
    "Drawing",
    "draw_all_possible_flows",
    "draw_all_possible_flows_mermaid",
    "draw_most_recent_execution",
    "handler_bundle",
    "register_with_ipython",
    "workflow_bundle",
]
