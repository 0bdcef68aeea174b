"""Summary of a result in a few lines."""

import numpy as np


def summary(result) -> str:
    """Lines that say how a `Result` ended, and means and standard deviations."""
    n, d = result.positions.shape
    lines = [
        f"{n} particles in {d} dimensions, discrepancy {result.discrepancy:.3g}",
        f"{result.n_rounds} rounds, {result.n_score_evals} score rows: "
        f"{result.message}",
    ]
    if not np.isnan(result.log_evidence):
        lines.append(
            f"log evidence {result.log_evidence:.6g} (Pareto k {result.pareto_k:.2g}, "
            f"{result.effective_draws:.0f} effective draws)"
        )
    width = max((len(name) for name in result.labels[:8]), default=1)
    rows = zip(result.labels, result.mean(), result.std(), strict=True)
    for label, mean, sd in list(rows)[:8]:
        lines.append(f"  {label:{width}s}  mean {mean: .4g}  sd {sd:.4g}")
    if d > 8:
        lines.append(f"  and {d - 8} more")
    return "\n".join(lines + [f"warning: {w}" for w in result.warnings])
