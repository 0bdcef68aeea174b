"""Summary of a result in a few lines and a table."""

import numpy as np

from .._display import Summary, counted, summary_of


def summary(result) -> Summary:
    """How a `Result` ended, its moments and its warnings."""
    moments = summary_of(result.particles, result.labels)
    lines = [
        f"{moments.lines[0]}, discrepancy {result.discrepancy:.3g}",
        f"{counted(result.n_rounds, 'round')}, "
        f"{counted(result.n_score_evals, 'score row')}: {result.message}",
    ]
    if not np.isnan(result.log_evidence):
        lines.append(
            f"log evidence {result.log_evidence:.6g} (Pareto k {result.pareto_k:.2g}, "
            f"{result.effective_draws:.0f} effective draws)"
        )
    return moments._replace(lines=lines, warnings=result.warnings)
