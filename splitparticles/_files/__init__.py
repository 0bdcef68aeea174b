"""Files that are written whole or not at all, and checkpoints of runs."""

from .checkpoint import Answers, answers
from .whole import written_whole

__all__ = ["Answers", "answers", "written_whole"]
