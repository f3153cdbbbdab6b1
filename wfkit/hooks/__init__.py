"""The shelf of hooks: each attaches at the seam. Only the two that nearly every program uses are loaded early."""

from wfkit.hooks.recorder import Recorder
from wfkit.hooks.verbose import Verbose

__all__ = ["Recorder", "Verbose"]
