"""Runs that are killed: the last one ends with the bits of one that never was."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

PROGRAM = """
import sys, time
import numpy as np
import splitparticles as sp

def score(x):
    time.sleep(0.01)
    bend = x[:, 1] - 0.3 * x[:, 0] ** 2
    return np.column_stack([-x[:, 0] + 0.6 * x[:, 0] * bend, -bend])

def sample(path=None):
    return sp.sample(score, 2, 16, rng=5, checkpoint=path)

def compress(path=None):
    draws = np.random.default_rng(0).normal(size=(40_000, 3))
    return sp.compress(draws, 32, rng=5, checkpoint=path)

if __name__ == "__main__":
    print("begins", flush=True)
    began = time.monotonic()
    result = globals()[sys.argv[1]](sys.argv[2])
    np.save(sys.argv[3], result.positions)
    print(time.monotonic() - began)
"""


@pytest.mark.slow
@pytest.mark.parametrize("door", ["sample", "compress"])
def test_killed_twenty_times_it_ends_with_the_same_bits(tmp_path, door):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, program, door]
    for name in ("warm", "plain"):
        arguments = [tmp_path / name, tmp_path / f"{name}.npy"]
        done = subprocess.run([*command, *arguments], check=True, capture_output=True)
        seconds = float(done.stdout.split()[-1])
    command += [tmp_path / "run", tmp_path / "end.npy"]
    rng, sizes = np.random.default_rng(1), []
    for share in np.linspace(0.0, 0.9, 20) + rng.uniform(0.0, 0.05, 20):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(share * seconds)
            process.send_signal(signal.SIGKILL)
        if (tmp_path / "run").exists():
            sizes.append((tmp_path / "run").stat().st_size)
    assert len(set(sizes)) > 3  # it was killed on the way
    subprocess.run(command, check=True)
    ends = [np.load(tmp_path / f"{name}.npy") for name in ("plain", "end")]
    np.testing.assert_array_equal(*ends)
    records = [(tmp_path / name).read_bytes() for name in ("plain", "run")]
    assert records[0] == records[1]
