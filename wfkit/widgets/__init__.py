"""Widgets for notebooks. Nothing of Jupyter is loaded before one is made.

In reading order: base (`Panel`: messages, views, the end) and guard (cells that await what is held); fields and forms
(the fields of an event, and back); questions and ask; copies, values, stills and inspector; counts, tree, watched and
view (a debugger's state as small JSON) and debugger. static/ has the scripts and styles.
"""

from __future__ import annotations
