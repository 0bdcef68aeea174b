r"""Gaussian variational inference by sigma points: from a mode to the bulk.

In many dimensions most of the mass may be far from the mode, and a funnel has none.
The Gaussian nearest to the target in the sense of Kullback and Leibler (key ``OA09``
in docs/references.bib) solves

.. math:: E[s(z)] = 0, \quad E[s(z) z^T] = -I, \quad z \sim N(0, I),

in its own coordinates.  The means are over the 2d sigma points
:math:`\pm \sqrt d\, q_k`, q a random orthonormal basis, which are exact for a score up
to cubic terms and as far out as draws of a Gaussian are.
"""

from collections.abc import Callable

import numpy as np

from ..coordinates.change import ChangeOfVariables
from ..coordinates.preconditioner import Preconditioner
from .trial import trial_score

MOST_STEPS = 40

FULL_STEPS = 8  # after which steps are halved

DRIFT, RATIO = 0.5, 1.6  # of the mean score, and of curvature to one, that may stay

LARGEST_RATIO = 4.0  # of curvature to one, that a step believes


def gaussian_fit(score: Callable, change: ChangeOfVariables, rng) -> ChangeOfVariables:
    """Coordinates of the nearest Gaussian; the given ones where they fit already."""
    score, d = trial_score(score), len(change.centre)
    for step in range(MOST_STEPS):
        basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
        z = np.sqrt(d) * np.vstack([basis, -basis])
        s = change.score(score)(z)
        if not np.isfinite(s).all():  # beyond the domain: draw the points in
            change = change.then(Preconditioner(np.zeros(d), 0.5 * np.eye(d)))
            continue
        drift, curvature = s.mean(axis=0), -z.T @ s / len(z)
        values, turn = np.linalg.eigh(0.5 * (curvature + curvature.T))
        good = 1.0 / RATIO < values[0] and values[-1] < RATIO
        if good and np.linalg.norm(drift) < DRIFT:
            break
        # the basis is a new one each time: halved steps average over bases
        length = 1.0 if step < FULL_STEPS else 0.5
        values = np.clip(values, 1.0 / LARGEST_RATIO, LARGEST_RATIO) ** length
        shift = length * turn @ (turn.T @ drift / values)
        shift /= max(np.linalg.norm(shift), 1.0)
        change = change.then(Preconditioner(shift, turn / np.sqrt(values)))
    return change
