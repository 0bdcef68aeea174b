"""Sums of objectives: values, witnesses and all that follows from them add."""

from .objective import FirstVariation, Objective


class Sum(Objective):
    """A weighted sum of objectives; witnesses add.

    Made by ``0.5 * F + G``.  Terms that share their work (KSDs of one score) become
    one term.
    """

    def __init__(self, terms: list[tuple[float, Objective]]):
        self.terms = terms

    @classmethod
    def of(cls, terms: list[tuple[float, Objective]]) -> Objective:
        """Flatten sums of sums and let terms absorb each other."""
        flat: list[tuple[float, Objective]] = []
        for factor, term in terms:
            if not isinstance(term, Objective):
                raise TypeError(f"only objectives can be added, got {term!r}")
            inner = term.terms if isinstance(term, Sum) else [(1.0, term)]
            for weight, part in inner:
                _add_term(flat, factor * weight, part)
        return flat[0][1] if len(flat) == 1 and flat[0][0] == 1.0 else cls(flat)

    def _total(self, each):
        return sum(factor * each(term) for factor, term in self.terms)

    def value(self, particles):
        """Weighted sum of the values."""
        return self._total(lambda term: term.value(particles))

    def witness(self, particles, at=None):
        """Weighted sum of the witnesses."""
        return self._total(lambda term: term.witness(particles, at))

    def witness_gradient(self, particles, at=None):
        """Weighted sum of the witness gradients."""
        return self._total(lambda term: term.witness_gradient(particles, at))

    def first_variation(self, particles):
        """Weighted sum, one pass a term."""
        parts = [(factor, t.first_variation(particles)) for factor, t in self.terms]
        return FirstVariation(
            *(sum(factor * part[k] for factor, part in parts) for k in range(3))
        )

    def witness_hessian_product(self, particles, directions):
        """Weighted sum of the products."""
        return self._total(lambda t: t.witness_hessian_product(particles, directions))

    def witness_hessian(self, particles):
        """Weighted sum of the Hessians."""
        return self._total(lambda term: term.witness_hessian(particles))

    def split_change(self, particles, parents, directions, steps):
        """Weighted sum of the changes."""
        return self._total(
            lambda term: term.split_change(particles, parents, directions, steps)
        )

    def coarsened(self, bandwidth):
        """Coarsen each term that knows how; the others stay."""
        coarse = [(f, term.coarsened(bandwidth), term) for f, term in self.terms]
        if all(other is None for _, other, _ in coarse):
            return None
        return Sum.of(
            [(f, term if other is None else other) for f, other, term in coarse]
        )

    @property
    def conserves_mass(self):
        """Whether any term does."""
        return any(term.conserves_mass for _, term in self.terms)

    @property
    def insertion_descends(self):
        """Whether it does for every term."""
        return all(term.insertion_descends for _, term in self.terms)

    @property
    def labels(self):
        """Labels of the first term that has such."""
        known = (term.labels for _, term in self.terms)
        return next((labels for labels in known if labels is not None), None)

    def proposals(self, particles, many, rng, *, reach=1.0):
        """Proposals of the first term."""
        return self.terms[0][1].proposals(particles, many, rng, reach=reach)

    def surroundings(self, particles, reach):
        """Those of the first term."""
        return self.terms[0][1].surroundings(particles, reach)

    @property
    def bandwidth(self):
        """Finest scale among the terms."""
        known = [t.bandwidth for _, t in self.terms if t.bandwidth is not None]
        return min(known, default=None)

    @property
    def spread(self):
        """Largest spread that a term knows."""
        known = [t.spread for _, t in self.terms if t.spread is not None]
        return max(known, default=None)


def _add_term(flat, weight, part):
    for k, (own, known) in enumerate(flat):
        joined = known.absorb(own, part, weight)
        if joined is not None:
            flat[k] = (1.0, joined)
            return
    alone = part.absorb(weight, part, 0.0) if weight != 1.0 else None
    flat.append((weight, part) if alone is None else (1.0, alone))
