"""The shelf of hooks: each attaches at the seam and imports floors 0 to 2 only."""

from wfkit.hooks.recorder import Recorder
from wfkit.hooks.verbose import Verbose

__all__ = ["Recorder", "Verbose"]
