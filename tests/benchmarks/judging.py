"""Shared by the benchmarks: reference posteriors, rulers and the floor.

The reference draws and the rulers are not part of this project; a folder that holds
``rulers.py`` and ``posteriors/targets.py`` is handed over on the command line.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path

import numpy as np

# Energy distance, as a ratio to that of as many iid exact draws, that support points
# fitted to exact Gaussian draws reach: what an oracle gets.
FLOOR_DIMENSIONS = [2, 3, 4, 5, 8, 10, 13, 26]
FLOOR_RATIOS = {
    32: [0.10, 0.17, 0.23, 0.26, 0.31, 0.32, 0.32, 0.38],
    64: [0.10, 0.15, 0.20, 0.24, 0.28, 0.30, 0.31, 0.36],
}


def energy_floor(d: int, n: int = 32) -> float:
    """Energy ratio of n support points, linear in d between known ones."""
    ratios = FLOOR_RATIOS[64 if n >= 64 else 32]
    return float(np.interp(d, FLOOR_DIMENSIONS, ratios))


def load_module(path: Path):
    """Import one file from a folder of the user's."""
    if not path.exists():
        sys.exit(f"{path} is not there; name the folder that holds it")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def reference(folder: Path):
    """Modules ``targets`` and ``rulers`` of the reference folder."""
    folder = Path(folder)
    return (
        load_module(folder / "posteriors" / "targets.py"),
        load_module(folder / "rulers.py"),
    )


def energy_share_of(rulers, draws, n: int):
    """Measure of a set: squared energy distance to draws over that of n of them."""
    known = rulers.Reference(draws)
    iid = known.iid(n)["energy"].mean()

    def share(x: np.ndarray, weights=None) -> float:
        if len(x) == 0 or not np.isfinite(x).all():
            return np.inf
        weights = np.ones(len(x)) if weights is None else weights
        return (known.measure(x, weights)["energy"] / iid) ** 2

    return share


def allowance_used(rulers, known, x: np.ndarray, weights=None) -> dict[str, float]:
    """Shares of what the 'must' accuracy allows; at most one each meets it.

    Worst mean error .03 standard deviations, their ratios .97 to 1.03, error of the
    5 to 95 % quantiles half that of n exact draws, squared energy 1.0 of the floor.
    """
    got = rulers.judge(x, weights, known)
    off = max(1.0 - got["sd_ratio_min"], got["sd_ratio_max"] - 1.0)
    floor = energy_floor(x.shape[1], len(x))
    return {
        "mean": got["mean_error"] / 0.03,
        "sds": off / 0.03,
        "quantiles": got["quantile_error_ratio"] / 0.5,
        "energy": got["energy_ratio"] ** 2 / floor,
    }


def moments_off(draws: np.ndarray, known: np.ndarray) -> str:
    """Worst mean error of draws in standard deviations, and ratios of these."""
    sd = known.std(axis=0)
    mean = np.abs((draws.mean(axis=0) - known.mean(axis=0)) / sd).max()
    ratios = draws.std(axis=0) / sd
    return f"{mean:.3f} {ratios.min():.3f}-{ratios.max():.3f}"


def score_error(draws: np.ndarray, score: np.ndarray, fit) -> float:
    """E|s^ - s|^2 / E|s|^2 at draws (m, d) with scores s, whitened by their covariance.

    Of the emulated score of a `splitparticles.learning.fit.Fit`.
    """
    z = fit.change.to_working(draws)
    s = fit.change.pulled(z, score)
    whitening = np.linalg.cholesky(np.cov(z.T))
    wrong = (fit.emulator.score(z) - s) @ whitening
    return float((wrong**2).sum() / ((s @ whitening) ** 2).sum())


def kept(path: Path) -> dict:
    """Figures that runs so far have kept in a file: {row: {column: figure}}."""
    return json.loads(path.read_text()) if path.exists() else {}


def keep(path: Path, row: str, column: str, figure) -> None:
    """Add one figure to what is kept, by this process or another."""
    table = kept(path)
    table.setdefault(row, {})[column] = figure
    path.write_text(json.dumps(table, indent=1))


class Counted:
    """Log density and score of whole batches; counts rows and calls."""

    def __init__(self, logp_score):
        self.logp_score = forgiving(logp_score)
        self.rows = self.calls = 0

    def __call__(self, z):
        self.rows += len(z)
        self.calls += 1
        return self.logp_score(z)

    def score(self, z):
        """Gradient of the log density."""
        return self(z)[1]


def forgiving(logp_score):
    """Return the same, but -inf and 0 at points where a matrix is singular."""

    def asked(z):
        try:
            return logp_score(z)
        except np.linalg.LinAlgError:
            if len(z) == 1:
                return np.full(1, -np.inf), np.zeros_like(z)
            rows = [asked(row[None]) for row in z]
            return tuple(np.concatenate(parts) for parts in zip(*rows, strict=True))

    return asked


def whitened(logp_score, change):
    """Log density, up to a constant, and score in working coordinates."""

    def inside(z):
        log_density, score = logp_score(change.to_user(z))
        return log_density, score @ change.matrix

    return inside


def finite(values: np.ndarray, largest: float = 1e30) -> np.ndarray:
    """Return the values without anything that is not a number or too large."""
    return np.clip(np.nan_to_num(values), -largest, largest)


def in_jax(logp_score):
    """Log density of one point that JAX can differentiate and map over points."""
    import jax

    def asked(z):
        z = np.asarray(z)
        log_density, score = logp_score(z.reshape(-1, z.shape[-1]))
        log_density = np.where(np.isfinite(log_density), log_density, -np.inf)
        return log_density.reshape(z.shape[:-1]), finite(score, 1e300).reshape(z.shape)

    def forward(z):
        shapes = (jax.ShapeDtypeStruct(shape, z.dtype) for shape in ((), z.shape))
        return jax.pure_callback(asked, tuple(shapes), z, vmap_method="expand_dims")

    log_density = jax.custom_vjp(lambda z: forward(z)[0])
    log_density.defvjp(forward, lambda score, bar: (bar * score,))
    return log_density


def wait_for_idle(patience: float = 5.0) -> None:
    """Return when the machine does next to nothing, or patience ends; Linux only."""
    until = time.monotonic() + patience
    while Path("/proc/stat").exists() and time.monotonic() < until:
        before = _ticks()
        time.sleep(0.1)
        busy, total = _ticks() - before
        if busy <= 0.08 * total:
            return


def _ticks() -> np.ndarray:
    """Ticks of all cores so far, busy and in all."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split()[1:9]]
    return np.array([sum(ticks) - ticks[3] - ticks[4], sum(ticks)])
