"""Result of a run: particles, how they came about, and why the run ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .._validation import as_callable, as_count, as_rng, as_rows, checked_names
from ..draws.draws import Draws
from ..draws.nearest import nearest_draws
from ..particles import ParticleSet
from ..stop import Stop
from . import exports, result_files
from .expectation import ExpectationError, expectation_error
from .outcome import Outcome
from .round import Round
from .summary import summary


@dataclass(frozen=True, eq=False)
class Result(Outcome):
    """The outcome of `sample`, `compress` or `descend`.

    Mean, covariance and the like are those of the particles; see `ParticleSet`.
    """

    particles: ParticleSet
    """The particles, in the user's own coordinates."""
    value: float
    """The objective at the end, half a squared discrepancy; inf if never evaluated."""
    rounds: list[Round]
    """What happened, a `Round` each."""
    parents: np.ndarray
    """Row from which each particle was split, -1 for a root, (n,)."""
    stop: Stop
    """Why the run ended."""
    n_score_evals: int = 0
    """Rows ever passed to the score."""
    n_score_calls: int = 0
    """Calls in which they were passed; 0 where no front door counted them."""
    names: list[str] | None = None
    """Names of the coordinates."""
    warnings: list[str] = field(default_factory=list)
    """What the run itself saw that should worry the reader."""
    preconditioner: object = None
    """The working coordinates, a `Preconditioner`; None where there were none."""
    compressed: Draws | None = None
    """The draws that were compressed; None without any."""
    sampler: Callable | None = None
    """(m, rng) -> draws (m, d) of the emulator; None without one."""
    emulator_error: float = np.nan
    """Mean of ``|s^ - s|^2 / max(d, |s|^2)`` at fresh rows; nan without an emulator."""
    log_evidence: float = np.nan
    """Log integral of exp(log_density); nan without one of these, as what follows."""
    pareto_k: float = np.nan
    """Tail of the importance weights: above 0.7 the emulator misses something."""
    effective_draws: float = np.nan
    """Effective number of the 1024 draws that have these weights."""
    past: list[tuple[int, float]] = field(default_factory=list)
    """The `history` of a result that was loaded, which has no rounds."""
    unconstrained: "Result | None" = None
    """The run in its own coordinates, where a model or `mapped` changed these."""
    coords: Mapping[str, Sequence] = field(default_factory=dict)
    """Labels of the dimensions of the parameters, as ArviZ has them."""
    dims: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Dimensions of each parameter, as ArviZ has them."""

    def mapped(self, change: Callable, names: list[str] | None = None) -> "Result":
        """Return the same run with its particles mapped by a function.

        Parameters
        ----------
        change : callable
            (n, d) -> (n, m), row by row: from the coordinates of the run to those of
            interest, such as ``to_user`` of one of `splitparticles.transforms`.
        names : list of str, optional
            Of the m new coordinates.

        Examples
        --------
        >>> import numpy as np, splitparticles as sp
        >>> rate = sp.transforms.Positive()
        >>> gamma = rate.target(lambda x: 2.0 * np.log(x[:, 0]) - 2.0 * x[:, 0])
        >>> result = sp.sample(gamma.score, [0.0], 32).mapped(rate.to_user, ["rate"])
        >>> result.mean().round(1), result.names
        (array([1.5]), ['rate'])
        """
        as_callable(change, "change", "(n, d) -> (n, m)")

        def image(particles):
            return particles.moved_to(change(particles.positions.copy()))

        def sampler(m, rng):
            return change(self.draws(m, chains=1, rng=rng))

        rounds = [r._replace(particles=image(r.particles)) for r in self.rounds]
        particles = image(self.particles)
        names = checked_names(names, particles.dim)
        return replace(
            self,
            particles=particles,
            rounds=rounds,
            names=names,
            preconditioner=None,
            compressed=None,
            sampler=None if self.sampler is None else sampler,
            unconstrained=self,
        )

    # ------------------------------------------------------------ short names
    @property
    def discrepancy(self) -> float:
        """Return ``sqrt(2 value)``."""
        return float(np.sqrt(max(2.0 * self.value, 0.0)))

    @property
    def n_rounds(self) -> int:
        """Number of rounds."""
        return len(self.history)

    @property
    def history(self) -> list[tuple[int, float]]:
        """Number of particles and value of each round."""
        return [(len(r.particles), r.value) for r in self.rounds] or self.past

    def draws(self, m: int, *, chains: int = 4, rng=None) -> np.ndarray:
        """Draws of the emulator (m, d), at no row of the score.

        They are exchangeable: any `chains` equal parts of them are chains.  A linear
        map gives them the mean and the covariance that the particles have.  ValueError
        when the run had no emulator.
        """
        if self.sampler is None:
            raise ValueError(
                "only a result of sample with an emulator has draws; "
                "resample() takes points from the particles"
            )
        m, _ = as_rows(m, "m", self.particles.dim), as_count(chains, "chains")
        return self.sampler(m, as_rng(rng))

    def expectation_error(self, f, draws) -> ExpectationError:
        r"""Error of `expect`, by draws that were not compressed.

        Parameters
        ----------
        f : callable
            (m, d) -> (m,) or (m, k), as for `expect`.
        draws : array_like, shape (N, d)
            Not those that were compressed: the particles were fitted to them.

        Returns
        -------
        ExpectationError
            Value, difference to the mean over the draws, that mean's standard error,
            and the most that any f of norm one can be off, in the space of the kernel
            in working coordinates: the discrepancy.

        Raises
        ------
        ValueError
            When draws or what f returns do not have the right shape.

        Examples
        --------
        >>> import numpy as np, splitparticles as sp
        >>> draws = np.random.default_rng(0).normal(size=(4000, 2))
        >>> result = sp.compress(draws[:2000], 32, weights="optimal")
        >>> found = result.expectation_error(lambda x: np.cos(x[:, 0]), draws[2000:])
        >>> bool(abs(found.difference) < 0.03), bool(found.standard_error < 0.02)
        (True, True)
        """
        return expectation_error(self.particles, self.discrepancy, f, draws)

    def nearest_rows(self) -> np.ndarray:
        """Rows of the n draws that stand in for the particles, (n,).

        See `nearest_draws`.
        """
        return self._nearest()[0]

    def nearest_draws(self) -> np.ndarray:
        """Distinct draws that stand in for the particles, one for each, (n, d).

        Of all ways to give each particle a draw of its own, the one that moves them
        least: it minimises the sum of squared distances in the working coordinates.
        The weights are those of the particles.

        Raises
        ------
        ValueError
            When the result is not one of `compress`, or there are fewer distinct draws
            than particles.

        Examples
        --------
        >>> import splitparticles as sp
        >>> result = sp.compress([[0.0], [0.1], [1.0], [1.1]], 2)
        >>> sorted(result.nearest_draws().ravel().tolist())
        [0.0, 1.1]
        """
        return self._nearest()[1]

    def _nearest(self):
        if self.compressed is None:
            raise ValueError("only a result of compress has draws to choose from")
        return nearest_draws(self.compressed, self.preconditioner, self.positions)

    def plot(self, ax=None, **options):
        """Draw a corner plot of all coordinates, `splitparticles.plotting.corner`.

        With `ax`, the particles into it: `splitparticles.plotting.particles`.  Returns
        what these return, an array of axes or `ax`.
        """
        from .. import plotting

        if ax is None:
            return plotting.corner(self, **options)
        return plotting.particles(self, ax=ax, **options)

    def __repr__(self) -> str:
        return summary(self).text()

    def _repr_html_(self) -> str:
        return summary(self).html()

    @property
    def labels(self) -> list[str]:
        """Names of the coordinates, x0, x1, ... where none were given."""
        return self.names or [f"x{k}" for k in range(self.particles.dim)]

    # ----------------------------------------------------------------- out
    def to_dataframe(self):
        """Positions and weights as a pandas data frame (pandas has to be there)."""
        import pandas

        frame = pandas.DataFrame(self.positions.copy(), columns=self.labels)
        return frame.assign(weight=self.weights)

    def to_dict(self) -> dict[str, np.ndarray]:
        """Parameters of the particles by name, (n, ...), and ``weight``, (n,).

        Columns ``theta[0]``, ``theta[1]``, ... are one array theta.
        """
        return exports.to_dict(self)

    def to_xarray(self):
        """`to_dict` as an xarray Dataset over ``particle`` (xarray has to be there)."""
        return exports.to_xarray(self)

    def to_arviz(self, n_draws: int = 1000, *, rng=None, coords=None, dims=None):
        """Draws and particles for ArviZ (0.2x or 1.x has to be there).

        The group ``posterior`` has equally weighted draws in four chains: those of the
        emulator where the run had one, whose effective sizes are then honest, or else
        particles in random order, ``sample_stats/particle`` saying which.  The groups
        ``particles`` and ``particle_stats`` have the particles and their weights.

        Parameters
        ----------
        n_draws : int
            In all chains together, four at least.
        rng : None, int, Generator, optional
            Anything ``np.random.default_rng`` takes.
        coords, dims : dict, optional
            As ArviZ has them; those of the model when left out.

        Returns
        -------
        DataTree or InferenceData
            The former with ArviZ 1.
        """
        n_draws, rng = as_count(n_draws, "n_draws", exports.CHAINS), as_rng(rng)
        coords = self.coords if coords is None else coords
        return exports.to_arviz(
            self, n_draws, rng, coords, self.dims if dims is None else dims
        )

    def save(self, path) -> None:
        """Write particles, value, tree, names and warnings to an ``.npz`` file.

        Written beside the target and moved into place: never half a file.  Of the
        rounds the `history` is kept.  What is no regular file, such as a pipe, is
        written to.

        Raises
        ------
        OSError
            When the file cannot be written; an old one is left as it was.
        ValueError
            When `load` would refuse the file.
        """
        result_files.write(path, self)
