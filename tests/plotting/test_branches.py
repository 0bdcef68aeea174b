"""Splitting trees: a line from round to round for each particle."""

from dataclasses import replace

import numpy as np
import pytest
from artists import CORNERS, THREE, only
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import splitparticles as sp
from splitparticles import plotting
from splitparticles.plotting import branches

NAN = float("nan")


def test_tree_leads_every_particle_from_round_to_round(ax, run):
    segments = np.stack(only(plotting.tree(run, ax=ax), LineCollection).get_segments())
    sizes = [len(this.particles) for this in run.rounds]
    assert len(segments) == sum(sizes[1:])
    ends = np.concatenate([this.particles.positions for this in run.rounds[1:]])
    np.testing.assert_array_equal(segments[:, 1], ends)
    # new particles begin where the parent that Result.parents names was at rest
    starts = []
    for this, size in zip(run.rounds, sizes[1:], strict=False):
        before = this.particles.positions
        starts += [
            before[k if k < len(before) else run.parents[k]] for k in range(size)
        ]
    assert 1 < max(sizes) == len(run.parents)
    np.testing.assert_array_equal(segments[:, 0], starts)


def test_tree_colours_count_the_rounds(ax, run):
    rounds = only(plotting.tree(run, ax=ax), LineCollection).get_array()
    assert sorted(set(rounds)) == list(range(1, run.n_rounds))


def test_legend_has_the_colours_of_the_lines_of_some_rounds(ax, run):
    lines = only(plotting.tree(run, ax=ax), LineCollection)
    legend = ax.get_legend()
    rounds = [int(text.get_text()) for text in legend.get_texts()]
    assert rounds[0] == 2 and rounds[-1] == run.n_rounds
    assert len(set(rounds)) == min(run.n_rounds - 1, branches.MOST_ROUNDS)
    lines.update_scalarmappable()
    for shown, handle in zip(rounds, legend.get_lines(), strict=True):
        colour = lines.get_colors()[lines.get_array() == shown - 1][0]
        np.testing.assert_array_equal(to_rgba(handle.get_color()), colour)


def test_tree_shows_where_a_round_was_cut_short(ax, run):
    cut = replace(run, particles=run.particles.moved_to(run.positions + 1.0))
    whole = plotting.tree(run, ax=Figure().subplots())
    more = len(only(plotting.tree(cut, ax=ax), LineCollection).get_segments())
    assert more == len(only(whole, LineCollection).get_segments()) + len(run.positions)


def test_inserted_particles_have_no_line_to_where_they_were_put(ax, run):
    inserted = [
        this._replace(
            grown=this.grown._replace(parents=np.full_like(this.grown.parents, -1))
        )
        for this in run.rounds
    ]
    plotting.tree(replace(run, rounds=inserted), ax=ax)
    sizes = [len(this.particles) for this in run.rounds]
    lines = only(ax, LineCollection).get_segments()
    assert len(lines) == sum(sizes[:-1])


def test_tree_of_one_round_is_empty(ax):
    objective = sp.MMD(sp.Gaussian(1.0), CORNERS)
    still = sp.descend(objective, THREE, n_particles=3, continuation=False)
    assert len(only(plotting.tree(still, ax=ax), LineCollection).get_segments()) == 0
    assert ax.get_legend() is None


@pytest.mark.parametrize("coordinates", [(0,), (0, 2), (1, 1)])
def test_tree_needs_two_coordinates(run, coordinates):
    with pytest.raises(ValueError, match="coordinates must be two of 2"):
        plotting.tree(run, coordinates=coordinates)


def test_tree_on_a_line_is_refused():
    line = sp.compress([[0.0], [1.0], [2.0]], 2)
    with pytest.raises(ValueError, match="coordinates must be two of 1"):
        plotting.tree(line)


@pytest.mark.parametrize("draw", [plotting.tree, plotting.history, plotting.spectrum])
def test_a_result_without_rounds_is_refused(run, draw):
    with pytest.raises(ValueError, match="result must have rounds"):
        draw(replace(run, rounds=[]))
