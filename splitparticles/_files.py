"""Files that are written whole or not at all."""

import os
import uuid
from pathlib import Path


def written_whole(path: str | os.PathLike, content: bytes) -> None:
    """Write beside `path` and move into place: never half a file."""
    path = Path(path)
    temporary = path.with_name(f"{path.name}.tmp-{uuid.uuid4().hex[:12]}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
