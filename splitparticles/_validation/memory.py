"""Memory that this process may have: the machine's, its container's, its own limit."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

UNKNOWN = 2**40  # bytes, of a machine that does not say how many it has

GROUPS = Path("/sys/fs/cgroup")  # of Linux: containers are groups of processes

OWN_GROUP = Path("/proc/self/cgroup")


def memory() -> float:
    """Bytes that this process may have, by the least of its limits."""
    return min(_limits(), default=float(UNKNOWN))


def _limits() -> Iterator[float]:
    with suppress(AttributeError, ValueError, OSError):  # Windows
        yield float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    if sys.platform != "win32":
        import resource

        own = resource.getrlimit(resource.RLIMIT_AS)[0]
        if own != resource.RLIM_INFINITY:
            yield float(own)
    for folder in _groups():
        for name in ("memory.max", "memory.limit_in_bytes"):
            # ValueError: "max", where a group has no limit
            with suppress(ValueError, OSError):
                yield float((folder / name).read_text())


def _groups() -> Iterator[Path]:
    """Folders of the groups of this process, the outermost last."""
    lines: list[str] = []
    with suppress(OSError):
        lines = OWN_GROUP.read_text().splitlines()
    for line in lines:  # such as 0::/user.slice or 5:memory:/docker
        _, kind, path = line.split(":", 2)
        if kind in ("", "memory"):
            own = (GROUPS / kind) / path.lstrip("/")
            yield from (own, *own.parents[: len(own.parts) - len(GROUPS.parts)])
