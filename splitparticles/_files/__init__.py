"""Files that are written whole or not at all, and checkpoints of runs."""

from .checkpoint import Answers, answers
from .journal import CheckpointError, header_of, records_of
from .whole import written_whole

__all__ = [
    "Answers",
    "CheckpointError",
    "answers",
    "header_of",
    "records_of",
    "written_whole",
]
