"""Resumption of a run from its checkpoint: what it knows and what it wants."""

import pytest
from stopped_runs import DRAWS, Sampled, Score, compressed, same

import splitparticles as sp


def test_resume_knows_the_options(tmp_path):
    stopped = Sampled()(tmp_path / "run", max_score_evals=60)
    assert stopped.stop is sp.Stop.MAX_SCORE_EVALS
    assert same(sp.resume(tmp_path / "run", Score()), Sampled()())
    part = compressed(tmp_path / "part", max_time=1e-9)
    assert part.stop is sp.Stop.MAX_TIME
    assert same(sp.resume(tmp_path / "part", DRAWS), compressed())


def test_resume_of_a_model(tmp_path):
    target = sp.targets.Banana()
    sp.sample(target, rng=0, max_score_evals=60, checkpoint=tmp_path / "run")
    result = sp.resume(tmp_path / "run", target)
    assert same(result, sp.sample(target, rng=0))


@pytest.mark.parametrize("name", ["move", "growth", "objective"])
def test_resume_wants_objects_once_more(tmp_path, name):
    things = {
        "move": sp.LBFGS(max_iter=9),
        "growth": sp.Insertion(),
        "objective": lambda s, p: sp.KSD(sp.Gaussian(2.0), s),
    }
    plain = Sampled(**{name: things[name]})(tmp_path / "run")
    with pytest.raises(TypeError, match=f"needs {name}="):
        sp.resume(tmp_path / "run", Score())
    result = sp.resume(tmp_path / "run", Score(), **{name: things[name]})
    assert same(result, plain)


def test_resume_refuses_what_it_cannot_go_on_with(tmp_path):
    with pytest.raises(FileNotFoundError):
        sp.resume(tmp_path / "none", Score())
    Sampled()(tmp_path / "run")
    with pytest.raises(ValueError, match="n_particles"):
        sp.resume(tmp_path / "run", Score(), n_particles=9)
    with pytest.raises(TypeError, match="did you mean max_time"):
        sp.resume(tmp_path / "run", Score(), maxtime=9)
