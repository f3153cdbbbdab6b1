"""Which names are taken to hold a secret, and what is shown instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "****"
_SECRET_NAME = re.compile(r"key|token|passw|pwd|secret|credential", re.IGNORECASE)


def is_secret_name(name: object) -> bool:
    """Whether a field of this name is taken to hold a secret."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None


def masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with the values of those that are taken to hold a secret replaced."""
    return {name: MASK if is_secret_name(name) else value for name, value in fields.items()}
