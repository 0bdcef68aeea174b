"""Simulated posteriors in 16 to 103 dimensions whose scales are hard to get right.

Each has ``d``, ``scales`` (coordinates that are logarithms of standard deviations),
``logp_score(x) -> (n,), (n, d)`` and ``score``.
"""

import numpy as np


class Model:
    """What the models share."""

    scales: tuple[int, ...] = ()

    def easier(self):
        """Same posterior where NUTS mixes, and the way back from there."""
        return self, lambda x: x

    def score(self, x):
        """Gradient of the log density."""
        return self.logp_score(x)[1]


def half_normal(log_scale, prior):
    """Log density and slope of log s, where s is half-normal of such a scale."""
    squares = np.exp(2.0 * log_scale) / prior**2
    return log_scale - 0.5 * squares, 1.0 - squares


class VaryingIntercepts(Model):
    """``y_i ~ N(a_g(i), s_y^2)``, ``a_g ~ N(mu, s_a^2)``: 40 groups of 2 to 14 rows.

    Coordinates mu ~ N(0, 10^2), log s_a, log s_y (half-normal of scale 1), then the
    intercepts a_g, or (a_g - mu) / s_a when not centred.
    """

    scales = (1,)

    def __init__(self, centred=True, groups=40):
        rng = np.random.default_rng(3)
        sizes = rng.integers(2, 15, groups)
        intercepts = 1.3 + 0.3 * rng.normal(size=groups)
        group = np.repeat(np.arange(groups), sizes)
        y = intercepts[group] + 0.75 * rng.normal(size=len(group))
        self.centred, self.d, self.counts = centred, groups + 3, sizes
        self.sums, self.squares = np.bincount(group, y), (y**2).sum()

    def logp_score(self, x):
        """Log density up to a constant, and its gradient."""
        mu, log_a, log_y, rest = x[:, :1], x[:, 1], x[:, 2], x[:, 3:]
        s_a, precision = np.exp(log_a)[:, None], np.exp(-2.0 * log_y)
        e = (rest - mu) / s_a if self.centred else rest
        a = rest if self.centred else mu + s_a * e
        residual = self.squares - 2.0 * a @ self.sums + a**2 @ self.counts
        pull = (self.sums - self.counts * a) * precision[:, None]
        prior_a, slope_a = half_normal(log_a, 1.0)
        prior_y, slope_y = half_normal(log_y, 1.0)
        log_p = prior_a + prior_y - 0.005 * mu[:, 0] ** 2
        log_p -= 0.5 * (e**2).sum(axis=1) + self.counts.sum() * log_y
        log_p -= 0.5 * residual * precision
        score = np.empty_like(x)
        score[:, 2] = residual * precision - self.counts.sum() + slope_y
        if self.centred:
            log_p -= len(self.counts) * log_a
            score[:, 0] = (e / s_a).sum(axis=1)
            score[:, 1] = (e**2).sum(axis=1) - len(self.counts) + slope_a
            score[:, 3:] = pull - e / s_a
        else:
            score[:, 0] = pull.sum(axis=1)
            score[:, 1] = (pull * e * s_a).sum(axis=1) + slope_a
            score[:, 3:] = pull * s_a - e
        score[:, 0] -= 0.01 * mu[:, 0]
        return log_p, score


class Sport(Model):
    """Goals ~ Poisson of exp(mean + home + attack_i - defence_j): six teams, 60 games.

    Coordinates mean and home ~ N(0, 1), log scales of attack and defence (half-normal
    of scale 1), attacks ~ N(0, s_a^2), defences ~ N(0, s_d^2), or both over their scale
    when not centred.
    """

    scales = (2, 3)

    def __init__(self, centred=True, teams=6, seasons=2):
        rng = np.random.default_rng(5)
        home, away = np.nonzero(~np.eye(teams, dtype=bool))
        home, away = np.tile(home, seasons), np.tile(away, seasons)
        self.centred, self.teams, self.d = centred, teams, 4 + 2 * teams
        rows = np.zeros((2 * len(home), self.d))  # goals at home, then away
        games = np.arange(len(home))
        rows[:, 0], rows[games, 1] = 1.0, 1.0
        for scorers, others, at in ((home, away, 0), (away, home, len(home))):
            rows[games + at, 4 + scorers] = 1.0
            rows[games + at, 4 + teams + others] = -1.0
        strengths = rng.normal(size=2 * teams) * np.repeat([0.3, 0.2], teams)
        self.rows = rows
        truth = np.concatenate([[0.2, 0.3, 0.0, 0.0], strengths])
        self.goals = rng.poisson(np.exp(rows @ truth))

    def widths(self, x):
        """Scale of each attack and defence, (n, 2 teams)."""
        return np.repeat(np.exp(x[:, 2:4]), self.teams, axis=1)

    def easier(self):
        """Same posterior where NUTS mixes, and the way back from there."""

        def back(x):
            return np.concatenate([x[:, :4], x[:, 4:] * self.widths(x)], axis=1)

        return Sport(centred=False, teams=self.teams), back

    def logp_score(self, x):
        """Log density up to a constant, and its gradient."""
        s = self.widths(x)
        e = x[:, 4:] / s if self.centred else x[:, 4:]
        eta = np.concatenate([x[:, :4], e * s], axis=1) @ self.rows.T
        rate = np.exp(eta)
        score = (self.goals - rate) @ self.rows
        prior, slope = half_normal(x[:, 2:4], 1.0)
        log_p = eta @ self.goals - rate.sum(axis=1) + prior.sum(axis=1)
        log_p -= 0.5 * ((x[:, :2] ** 2).sum(axis=1) + (e**2).sum(axis=1))
        score[:, :2] -= x[:, :2]
        by_scale = (len(x), 2, self.teams)
        if self.centred:
            log_p -= self.teams * x[:, 2:4].sum(axis=1)
            score[:, 4:] -= e / s
            score[:, 2:4] = slope + (e**2 - 1.0).reshape(by_scale).sum(axis=2)
        else:
            pull = score[:, 4:] * s
            score[:, 2:4] = slope + (pull * e).reshape(by_scale).sum(axis=2)
            score[:, 4:] = pull - e
        return log_p, score


class StochasticVolatility(Model):
    """``y_t ~ N(0, exp(mu + v_t))``, ``v_t = phi v_(t-1) + sigma e_t``, stationary.

    Coordinates mu ~ N(0, 5^2), artanh phi with (phi + 1) / 2 ~ Beta(20, 1.5), log sigma
    (half-normal of scale 1), and e_1 to e_100 ~ N(0, 1).
    """

    scales = (2,)

    def __init__(self, times=100):
        rng = np.random.default_rng(7)
        self.d = times + 3
        truth = np.concatenate([[-1.0, np.arctanh(0.95), np.log(0.25)]])
        truth = np.concatenate([truth, rng.normal(size=times)])[None]
        self.y = np.exp(0.5 * (truth[:, :1] + self.path(truth)[0]))[0]
        self.y = self.y * rng.normal(size=times)

    @staticmethod
    def path(x):
        """Volatilities v (n, T), phi and sigma (n,)."""
        phi, sigma, e = np.tanh(x[:, 1]), np.exp(x[:, 2]), x[:, 3:]
        v = sigma[:, None] * e
        v[:, 0] /= np.sqrt(1.0 - phi**2)
        for t in range(1, v.shape[1]):
            v[:, t] += phi * v[:, t - 1]
        return v, phi, sigma

    def logp_score(self, x):
        """Log density up to a constant, and its gradient."""
        mu, log_s, e = x[:, 0], x[:, 2], x[:, 3:]
        v, phi, sigma = self.path(x)
        h = mu[:, None] + v
        squares = self.y**2 * np.exp(-h)
        prior, slope = half_normal(log_s, 1.0)
        log_p = prior - 0.02 * mu**2 - 0.5 * (h + squares + e**2).sum(axis=1)
        log_p += 20.0 * np.log1p(phi) + 1.5 * np.log1p(-phi)
        pull = 0.5 * (squares - 1.0)  # of log p in h
        carried = pull.copy()  # of log p in v_t, with all that follows
        for t in range(v.shape[1] - 2, -1, -1):
            carried[:, t] += phi * carried[:, t + 1]
        score = np.empty_like(x)
        score[:, 0] = pull.sum(axis=1) - 0.04 * mu
        in_phi = (carried[:, 1:] * v[:, :-1]).sum(axis=1) * (1.0 - phi**2)
        in_phi += carried[:, 0] * v[:, 0] * phi
        score[:, 1] = in_phi + 20.0 * (1.0 - phi) - 1.5 * (1.0 + phi)
        score[:, 2] = (pull * v).sum(axis=1) + slope
        carried[:, 0] /= np.sqrt(1.0 - phi**2)
        score[:, 3:] = sigma[:, None] * carried - e
        return log_p, score
