"""Widgets for notebooks. Nothing of Jupyter is loaded before one is made.

In reading order: base (`Panel`: messages, views, the end) and guard (cells that await what is held); spelling, fields,
reading and forms (the fields of an event, and back); questions, family and ask; copies, values, stills and inspector;
counts, tree, watched and view (a debugger's state as small JSON), clicks and debugger. static/ has the scripts and
styles.
"""

from __future__ import annotations
