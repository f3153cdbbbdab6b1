"""Drawings: what a workflow can do and what it did, inline in a notebook or as a file.

A drawing is an object. It has several faces (SVG, HTML, Mermaid, text, a pyvis page), all made from one figure and one
layout, so a flow looks the same everywhere. Nothing here touches the network, and a file is written only when a file
name is given.

In reading order:

what is written:    words, tokens, glyphs
where it stands:    spacing, simplex, ranks, order, backs, align, columns, ports, routes, router, piece, layout
what is on it:      tally, figure; of a run: standing, history, siblings, traces, execution, run_figure
how it looks:       style, legend, svg, mermaid, text
how it lives:       squeeze, frame, network; static/ has the scripts and styles
how a run plays:    atlas, payloads, moments, timeline, summary, story
how a run is told:  progress, status, live, failure
what people call:   files, drawing, playback, draw, bundles
"""

from __future__ import annotations

from wfkit.display.bundles import graph_bundle, handler_bundle, register_with_ipython, workflow_bundle
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
    "graph_bundle",
    "handler_bundle",
    "register_with_ipython",
    "workflow_bundle",
]
