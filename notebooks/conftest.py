"""Run as tests, the notebooks ask no real language model, whatever key the environment holds."""

from __future__ import annotations

import os

os.environ["OPENAI_API_KEY"] = ""
