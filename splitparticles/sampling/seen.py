"""Rows of a score that are known before a run, from an old one."""

import os

import numpy as np

from .._files import records_of
from .._validation import as_positions

SAME = 1e-6  # relative difference of the score at one of them, asked again


def seen_rows(seen, d: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows (N, d) and their scores, from a pair of arrays or a checkpoint."""
    if seen is None:
        return None
    if isinstance(seen, (str, os.PathLike)):
        pairs = [
            tuple(map(np.atleast_2d, arrays))
            for facts, arrays in records_of(seen)
            if facts.get("kind") == "score"
        ]
        if not pairs:
            raise ValueError(f"seen: {seen} has no rows of a score")
        x, s = (np.vstack(arrays).astype(float) for arrays in zip(*pairs, strict=True))
        finite = np.isfinite(s).all(axis=1)
        x, s = x[finite], s[finite]
    elif isinstance(seen, (list, tuple)) and len(seen) == 2:
        x, s = seen
    else:
        raise TypeError(f"seen must be a checkpoint or (rows, scores), got {seen!r}")
    x, s = as_positions(x, "rows of seen", d), as_positions(s, "scores of seen", d)
    if len(x) != len(s):
        raise ValueError(f"seen must have a score a row, got {len(x)} and {len(s)}")
    return x, s


def check_seen(score, x: np.ndarray, s: np.ndarray) -> None:
    """Refuse rows of another score, by asking one of them again."""
    middle = np.argsort(np.linalg.norm(s, axis=1))[len(s) // 2]
    asked = score(x[[middle]])[0]
    if not np.allclose(
        asked, s[middle], rtol=SAME, atol=SAME * np.abs(s[middle]).max()
    ):
        raise ValueError(
            f"seen must be of this score, which is {asked} at {x[middle]}, where seen "
            f"has {s[middle]}"
        )


def flattest(x: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Row whose score is the smallest in standard deviations of scores: by a mode."""
    width = np.maximum(np.median(np.abs(s), axis=0), 1e-300)
    return x[np.argmin(np.linalg.norm(s / width, axis=1))]
