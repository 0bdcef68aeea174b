r"""Signed split: children of negative weight, where no positive split helps.

A split into children of relative weights :math:`s_k` that sum to one, at offsets
:math:`e\,\delta_k` with :math:`\sum_k s_k \delta_k = 0`, changes F by
:math:`\tfrac12 e^2 \sum_k s_k\, \delta_k^T S \delta_k`.  With negative weights allowed,
as long as :math:`\sum_k |s_k| \le c`, it can fall whichever sign the eigenvalues of the
splitting matrix have (Wu, Ye, Lei, Lee and Liu, key ``WYLLL20`` in
docs/references.bib).  The best splits, for offsets of length one at most:

=================  ==========================================  =========================
split              sum over children                           children
=================  ==========================================  =========================
binary             lambda_min                                  1/2, 1/2 at +-v_min
signed binary      -(c - 1)/(c + 1) lambda_max                 (c + 1)/2 at
                                                               (c - 1)/(c + 1) v_max,
                                                               -(c - 1)/2 at v_max
triplet            (c + 1)/2 lambda_min                        (c + 1)/4 at +-v_min,
                                                               -(c - 1)/2 at 0
signed triplet     -(c - 1)/2 lambda_max                       (c + 1)/2 at 0,
                                                               -(c - 1)/4 at +-v_max
mixed triplet      2c/(c + 1) lambda_min                       (c + 1)/4 at g v_max
                   - (c - 1)/(c + 1) lambda_max                +- (1 - g^2)^(1/2) v_min,
                                                               -(c - 1)/2 at v_max
quartet            (c + 1)/2 lambda_min - (c - 1)/2 lambda_max (c + 1)/4 at +-v_min,
                                                               -(c - 1)/4 at +-v_max
=================  ==========================================  =========================

with g = (c - 1)/(c + 1).  The mixed triplet is the best one where eigenvalues have both
signs; it is ours, found by brute force (tests/growth/test_signed_split.py).

Signed weights are fit for quadrature and networks; such particles are not draws.
"""

from dataclasses import dataclass

import numpy as np

from .._validation import as_count, as_positive, as_rng, as_share, check_fields
from .candidates import Candidate, Candidates, split_apart
from .eigenpairs import splitting_spectra, steepest_directions
from .growth import Grown, nothing_grew
from .splits import search_steps


@dataclass(frozen=True, kw_only=True)
class SignedSplit:
    """Split particles into children of either sign.

    Parameters
    ----------
    total : float
        Bound c > 1 on the sum of the children's absolute weights, for a parent of
        weight one.
    most : int
        New particles that a split may add: 1 for binary splits, 2 for triplets too, 3
        for quartets.
    fraction : float
        Share of the particles that may split in a round, those that gain most.
    trials : int
        Steps tried, each the same for all splits.

    Examples
    --------
    A particle that is stable for positive weights:

    >>> import numpy as np, splitparticles as sp
    >>> two = sp.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [0.1, 0.1])
    >>> F = sp.KSD(sp.Gaussian(0.1**0.5), two.score, two.score_product)
    >>> one, rng = sp.ParticleSet([[0.0]]), np.random.default_rng(0)
    >>> sp.SteepestSplit()(F, one, 1, rng).stable
    True
    >>> grown = sp.SignedSplit()(F, one, 1, rng)
    >>> grown.particles.weights, F.value(grown.particles) < F.value(one)
    (array([ 2., -1.]), True)
    """

    total: float = 3.0
    most: int = 3
    fraction: float = 1.0
    trials: int = 8

    def __post_init__(self):
        check_fields(
            self, total=as_positive, most=as_count, fraction=as_share, trials=as_count
        )
        if self.total <= 1.0:
            raise ValueError(f"total must be above 1, got {self.total}")
        if self.most > 3:
            raise ValueError(f"most must be 1, 2 or 3, got {self.most}")

    def __call__(self, objective, particles, limit, rng):
        """Split the best candidates; at most `limit` new particles."""
        most = min(self.most, limit)
        splits, least, stable = self._offered(objective, particles, most, rng)
        chosen = self._chosen(splits, limit, len(particles))
        now = objective.value(particles)
        if not chosen or not np.isfinite(now):
            return nothing_grew(particles, least, stable=stable)

        def change(steps):
            grown, _ = split_apart(particles, chosen, steps[0])
            return objective.value(grown) - now

        # one step for all splits: children of either sign interact strongly
        curvature = np.array([sum(split.curvature for split in chosen)])
        gain = max(now, 1e-300) * len(chosen) / len(particles)
        (step,), (fall,) = search_steps(change, curvature, gain, self.trials)
        if not fall < 0.0:
            return nothing_grew(particles, least)
        grown, parents = split_apart(particles, chosen, step)
        of_parent = {split.parent: split.curvature for split in chosen}
        return Grown(
            grown,
            parents,
            predicted=float(0.5 * step**2 * curvature[0]),
            expected=float(fall),
            splitting_index=np.array([of_parent[i] for i in parents]),
            least_index=least,
            steps=np.full(len(parents), step),
        )

    def candidates(self, objective, particles, rng):
        """Best split of each particle that has one, its sign included."""
        return self._offered(objective, particles, self.most, rng)

    def _offered(self, objective, particles, most, rng) -> Candidates:
        """Best split of each particle into at most 1 + `most` children."""
        values, vectors = splitting_spectra(objective, particles)
        finite = np.isfinite(values).all()
        stable, least = bool(finite and not values.any()), float(values.min())
        values, rng = np.nan_to_num(values), as_rng(rng)
        low, down = steepest_directions(values, vectors, rng)
        # the largest eigenvalue of S is minus the least of -S
        high, up = steepest_directions(-values[:, ::-1], vectors[:, :, ::-1], rng)
        extremes = zip(low, -high, down, up, strict=True)
        best = [_best_split(*of_one, self.total, most) for of_one in extremes]
        splits = [
            Candidate(i, curvature, np.array(shares), np.stack(offsets))
            for i, (curvature, shares, offsets) in enumerate(best)
            if curvature < 0.0
        ]
        return Candidates(splits, least, stable)

    def _chosen(self, splits, limit, many) -> list[Candidate]:
        """Splits to make, by falling gain for each new particle."""
        gains = [split.curvature / (len(split.shares) - 1) for split in splits]
        room = limit
        chosen: list[Candidate] = []
        for j in np.argsort(gains, kind="stable"):
            if len(chosen) >= max(1, round(self.fraction * many)):
                break
            added = len(splits[j].shares) - 1
            if added <= room:
                chosen.append(splits[j])
                room -= added
        return chosen


def _best_split(low, high, down, up, c, most):
    """Sum over children, their relative weights and offsets, of the best split.

    Curvatures `low` and `high` belong to the unit vectors `down` and `up`.
    """
    zero, share = np.zeros_like(up), (c - 1.0) / (c + 1.0)
    a, b = 0.25 * (c + 1.0), 0.25 * (c - 1.0)
    splits = [
        (low, [0.5, 0.5], [down, -down]),
        (-share * high, [2.0 * a, -2.0 * b], [share * up, up]),
        (2.0 * a * low, [-2.0 * b, a, a], [zero, down, -down]),
        (-2.0 * b * high, [2.0 * a, -b, -b], [zero, up, -up]),
        (
            2.0 * a * (1.0 - share**2) * low - share * high,
            [a, a, -2.0 * b],
            [
                share * up + np.sqrt(1.0 - share**2) * down,
                share * up - np.sqrt(1.0 - share**2) * down,
                up,
            ],
        ),
        (2.0 * a * low - 2.0 * b * high, [a, a, -b, -b], [down, -down, up, -up]),
    ]
    allowed = [split for split in splits if len(split[1]) - 1 <= most]
    if not allowed:
        return 0.0, [1.0], [zero]
    return min(allowed, key=lambda split: split[0])
