"""Which names are taken to hold a secret, and what is shown instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "****"
_SECRET_NAME = re.compile(r"key|token|passw|pwd|secret|credential", re.IGNORECASE)

_FAR_ENOUGH = 1_000  # characters of a name that are looked at


def is_secret_name(name: object) -> bool:
    """Whether a field of this name is taken to hold a secret."""
    if isinstance(name, bytes):
        name = name.decode(errors="replace")
    return isinstance(name, str) and _SECRET_NAME.search(name, 0, _FAR_ENOUGH) is not None


def masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with the values of those that are taken to hold a secret replaced."""
    return {name: MASK if is_secret_name(name) else value for name, value in fields.items()}
