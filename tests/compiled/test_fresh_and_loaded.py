"""The same bits from code that was compiled in the process and that was loaded."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib
import numpy as np
import splitparticles as sp
from splitparticles.emulator import chains, fit

rng = np.random.default_rng(0)
z = rng.standard_normal((90, 3))
emulator = fit(z, -z + 0.1 * z**2)
moved = chains(emulator, z[:8], steps=20, warmup=20, wall=2.0, rng=0)
p = sp.ParticleSet(rng.standard_normal((30, 3)))
ksd = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x, lambda x, v: -v)
mmd = sp.MMD(sp.Gaussian(1.0), z)
squared = sp.losses.Squared()
network = sp.Network(sp.activations.Tanh(), squared, z, z[:, 0], masses=True)
neurons = sp.ParticleSet(rng.standard_normal((10, network.dim)))
arrays = [
    emulator.coefficients,
    emulator.score(z),
    emulator.score_product(z, z),
    emulator.score_curvature(z, z, z),
    emulator.score_sd(z[:4]),
    moved.positions,
]
for objective, particles in ((ksd, p), (mmd, p), (network, neurons)):
    arrays.append(objective.gradient(particles))
    arrays.append(objective.splitting_matrices(particles))
print([hashlib.sha256(np.ascontiguousarray(a)).hexdigest()[:8] for a in arrays])
"""


@pytest.mark.slow
@pytest.mark.compiles
def test_a_process_that_compiles_and_one_that_loads_give_the_same_bits(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(3)
    ]
    assert outputs[0].count("'") == 2 * 12
    assert len(set(outputs)) == 1
