"""
An expensive simulator, called some thirty times
================================================

In 1978 a flu went through a boarding school of 763 boys; the days' numbers of boys in
bed are known.  An epidemic that is simulated by differential equations has them as its
outcome.  Let the simulator be slow, and its runs spread over many machines: then what
counts is how often one has to wait for a batch of runs.
"""

# %%
# The boys are susceptible, infected or recovered: S' = -b, I' = b - gamma I, where b =
# beta S I / 763.  The number in bed scatters about I, with the variance I + I^2 / 40.
# The data stood in the British Medical Journal of 4 March 1978, page 587.  Sampled are
# log beta, log gamma and the log of I on the day before; the priors are N(0, 1),
# N(-1, 1) and N(0, 1).

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import softmax

import splitparticles as sp

BOYS, DAYS = 763.0, np.arange(1.0, 15.0)
IN_BED = np.array([3, 8, 26, 76, 225, 298, 258, 233, 189, 128, 68, 29, 14, 4.0])
PRIOR = np.array([0.0, -1.0, 0.0])
calls = []  # rows of each call of the simulator


def simulate(x, days=DAYS):
    """I at the days (n, days), and its slopes in the rows of x (3, n, days).

    All rows at once: one call.  The slopes' own equations go along (forward
    sensitivities): the derivative of the right sides along (dS, dI), and in x.
    """
    calls.append(len(x))
    (beta, gamma, first), n = np.exp(np.clip(x, -8.0, 3.0).T), len(x)

    def rates(_, state):
        well, ill, *slopes = state.reshape(8, n)
        d_well, d_ill = np.reshape(slopes, (2, 3, n))
        new, over = beta * well * ill / BOYS, gamma * ill
        d_new = beta * (d_well * ill + well * d_ill) / BOYS
        d_new[0] += new
        d_over = gamma * d_ill
        d_over[1] += over
        return np.vstack([[-new, new - over], -d_new, d_new - d_over]).ravel()

    start = np.zeros((8, n))
    start[0], start[1], start[7] = BOYS - first, first, first
    start[4] = -first
    times = np.concatenate([[0.0], days])
    look = {"t_eval": times, "method": "RK45", "rtol": 1e-6, "atol": 1e-4}
    run = solve_ivp(rates, (0.0, times[-1]), start.ravel(), **look)
    state = run.y.reshape(8, n, len(times))[..., 1:]
    return np.maximum(state[1], 1e-3), state[5:]


def log_density_and_score(x):
    """Log density (n,), up to a constant, and score (n, 3) at the rows of x."""
    ill, slopes = simulate(x)
    variance = ill + ill**2 / 40
    e = IN_BED - ill
    log_p = -0.5 * (e**2 / variance + np.log(variance)).sum(axis=1)
    slope = e / variance + 0.5 * (1 + ill / 20) * (e**2 / variance - 1) / variance
    score = (slope * slopes).sum(axis=2).T - (x - PRIOR)
    return log_p - 0.5 * ((x - PRIOR) ** 2).sum(axis=1), score


# %%
# The particles: from the middle of the prior, by the score alone.

names = ["log beta", "log gamma", "log I(0)"]
result = sp.sample(lambda x: log_density_and_score(x)[1], PRIOR, 64, names=names, rng=0)
spent = f"{len(calls)} calls of {sum(calls)} rows"
ours = len(calls)
print(result)

# %%
# Beside it Metropolis's sampler, which needs no gradient: 32 chains at once, a call a
# step.  They begin at the posterior mean, with proposals of the right shape and size:
# presents, for no user knows them yet.  The first half of the steps so far is left out.
# A chain of NUTS asks for one row after another: on a posterior of five parameters for
# which `sample` took 221 rows in 28 calls it took 8,324 for 64 points as good (nutpie
# on kidscore; ``tests/benchmarks/learning_rivals.py``).

STEPS, CHAINS = 300, 32
rng = np.random.default_rng(0)
root = 2.38 / np.sqrt(3) * np.linalg.cholesky(result.cov())
x = np.tile(result.mean(), (CHAINS, 1))
log_p, chain = log_density_and_score(x)[0], []
for _ in range(STEPS - 1):
    tried = x + rng.standard_normal((CHAINS, 3)) @ root.T
    log_tried = log_density_and_score(tried)[0]
    taken = np.log(rng.uniform(size=CHAINS)) < log_tried - log_p
    x = np.where(taken[:, None], tried, x)
    log_p = np.where(taken, log_tried, log_p)
    chain.append(x)

# %%
# The truth comes from 20,000 runs, weighted by importance.

z = 1.2 * rng.standard_normal((20_000, 3))
wide = result.mean() + z @ np.linalg.cholesky(result.cov()).T
log_weights = log_density_and_score(wide)[0] + 0.5 * (z**2).sum(axis=1) / 1.2**2
exact = sp.ParticleSet(wide, softmax(log_weights))


def error(points):
    """Worst error of a mean or a standard deviation, in standard deviations."""
    errors = points.mean(axis=0) - exact.mean(), points.std(axis=0) - exact.std()
    return np.abs(errors / exact.std()).max()


run = [error(np.vstack(chain[k // 2 : k + 1])) for k in range(STEPS - 1)]
ours_error = error(result.positions)

# %%
# Left: the epidemic by each particle.  Middle: what the doctor asks for.  Right: the
# error against the calls.

days = np.linspace(0.1, 16.0, 100)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.5), layout="constrained")
for curve in simulate(result.positions, days)[0]:
    axes[0].plot(days, curve, color="C0", lw=0.4)
axes[0].plot(DAYS, IN_BED, "ko", ms=4)
axes[0].set(xlabel="day", ylabel="boys in bed", xticks=range(0, 17, 4))
axes[0].set_title("the epidemic by 64 particles")
beta, gamma, _ = np.exp(result.draws(4000, rng=0).T)
axes[1].scatter(1 / gamma, beta / gamma, s=1, color="0.8")
beta, gamma, _ = np.exp(result.positions.T)
axes[1].plot(1 / gamma, beta / gamma, "o", ms=4)
axes[1].set(xlabel="days of illness", ylabel="boys infected by the first")
axes[1].set_title("particles over draws of the emulator")
steps = np.arange(2, STEPS + 1)
axes[2].plot(steps, run, color="C1", label="32 chains of Metropolis")
axes[2].plot(ours, ours_error, "C0o", ms=8, label="sample")
axes[2].set(xscale="log", yscale="log", xlabel="calls of the simulator")
axes[2].set_title("worst error of a mean or sd, over the sd")
axes[2].legend(frameon=False, loc="upper right")
for ax in axes:
    ax.title.set_fontsize(10)
figure.savefig("expensive_simulator.png", dpi=150)

print(f"{STEPS} calls of {CHAINS} rows by Metropolis: error {run[-1]:.3f} sd", end="; ")
print(f"{spent}: error {ours_error:.3f} sd")
