"""Memory: the least of the machine's, the container's and the process's own limit."""

import subprocess
import sys

import pytest

import splitparticles as sp
from splitparticles._validation import memory as memory_file


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Folder of the control group of this process, in a hierarchy made for it."""

    def made(line, folder):
        own = tmp_path / "own"
        own.write_text(f"{line}\n")
        monkeypatch.setattr(memory_file, "OWN_GROUP", own)
        monkeypatch.setattr(memory_file, "GROUPS", tmp_path / "groups")
        path = tmp_path / "groups" / folder
        path.mkdir(parents=True)
        return path

    return made


@pytest.mark.parametrize(
    ("line", "folder", "name"),
    [
        ("0::/", "", "memory.max"),
        ("0::/user.slice/mine", "user.slice/mine", "memory.max"),
        ("0::/user.slice/mine", "user.slice", "memory.max"),
        ("7:memory:/docker/a:b", "memory/docker/a:b", "memory.limit_in_bytes"),
    ],
)
def test_a_container_s_limit_counts(group, line, folder, name):
    path = group(line, folder)
    (path / name).write_text("max\n")
    assert memory_file.memory() > 2**20
    (path / name).write_text(f"{2**20}\n")
    assert memory_file.memory() == 2**20
    with pytest.raises(ValueError, match="this process may have 0.000977 GiB"):
        sp.sample(lambda x: -x, 400)


def test_without_any_group_the_machine_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_file, "OWN_GROUP", tmp_path / "none")
    assert 2**28 < memory_file.memory() < 2**50


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_limit_of_the_process_counts():
    script = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, resource.RLIM_INFINITY))
from splitparticles._validation.memory import memory
assert memory() <= 3 * 2**30, memory()
"""
    subprocess.run([sys.executable, "-c", script], check=True)
