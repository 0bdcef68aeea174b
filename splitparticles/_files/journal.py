"""Journal: a file of records to which more are added, each whole or not at all.

A record is an object of JSON and arrays of numbers, with a checksum.  What a stopped
process left of one at the end is cut off when the file is opened again.  When one finds
no room, none after it is kept.
"""

import json
import os
import stat
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import prod

import numpy as np

from .whole import written_whole

MAGIC = b"splitparticles journal 1\n"

HEAD = struct.Struct("<IQI")  # lengths of the object and of the arrays, checksum

KINDS = "<f8", "<f4", "<i8", "|b1"  # of arrays

LARGEST = 2**30  # bytes of a journal; what comes later is not kept

SYNC = 0.1  # seconds of records that a power cut may take


class CheckpointError(ValueError):
    """A file is no journal, or another process writes to it."""


class Journal:
    """Records on disk.  The first is the header; a new journal is written whole.

    Parameters
    ----------
    path : str or path
        Of a regular file, or of none yet.
    header : dict
        Of JSON, for a new journal.

    Raises
    ------
    CheckpointError
        When the file is no journal, or in use.
    OSError
        When it cannot be read or written.
    """

    def __init__(self, path, header: dict):
        if not os.path.lexists(path):
            written_whole({path: MAGIC + _packed(header, [])})
        self.path = path
        self.header = header_of(path)
        self._file = open(path, "r+b", buffering=0)  # noqa: SIM115, closed by close()
        self._synced, self._is_full = time.monotonic(), False
        try:
            _lock(self._file, path)
            self._next = self._cut_to_the_last_whole_record()
        except BaseException:
            self._file.close()
            raise

    def _cut_to_the_last_whole_record(self) -> int:
        """Offset of the record after the header."""
        self._file.seek(0)
        ends = [end for *_, end in _records(self._file)]
        self._end = ends[-1]
        self._file.truncate(self._end)
        return ends[0]

    def close(self) -> None:
        """Write all to the disk, and let others open the file."""
        with suppress(OSError):
            os.fsync(self._file.fileno())
        self._file.close()

    def read(self) -> tuple[dict, list[np.ndarray]] | None:
        """Next record of those that were there; None after the last."""
        if self._next >= self._end:
            return None
        self._file.seek(self._next)
        facts, arrays, self._next = next(_records(self._file, has_magic=False))
        return facts, arrays

    def add(self, facts: dict, arrays: Sequence[np.ndarray]) -> bool:
        """Add a record after the last; whether there was room for it and all before."""
        content = _packed(facts, arrays)
        self._is_full |= self._end + len(content) > LARGEST
        if self._is_full:  # a later one that fits would leave a gap
            return False
        self._file.seek(self._end)
        try:
            if self._file.write(content) != len(content):
                raise OSError(f"{self.path} took a part of a record only: disk full?")
            if time.monotonic() - self._synced > SYNC:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except BaseException:
            with suppress(OSError):
                self._file.truncate(self._end)
            raise
        self._end += len(content)
        self._next = self._end
        return True


def header_of(path) -> dict:
    """Header of a journal."""
    for facts, _ in records_of(path):
        return facts
    raise CheckpointError(f"{path} is no checkpoint: it has no header")


def records_of(path) -> Iterator[tuple[dict, list[np.ndarray]]]:
    """Records of a journal, that of the header first."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise CheckpointError(f"{path} is no regular file, as a checkpoint is")
    with open(path, "rb") as file:
        for facts, arrays, _ in _records(file):
            yield facts, arrays


def _records(file, *, has_magic=True) -> Iterator[tuple[dict, list[np.ndarray], int]]:
    """Whole records from where a file is, and the offsets after them."""
    if has_magic and file.read(len(MAGIC)) != MAGIC:
        raise CheckpointError(f"{file.name} is no checkpoint of this version")
    while len(head := file.read(HEAD.size)) == HEAD.size:
        n, m, checksum = HEAD.unpack(head)
        if n + m > LARGEST:
            return
        content = file.read(n + m)
        if len(content) < n + m or zlib.crc32(content) != checksum:
            return
        facts = json.loads(content[:n])
        yield facts["facts"], _unpacked(facts["arrays"], content[n:]), file.tell()


def _packed(facts: dict, arrays: Sequence[np.ndarray]) -> bytes:
    """Content of a record."""
    kinds = [[array.dtype.str, array.shape] for array in arrays]
    text = json.dumps({"facts": facts, "arrays": kinds}).encode()
    content = text + b"".join(array.tobytes() for array in arrays)
    head = HEAD.pack(len(text), len(content) - len(text), zlib.crc32(content))
    return head + content


def _unpacked(kinds: list, content: bytes) -> list[np.ndarray]:
    """Arrays in the content of a record."""
    arrays, first = [], 0
    for kind, shape in kinds:
        if kind not in KINDS:
            raise CheckpointError(f"an array of kind {kind} is in no checkpoint")
        count = prod(shape)
        array = np.frombuffer(content, kind, count, first).reshape(shape).copy()
        arrays.append(array)
        first += array.nbytes
    return arrays


def _lock(file, path) -> None:
    """Keep other processes from the same journal, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CheckpointError(f"{path} is in use by another run") from None
