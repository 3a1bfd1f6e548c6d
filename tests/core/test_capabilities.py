"""Which optimizer fits which problem, and that no other pair begins."""

import copy
import math
import re

import numpy as np
import pytest
from cases import clusters
from toy import Logistic

from kmeans_convergence.core import Capability, check_fit, minimize
from kmeans_convergence.experiments.contenders import CONTENDERS, SHIPPED, enlist
from kmeans_convergence.optimizers import MajorizeMinimize, Newton
from kmeans_convergence.optimizers.base import General
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, streams

X = clusters(3, n=60)
STARTS = draw(X, 4, streams(1, "fit", 4, range(3), "starts"))
PROBLEMS = {
    "k-means": (QuantizationProblem(X), STARTS),
    "mixture": (MixtureProblem(X), STARTS),
    "toy": (Logistic(), np.random.default_rng(0).normal(size=(3, 3))),
}
# What needs an evaluation and nothing more: all that moves along gradients or images of all patterns.
GENERAL = {
    *("batch_kmeans", "overrelaxed_15", "overrelaxed_19", "heavy_ball", "nesterov", "anderson"),
    *("gradient_nmax", "gradient_fixed", "gradient_tuned", "gradient_armijo", "gradient_bb"),
    *("gradient_nesterov", "gradient_nesterov_tuned", "gradient_heavy_ball", "gradient_heavy_ball_tuned"),
    *("lbfgs", "adam", "adam_tuned"),
}
# Words of the reason for which others are refused on problems without clusters.
REASONS = {
    **dict.fromkeys(("hybrid", "online_kmeans", "online_kmeans_one", "online_c4"), "steps after each pattern"),
    **dict.fromkeys(("online_gradient", "online_gradient_tuned"), "steps after each pattern"),
    "online_face_newton": "steps after each pattern and the curvature that its alternation leaves out",
    "face_newton": "the curvature that its alternation leaves out",
    "hartigan": "exchanges of single patterns",
    **dict.fromkeys(("minibatch_counts", "minibatch_c4", "minibatch_c_rho"), "steps on some patterns at a time"),
    **dict.fromkeys(("minibatch_averaged", "minibatch_root"), "steps on some patterns at a time"),
    **dict.fromkeys(("minibatch_ema", "minibatch_ema_tuned"), "steps on some patterns at a time"),
    "minibatch_nested": "steps on some patterns at a time and standard errors of its parameters",
    "minibatch_sklearn": "a clustering of patterns by their nearest prototypes",
}


def optimizer(key, passes=6):
    settings = CONTENDERS[key].settings
    return CONTENDERS[key].optimizer(passes, math.nan if settings is None else math.sqrt(math.prod(settings)))


def orders():
    return streams(1, "fit", 4, range(3), "order")


def test_every_shipped_optimizer_is_looked_at():
    assert GENERAL | REASONS.keys() == set(SHIPPED)
    assert not GENERAL & REASONS.keys()


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("key", SHIPPED)
def test_each_pair_runs_or_is_refused_with_the_reason(key, name, refused):
    problem, starts = PROBLEMS[name]
    if name == "k-means" or key in GENERAL:
        trace = minimize(problem, optimizer(key), starts, passes=6, rngs=orders())
        assert np.isfinite(trace.cost).all()
        assert (trace.cost[-1] < trace.cost[0]).all()
        assert (trace.passes[-1] > 0).all()
    else:
        with refused(f"needs {REASONS[key]}", f"which {type(problem).__name__} does not offer"):
            minimize(problem, optimizer(key), starts, passes=6, rngs=orders())


@pytest.mark.parametrize("name", PROBLEMS)
def test_newtons_method_needs_a_diagonal_hessian(name, refused):
    problem, starts = PROBLEMS[name]
    if name == "k-means":
        check_fit(problem, Newton())
    else:
        with refused("Newton needs a Hessian that is diagonal", type(problem).__name__):
            minimize(problem, Newton(), starts, epochs=1)


@pytest.mark.parametrize("name", ["mixture", "toy"])
@pytest.mark.parametrize("key", [*sorted(REASONS), "newton"])
def test_an_optimizer_that_hides_what_it_needs_is_caught(key, name, refused):
    problem, starts = PROBLEMS[name]
    honest = Newton() if key == "newton" else optimizer(key)
    liar = copy.copy(honest)
    object.__setattr__(liar, "__class__", type("Liar", (type(honest),), {"needs": frozenset()}))
    check_fit(problem, liar)
    with refused("no diagonal Hessian" if key == "newton" else "does not offer, and did not say"):
        minimize(problem, liar, starts, passes=6, rngs=orders())


def test_what_a_subclass_takes_away_is_refused_though_the_method_is_there(refused):
    class Whole(QuantizationProblem):
        capabilities = QuantizationProblem.capabilities - {Capability.SWEEPS}

    with refused("steps after each pattern", "Whole"):
        minimize(Whole(X), optimizer("online_kmeans"), STARTS, passes=2, rngs=orders())
    minimize(Whole(X), optimizer("hartigan"), STARTS, passes=2)


@pytest.mark.parametrize(
    ("capability", "method"),
    [
        (Capability.SUBSETS, "evaluate_rows"),
        (Capability.SWEEPS, "sweep"),
        (Capability.EXCHANGES, "exchanges"),
        (Capability.MODEL, "model"),
        (Capability.STANDARD_ERRORS, "standard_errors"),
    ],
)
def test_a_problem_that_lacks_what_it_claims_is_caught_where_it_is_defined(capability, method):
    with pytest.raises(TypeError, match=f"Boaster claims to offer {capability.value} and has no {method}"):
        type("Boaster", (Logistic,), {"capabilities": frozenset({capability})})


def test_an_optimizer_that_does_not_say_what_it_needs_is_told_to(refused):
    class Earlier:
        memoryless = True

        def iterates(self, problem, starts, rngs):
            while True:
                yield problem.evaluate(starts).image

    with refused("Earlier", "`needs`", "StepRule"):
        minimize(*(PROBLEMS["toy"][0], Earlier(), PROBLEMS["toy"][1]), epochs=1)


@pytest.mark.parametrize("shape", [(3, 4, 3), (12,), (2, 12)])
def test_points_are_flat_and_as_many_as_there_are_runs(shape, refused):
    class Askew(General):
        def iterates(self, problem, starts, rngs):
            yield np.zeros(shape)

    with refused(str(shape), "(3, coordinates)"):
        minimize(QuantizationProblem(X), Askew(), STARTS, epochs=1)


def test_the_example_in_the_documentation_runs_on_every_problem(root, tmp_path, monkeypatch):
    text = (root / "config" / "README.md").read_text()
    (code,) = re.findall(r"```python\n# my_optimizers.py\n(.*?)```", text, re.DOTALL)
    (tmp_path / "mine.py").write_text(code)
    # so that it is taken away again
    monkeypatch.setitem(CONTENDERS, "half_way", None)
    assert enlist(tmp_path / "mine.py") == ["half_way"]
    for problem, starts in PROBLEMS.values():
        half = minimize(problem, optimizer("half_way"), starts, epochs=1).w
        whole = minimize(problem, MajorizeMinimize(), starts, epochs=1).w
        np.testing.assert_allclose(half, (starts + whole) / 2, rtol=1e-12)
