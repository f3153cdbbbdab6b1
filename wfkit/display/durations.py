"""How long things took, in words of one length or as exact as they are worth."""

from __future__ import annotations


def spell_time(seconds: float) -> str:
    """Return how long something took, as the scripts of a playback say it, too (`wfkitLasted`).

    Example:
        assert [spell_time(each) for each in (0.0004, 0.012, 0.42, 3.14, 187, 7500)] == [
            "0.4 ms", "12 ms", "0.42 s", "3.1 s", "3 min 7 s", "2 h 5 min"
        ]
    """
    if 0.00005 <= seconds < 0.00995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms" if seconds <= 0 or seconds >= 0.00005 else "<0.1 ms"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600:,} h {whole % 3_600 // 60} min"


def spell_seconds(seconds: float, minutes: bool = False) -> str:
    """Return a time that goes on, in whole seconds; in whole minutes from an hour on, or if so wished from one on.

    Example:
        assert [spell_seconds(each) for each in (7.9, 187, 7500)] == ["7 s", "3 min 07 s", "2 h 05 min"]
    """
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600 and minutes:
        return f"{whole // 60} min"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02} min"
