"""The small signs on shapes: paths of 12 by 12 around (0, 0). State is never told by colour alone."""

from __future__ import annotations

from typing import Final

GLYPHS: Final[dict[str, str]] = {
    "start": '<path class="solid" d="M-3.5-5 5 0-3.5 5Z"/>',
    "stop": '<rect class="solid" x="-4.5" y="-4.5" width="9" height="9" rx="1.5"/>',
    "person": '<path class="line" d="M-5.5 6C-5.5-.5 5.5-.5 5.5 6Z"/><circle class="line" cy="-3" r="2.8"/>',
    "queued": '<path class="line" d="M-4.5 0h.01M0 0h.01M4.5 0h.01"/>',
    "held": '<path class="line" d="M-2.5-4.5v9M2.5-4.5v9"/>',
    "running": '<path class="line" d="M5 0A5 5 0 1 1 0-5"/>',
    "waiting": '<path class="line" d="M-4-5H4M-4 5H4M-3-5C-3-1 3 1 3 5M3-5C3-1-3 1-3 5"/>',
    "failed": '<path class="line" d="M-4-4 4 4M4-4-4 4"/>',
    "retried": '<path class="line" d="M4.3-2.5A5 5 0 1 0 5 0M5-5.5V-2.3H1.8"/>',
    "done": '<path class="line" d="M-5 .5-1.5 4 5-4"/>',
    "cancelled": '<path class="line" d="M5 0A5 5 0 1 1-5 0 5 5 0 1 1 5 0ZM-3.5 3.5 3.5-3.5"/>',
}
