"""Files that are written whole or not at all."""

import os
import stat
import uuid
from contextlib import suppress
from functools import partial
from pathlib import Path

DESCRIPTORS = "/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"


def written_whole(contents: dict[str | os.PathLike, bytes]) -> None:
    """Write each content beside its path, then move all into place: never half a file.

    Only regular files are replaced, through symbolic links, and keep their modes;
    devices, pipes and open descriptors are written to.
    """
    moves = []
    try:
        for path, content in contents.items():
            if _is_replaceable(path):
                target = Path(os.path.realpath(path))
                name = f"{target.name}.tmp-{uuid.uuid4().hex[:12]}"
                moves.append((target.with_name(name), target))
                _write_new(*moves[-1], content)
        for path, content in contents.items():
            if not _is_replaceable(path):
                with open(path, "ab") as file:
                    file.write(content)
        for temporary, target in moves:
            os.replace(temporary, target)
    except BaseException:
        for temporary, _ in moves:
            temporary.unlink(missing_ok=True)
        raise


def _is_replaceable(path) -> bool:
    """Whether there is a regular file, or nothing."""
    if os.path.abspath(path).startswith(DESCRIPTORS):
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return True


def _write_new(temporary, target, content) -> None:
    """Write a file that replaces another, whose mode it gets before its content."""
    mode = None
    with suppress(FileNotFoundError):
        mode = stat.S_IMODE(os.stat(target).st_mode)
    opener = partial(os.open, mode=0o666 if mode is None else mode & 0o600)
    with open(temporary, "xb", opener=opener) as file:
        if mode is not None:
            os.chmod(temporary, mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
