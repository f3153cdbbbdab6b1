"""The debugger: stops a run, shows it, changes it, goes on step by step, back, and along another way.

To read it, begin with what it is about: `stops` (a moment of a run), `breakpoints`, `holds` (what is held). Then how it
moves: `holding` (when it holds, and when the run rests), `scribe` and `writing` (how a stop is taken down), `past` (the
stops that are kept). Then what one can do: `commands` with `which`, `changes`, `coming` and `handover`, `audience` (who
waits and watches), `forking`, `comparison`, `telling` (the log), and `debugger`, which is all of it.
"""

from wfkit.hooks.debugger.breakpoints import Breakpoint
from wfkit.hooks.debugger.comparison import Comparison
from wfkit.hooks.debugger.debugger import Debugger
from wfkit.hooks.debugger.stops import Delivery, Stop

__all__ = ["Breakpoint", "Comparison", "Debugger", "Delivery", "Stop"]
