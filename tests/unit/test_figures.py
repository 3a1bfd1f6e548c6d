"""What each figure shows of tables made by hand: every series, where it belongs, in the colour of its method."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.report import style
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.show import first_steps, single
from kmeans_convergence.studies.comparison.show import plots as comparison
from kmeans_convergence.studies.derivation import show as landscape
from kmeans_convergence.studies.mixtures.show import rates as mixture_rates
from kmeans_convergence.studies.overview import show as headline
from kmeans_convergence.studies.performance.show import figures as performance_figures
from kmeans_convergence.studies.performance.show import tables as performance
from kmeans_convergence.studies.rates.show import acceleration, contraction, noise
from kmeans_convergence.studies.replication.analysis.conventions import Reported
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.run.methods import METHODS, label
from kmeans_convergence.studies.replication.show import conventions, convergence
from kmeans_convergence.studies.replication.show import rate_search as rates

# Okabe and Ito's colours as they published them, without the yellow that is too light for lines.
PALETTE = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"}


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def color(value):
    return to_hex(value).upper()


def is_grey(value):
    red, green, blue = (value[i : i + 2] for i in (1, 3, 5))
    return red == green == blue


def points(line):
    return list(zip(map(float, line.get_xdata()), map(float, line.get_ydata()), strict=True))


def labelled(axes):
    """Return the lines with a name, by their names; no name is there twice."""
    named = [line for line in axes.lines if not line.get_label().startswith("_")]
    assert len({line.get_label() for line in named}) == len(named)
    return {line.get_label(): line for line in named}


def band(collection):
    """Return the lower and the upper edge of a band between two lines, by its abscissas."""
    edges = pd.DataFrame(collection.get_paths()[0].vertices, columns=["x", "y"]).groupby("x")["y"]
    return edges.min(), edges.max()


def bar(container):
    """Return the places of the marks of error bars, their colour, and the lengths (left, right) or (down, up)."""
    marks, _, (lines,) = container
    segments = np.array(lines.get_segments(), dtype=float)
    assert color(lines.get_color()[0]) == color(marks.get_color())
    here = np.array(points(marks))
    return here, color(marks.get_color()), np.abs(segments - here[:, None]).sum(axis=2)


def horizontals(axes):
    """Return the heights of the lines across a whole panel."""
    return [line.get_ydata()[0] for line in axes.lines if list(line.get_xdata()) == [0, 1] and len(points(line)) == 2]


def drawn_as(line, method):
    """Say whether a line has colour, marker and stroke of a method; the markers of gradients are hollow."""
    look = style.look(method)
    face = look.color if look.filled else "#FFFFFF"
    found = color(line.get_color()), color(line.get_markerfacecolor()), line.get_marker(), line.get_linestyle()
    return found == (look.color, face, look.marker, look.line)


def test_looks_are_of_the_published_palette():
    assert {look.color for look in style.STYLES.values()} == PALETTE
    assert set(contraction.COLORS) | {look for look, _ in mixture_rates.LOOKS} <= PALETTE
    assert {look for look, _ in performance_figures.MARKS.values()} == PALETTE
    assert {look for look, _ in performance_figures.SCHEME_MARKS.values()} <= PALETTE
    assert all(look in PALETTE or is_grey(look) for look in single.COLORS.values())


# --- the experiment of the paper ----------------------------------------------------------------------

EPOCHS = 20
# What an epoch leaves of each method's residual; of three runs, the first residuals are 100, 200 and 300.
LEFT = {method: 0.5 + 0.05 * place for place, method in enumerate(METHODS)}
FIRST = np.array([100.0, 200.0, 300.0])
MEAN = {method: 200 * share ** np.arange(EPOCHS + 1) for method, share in LEFT.items()}


@pytest.fixture(scope="module")
def runs():
    residuals = {method: FIRST[:, None] * share ** np.arange(EPOCHS + 1) for method, share in LEFT.items()}
    return Runs(
        {method: 1000 + residual for method, residual in residuals.items()}, dict.fromkeys(LEFT, 1000 + 0 * FIRST)
    )


@pytest.fixture(scope="module")
def original(root):
    return Original(root / "paper" / "original_values.csv")


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


KMEANS = ["online_kmeans", "batch_kmeans", "online_gradient", "batch_gradient"]


def test_the_papers_first_figure_has_four_methods_on_the_left_axis_and_the_mixture_on_the_right(runs, original):
    figure = convergence.residuals(runs, original, "mm")
    left, right = figure.axes
    for axes, methods in ((left, KMEANS), (right, ["mixture"])):
        assert list(labelled(axes)) == [label(method) for method in methods]
        for line, method in zip(axes.lines, methods, strict=True):
            # from the first epoch on, in black as in print
            assert list(line.get_xdata()) == list(range(1, EPOCHS + 1))
            np.testing.assert_allclose(line.get_ydata(), MEAN[method][1:])
            assert color(line.get_color()) == "#000000"
            assert line.get_marker() in (style.look(method).marker, "None")
            face = color(line.get_markerfacecolor())
            assert face == ("#FFFFFF" if method.endswith("gradient") else "#000000")
    assert legend(figure) == [label(method) for method in (*KMEANS, "mixture")]
    assert (left.get_yticks()[-1], right.get_yticks()[-1]) == (2500, 100)


def test_the_papers_second_figure_has_the_share_that_an_epoch_leaves(runs, original):
    (axes,) = convergence.ratios(runs, original).axes
    assert list(labelled(axes)) == [label(method) for method in (*KMEANS, "mixture")]
    for line, method in zip(axes.lines, (*KMEANS, "mixture"), strict=True):
        shown = line.get_ydata()[np.isfinite(line.get_ydata())]
        assert len(shown) > 9
        np.testing.assert_allclose(shown, LEFT[method])


def test_residuals_of_all_runs_have_the_bands_of_their_methods(runs):
    figure = convergence.residuals_with_intervals(runs, "mm", 1, 400)
    for axes, methods in zip(figure.axes, ([*KMEANS, "hybrid"], ["mixture"]), strict=True):
        assert list(labelled(axes)) == [label(method) for method in methods]
        for line, area, method in zip(axes.lines, axes.collections, methods, strict=True):
            assert drawn_as(line, method)
            assert color(area.get_facecolor()[0]) == style.look(method).color
            shown = np.isfinite(line.get_ydata())
            np.testing.assert_allclose(line.get_ydata()[shown], MEAN[method][shown])
            # averages of three runs of 100, 200 and 300 lie between one and three halves of what they are
            low, high = (edge.to_numpy()[shown] / MEAN[method][shown] for edge in band(area))
            np.testing.assert_allclose(low[:5], 0.5)
            np.testing.assert_allclose(high[:5], 1.5)
    assert len(legend(figure)) == 6


def test_ratios_of_all_runs_have_the_bands_of_their_methods(runs):
    (axes,) = convergence.ratios_with_intervals(runs, 1, 100).axes
    methods = [*KMEANS, "hybrid", "mixture"]
    assert list(labelled(axes)) == [label(method) for method in methods]
    for line, area, method in zip(axes.lines, axes.collections, methods, strict=True):
        assert drawn_as(line, method)
        assert color(area.get_facecolor()[0]) == style.look(method).color
        np.testing.assert_allclose(line.get_ydata()[np.isfinite(line.get_ydata())], LEFT[method])
        # each run has this ratio
        np.testing.assert_allclose(band(area), LEFT[method])


def test_the_search_for_a_rate_has_both_methods_under_both_schedules():
    methods = ["online_gradient", "batch_gradient"]
    table = pd.DataFrame(
        [
            {
                "optimizer": method,
                "decays": decays,
                "rate": rate,
                "residual": height,
                "low": height / 2,
                "high": 2 * height,
            }
            for m, method in enumerate(methods, 1)
            for decays in (True, False)
            for rate in (0.01, 0.1, 1.0)
            for height in [m * rate * (10 if decays else 1)]
        ]
    )
    figure = rates.search(table, 0.03, "mm")
    for axes, scale in zip(figure.axes, (10, 1), strict=True):
        assert list(labelled(axes)) == [label(method) for method in methods]
        for m, (method, line, area) in enumerate(zip(methods, axes.lines, axes.collections, strict=False), 1):
            assert drawn_as(line, method)
            assert color(area.get_facecolor()[0]) == style.look(method).color
            np.testing.assert_allclose(line.get_ydata(), scale * m * np.array([0.01, 0.1, 1.0]))
            low, high = band(area)
            np.testing.assert_allclose([low, high], np.outer([0.5, 2], line.get_ydata()))
        assert len(axes.collections) == 2
        (paper,) = axes.lines[2:]
        assert list(paper.get_xdata()) == [0.03, 0.03]
    assert legend(figure) == [label(method) for method in methods]


def test_where_runs_end_is_shown_beside_what_is_reported(original):
    reported = Reported.of(original)
    described, candidate = np.array([3300.0, 3300, 4100, 5000]), np.array([5000.0, 5010, 5020, 7000])
    figure = conventions.limits(described, candidate, reported, "mm")
    for axes, values in zip(figure.axes, (described, candidate), strict=True):
        assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(100)
        for value in values:
            (here,) = (bar for bar in axes.patches if bar.get_x() <= value < bar.get_x() + bar.get_width())
            assert here.get_height() >= 25
        *three, mean = axes.lines
        # smallest, average and largest as the paper has them: 3300, 4050 to 4080, 5800
        assert [line.get_xdata()[0] for line in three] == [3300, 4065, 5800]
        assert {color(line.get_color()) for line in three} == {style.look("online_kmeans").color}
        assert mean.get_xdata()[0] == values.mean()
        assert color(mean.get_color()) == style.look("batch_kmeans").color
        assert [text.get_text() for text in axes.texts] == ["min", "mean", "max"]


def test_the_cost_along_a_line_has_its_kinks_and_both_steps():
    (axes,) = landscape.slice_through_kinks().axes
    named = labelled(axes)
    cost, first, second = named.values()
    assert list(named) == ["cost $E$", "second-order model, first step", "second-order model, second step"]
    x = cost.get_xdata()
    # 0.4 stays; the pattern p belongs to the nearer of 0.4 and x
    squares = [np.minimum((p - x) ** 2, (p - 0.4) ** 2) for p in (0, 0.8, 2.5, 4, 5)]
    np.testing.assert_allclose(cost.get_ydata(), sum(squares) / 2)
    # it changes hands where x is as far from p as 0.4 is, at 2 p - 0.4
    kinks = [line.get_xdata()[0] for line in axes.lines if list(line.get_ydata()) == [0, 1]]
    np.testing.assert_allclose(kinks, [1.2, 4.6, 7.6, 9.6], atol=0.006)
    # from 6.6 to the mean of 4 and 5, and from there, where 2.5 belongs to it too, to that of three
    for line, method, target in ((first, "batch_kmeans", 4.5), (second, "online_kmeans", 11.5 / 3)):
        assert color(line.get_color()) == style.look(method).color
        ends = [
            other for other in axes.lines if other.get_marker() == style.look(method).marker and len(points(other)) == 1
        ]
        assert target in [
            pytest.approx(other.get_xdata()[0]) for other in ends if color(other.get_color()) == color(line.get_color())
        ]
        assert line.get_xdata()[line.get_ydata().argmin()] == pytest.approx(target, abs=0.006)


def test_first_patterns_are_medians_with_quartiles():
    rows = [("a", 2, 10, reached) for reached in (0.1, 0.2, 0.3, 0.4, 0.5)] + [("b", 5, 100, 2.0)]
    table = pd.DataFrame(rows, columns=["dataset", "clusters", "n", "reached"])
    (axes,) = first_steps.first_patterns(table).axes
    (container,) = axes.containers
    here, drawn, lengths = bar(container)
    np.testing.assert_allclose(here, [[5, 0.3], [20, 2]])
    np.testing.assert_allclose(lengths, [[0.1, 0.1], [0, 0]], atol=1e-12)
    assert drawn == style.look("online_kmeans").color
    assert 1 in horizontals(axes)


# --- rates ----------------------------------------------------------------------------------------------


def test_steps_against_the_size_have_a_colour_for_each_source():
    rows = [
        (f"{kind} {source}", real, n, 10 * source, 10 * source - 2, 10 * source + 3, 0.5, 10.0 * source + n / 1e4)
        for real, kind in ((False, "interval"), (True, "pixels"))
        for source in (1, 2, 3)
        for n in (100, 1000)
    ]
    columns = ["source", "real", "n", "steps", "low", "high", "rate", "predicted"]
    figure = contraction.finite_sample(pd.DataFrame(rows, columns=columns))
    for axes in figure.axes:
        assert len(axes.containers) == 3
        predicted = [line for line in axes.lines if line.get_linestyle() == "--" and len(points(line))]
        assert len(predicted) == 3
        colors = []
        for source, (container, line) in enumerate(zip(axes.containers, predicted, strict=True), 1):
            here, drawn, lengths = bar(container)
            np.testing.assert_allclose(here, [[100, 10 * source], [1000, 10 * source]])
            np.testing.assert_allclose(lengths, [[2, 3], [2, 3]])
            assert points(line) == [(100, 10 * source + 0.01), (1000, 10 * source + 0.1)]
            # what is predicted belongs to what is counted
            assert color(line.get_color()) == drawn
            colors.append(drawn)
        assert len(set(colors)) == 3
        assert set(colors) <= PALETTE
        # three sources, and what the broken lines are
        assert len(axes.get_legend().get_texts()) == 4


def test_kernels_are_shown_with_their_deviations_beside_what_is_known():
    rows = [
        (density, kernel, width, 0.1 * width + (kernel == "flat"), 0.02, known, 500, 2000)
        for density, known in (("line", 0.7), ("plane", 0.8), ("space", 0.9))
        for kernel in ("flat", "extrapolated")
        for width in (0.1, 0.2)
    ]
    columns = ["density", "kernel", "width", "rate", "deviation", "known", "n", "large"]
    figure = contraction.kernels(pd.DataFrame(rows, columns=columns))
    for axes, known in zip(figure.axes, (0.7, 0.8, 0.9), strict=True):
        found = [bar(container) for container in axes.containers]
        assert [container.get_label() for container in axes.containers] == ["flat", "extrapolated to the face"]
        for (here, drawn, lengths), lift, expected in zip(found, (1, 0), contraction.COLORS, strict=False):
            np.testing.assert_allclose(here, [[0.1, 0.01 + lift], [0.2, 0.02 + lift]])
            np.testing.assert_allclose(lengths, 0.02)
            assert drawn == expected
        assert horizontals(axes) == [known]
    assert sorted(legend(figure)) == ["extrapolated to the face", "flat", "sample of 2,000"]


def test_predicted_rates_have_the_looks_of_their_methods_and_are_faint_where_they_cannot_tell():
    methods = {"batch_kmeans": "batch_kmeans", "gradient_nmax": "gradient_nmax", "lloyd_steps": "batch_kmeans"}
    rows = [
        (method, 0.1, name, name, 0.3 + 0.1 * place, 0.4 + 0.1 * place, 0.35 + 0.1 * place, 0.5 + 0.1 * place, tells)
        for method in methods
        for place, (name, tells) in enumerate((("a", True), ("b", True), ("c", False)))
    ]
    columns = ["optimizer", "width", "dataset", "family", "measured", "predicted", "low", "high", "informative"]
    judged = pd.DataFrame({"optimizer": list(methods), "width": 0.1, "correlation": 0.5, "sets": 2})
    figure = contraction.predicted(pd.DataFrame(rows, columns=columns), judged, dict.fromkeys(methods, 0.1))
    for axes, look in zip(figure.axes, map(style.look, methods.values()), strict=True):
        faint, clear = axes.containers
        for container, places, alpha in ((clear, (0, 1), 1), (faint, (2,), 0.25)):
            here, drawn, lengths = bar(container)
            np.testing.assert_allclose(here, [[0.4 + 0.1 * place, 0.3 + 0.1 * place] for place in places])
            np.testing.assert_allclose(lengths, [[0.05, 0.1]] * len(places))
            assert drawn == look.color
            assert container[0].get_marker() == look.marker
            assert container[0].get_alpha() == alpha


def test_rates_of_em_have_a_colour_for_each_kind_of_mixture_and_each_deviation():
    separations = pd.DataFrame(
        [(K, d, s, 1 / (K * s), 1 / (K * s) + 0.01) for K, d in ((2, 1), (3, 2), (6, 4)) for s in (1.0, 2.0)],
        columns=["clusters", "features", "separation", "predicted", "measured"],
    )
    datasets = pd.DataFrame(
        [(name, share, share / 2, share / 3) for name in "abc" for share in (1.0, 0.5)],
        columns=["dataset", "share", "predicted", "measured"],
    )
    models = ("full", "diagonal", "tied", "spherical")
    parameters = pd.DataFrame({"covariance": models, "predicted": [0.9, 0.8, np.nan, 0.6], "measured": 0.5})
    left, middle, right = mixture_rates.predicted(separations, datasets, parameters).axes
    curves, marks = left.lines[:-1:2], left.lines[1:-1:2]
    looks = mixture_rates.LOOKS
    for K, curve, mark, (expected, marker) in zip((2, 3, 6), curves, marks, looks, strict=False):
        assert points(curve) == [(1, 1 / K), (2, 1 / (2 * K))]
        assert points(mark) == [(1, pytest.approx(1 / K + 0.01)), (2, pytest.approx(1 / (2 * K) + 0.01))]
        assert color(curve.get_color()) == color(mark.get_color()) == expected
        assert mark.get_marker() == marker
    assert len(marks) == 3
    for model, line, rate in zip(models, labelled(right).values(), parameters["predicted"], strict=True):
        assert line.get_label() == model
        np.testing.assert_equal(points(line), [(rate, 0.5)])
    named = labelled(middle)
    assert list(named) == ["as within clusters", "0.5 of that"]
    for line, share, (expected, marker) in zip(named.values(), (1.0, 0.5), looks, strict=False):
        assert points(line) == [(share / 2, share / 3)] * 3
        assert (color(line.get_color()), line.get_marker()) == (expected, marker)


SIZES = (100, 1000, 10_000, 100_000)


def test_the_limit_of_small_variances_has_a_line_and_a_band_for_each_size():
    table = pd.DataFrame(
        [(n, s, n * s**2, 0.5 - s, 0.4 - s, 0.6 - s) for n in SIZES for s in (0.1, 0.2)],
        columns=["n", "deviation", "patterns", "rate", "low", "high"],
    )
    figure = mixture_rates.limit(table)
    for axes, column in zip(figure.axes, ("deviation", "patterns"), strict=True):
        *lines, known = axes.lines
        assert known.get_ydata()[0] == pytest.approx(0.75)
        for n, line, area, (expected, _) in zip(SIZES, lines, axes.collections, mixture_rates.LOOKS, strict=True):
            some = table[table["n"] == n]
            assert line.get_label() == f"n = {n:,}"
            assert points(line) == list(zip(some[column], some["rate"], strict=True))
            assert color(line.get_color()) == color(area.get_facecolor()[0]) == expected
            np.testing.assert_allclose(band(area), [some["low"], some["high"]])
        assert len(lines) == len(axes.collections) == len(SIZES)


def test_noise_is_shown_without_and_with_face_terms_for_each_rate_and_sampling():
    rows = [
        ("online_kmeans", sampling, s, 0.01 * s, 0.02 * s, 0.04 * s)
        for sampling in ("draws", "epochs")
        for s in (4, 32)
    ]
    rows += [
        ("online_gradient", sampling, s, s, np.nan, 2 * s) for sampling in ("draws", "epochs") for s in (0.01, 0.1)
    ]
    columns = ["optimizer", "sampling", "setting", "predicted", "with_faces", "measured"]
    left, right = noise.predicted(pd.DataFrame(rows, columns=columns)).axes
    named = labelled(left)
    assert list(named) == ["without face terms", "with face terms"]
    for line, predicted, face in zip(
        named.values(), (32, 64), ("#FFFFFF", style.look("online_kmeans").color), strict=True
    ):
        # of the later setting alone, in per cent
        assert points(line) == [(pytest.approx(predicted), pytest.approx(128))]
        assert color(line.get_color()) == style.look("online_kmeans").color
        assert color(line.get_markerfacecolor()) == face
    expected = [
        (f"{rate}, {words}", 100 * rate, face)
        for words, face in (("with replacement", style.look("online_gradient").color), ("in epochs", "#FFFFFF"))
        for rate in (0.01, 0.1)
    ]
    for (name, line), (words, predicted, face) in zip(labelled(right).items(), expected, strict=True):
        assert name == words
        assert points(line) == [(pytest.approx(predicted), pytest.approx(2 * predicted))]
        assert color(line.get_color()) == style.look("online_gradient").color
        assert color(line.get_markerfacecolor()) == face


def test_faster_methods_have_a_panel_each_and_the_goals_are_in_that_of_newtons():
    drawn = ("lbfgs", "face_newton", "online_face_newton")
    rows = [
        (method, lloyd, (m + 1) / lloyd)
        for m, method in enumerate((*drawn, "anderson"))
        for lloyd in (10.0, 20.0, 80.0)
    ]
    figure = acceleration.against_lloyd(pd.DataFrame(rows, columns=["optimizer", "lloyd", "ratio_0.1"]))
    for m, (axes, method) in enumerate(zip(figure.axes, drawn, strict=True), 1):
        marks = axes.lines[0]
        assert axes.get_title(loc="left") == CONTENDERS[method].label
        assert points(marks) == [(lloyd, pytest.approx(m / lloyd)) for lloyd in (10, 20, 80)]
        assert (color(marks.get_color()), marks.get_marker()) == (style.look(method).color, style.look(method).marker)
        assert horizontals(axes) == [1]
        assert [line.get_xdata()[0] for line in axes.lines if list(line.get_ydata()) == [0, 1]] == [50]
    goals = [labelled(axes).get("goals") for axes in figure.axes]
    assert [goal is not None for goal in goals] == [False, True, False]
    # at most three halves of the passes, and a third where batch K-means takes more than 50
    assert points(goals[1])[:3] == [(10, 1.5), (50, 1.5), (50, pytest.approx(1 / 3))]


# --- the comparison -------------------------------------------------------------------------------------

SHOWN = ("batch_kmeans", "nesterov", "online_kmeans")


def test_convergence_has_each_method_in_each_panel():
    passes = np.array([0.0, 1.0, 2.0, 4.0])
    table = pd.concat(
        pd.DataFrame(
            {
                "dataset": name,
                "clusters": K,
                "optimizer": method,
                "passes": passes,
                "low": h / 2,
                "median": h,
                "high": 2 * h,
            }
        )
        for name, K, f in (("a", 3, 1), ("a", 5, 100), ("b", 4, 2))
        for m, method in enumerate((*SHOWN, "adam"), 1)
        for h in [f * m * 0.1 ** (1 + passes)]
    )
    figure = comparison.convergence(table, [("a", 3), ("b", 4)], SHOWN)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    for axes, factor in zip(shown, (1, 2), strict=True):
        assert list(labelled(axes)) == [CONTENDERS[method].label for method in SHOWN]
        for m, (line, area, method) in enumerate(zip(axes.lines, axes.collections, SHOWN, strict=True), 1):
            assert drawn_as(line, method)
            assert color(area.get_facecolor()[0]) == style.look(method).color
            # in per cent, from the first pass on
            height = 100 * factor * m * 0.1 ** (1 + passes[1:])
            assert list(line.get_xdata()) == [1, 2, 4]
            np.testing.assert_allclose(line.get_ydata(), height)
            np.testing.assert_allclose(band(area), [height / 2, 2 * height])
    assert legend(figure) == [CONTENDERS[method].label for method in SHOWN]


def test_performance_profiles_have_each_method_for_each_target():
    tables = {
        target: pd.DataFrame(
            [
                (method, factor, scale * m * factor)
                for m, method in enumerate((*SHOWN, "adam"), 1)
                for factor in (1.0, 2.0)
            ],
            columns=["optimizer", "factor", "share"],
        )
        for target, scale in (("own_1", 0.1), ("own_0.1", 0.05))
    }
    figure = comparison.performance_profiles(tables, SHOWN)
    for axes, scale in zip(figure.axes, (10, 5), strict=True):
        assert list(labelled(axes)) == [CONTENDERS[method].label for method in SHOWN]
        for m, (line, method) in enumerate(zip(axes.lines, SHOWN, strict=True), 1):
            assert drawn_as(line, method)
            np.testing.assert_allclose(line.get_ydata(), [scale * m, 2 * scale * m])
    assert legend(figure) == [CONTENDERS[method].label for method in SHOWN]


def test_quality_against_speed_has_a_mark_with_intervals_for_each_method():
    methods = ("batch_kmeans", "nesterov", "adam")
    rows = []
    for m, method in enumerate(methods):
        x = {"ratio_0.1": 1.0 + m, "ratio_0.1_low": 0.8 + m, "ratio_0.1_high": 1.5 + m, "bound_0.1": method == "adam"}
        y = {"end": float(m), "end_low": m - 0.5, "end_high": m + 0.25, "limit": m - 1.0}
        rows.append({"start": "patterns", "optimizer": method} | x | y)
    (axes,) = comparison.quality_against_speed(pd.DataFrame(rows)).axes
    for m, (container, method) in enumerate(zip(axes.containers, methods, strict=True)):
        mark, _, (across, up) = container
        assert points(mark) == [(1 + m, m)]
        assert color(mark.get_color()) == style.look(method).color
        assert mark.get_marker() == style.look(method).marker
        # what is a bound has no end
        ends = (1 + m, 1 + m) if method == "adam" else (0.8 + m, 1.5 + m)
        np.testing.assert_allclose(across.get_segments()[0][:, 0], ends)
        np.testing.assert_allclose(up.get_segments()[0][:, 1], [m - 0.5, m + 0.25])
    polish = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [points(line) for line in polish] == [[(1 + m, m), (1 + m, m - 1)] for m in range(3)]
    assert [color(line.get_color()) for line in polish] == [style.look(method).color for method in methods]


def test_ranks_have_the_colour_of_each_method_and_a_bar_for_those_that_are_alike():
    keys = ["batch_kmeans", "nesterov", "online_kmeans", "adam"]
    p = pd.DataFrame(0.001, keys, keys)
    # the first two are not told apart, nor is anything else
    p.loc["batch_kmeans", "nesterov"] = p.loc["nesterov", "batch_kmeans"] = 0.9
    (axes,) = comparison.critical_difference(pd.Series([1.0, 2.0, 3.0, 4.0], keys), p, "cost").axes
    marks = {float(some.get_offsets()[0, 0]): color(some.get_facecolor()[0]) for some in axes.collections}
    assert marks == {rank: style.look(key).color for rank, key in enumerate(keys, 1)}
    words = [text.get_text() for text in axes.texts]
    for rank, key in enumerate(keys, 1):
        assert sum(CONTENDERS[key].label in word and f"({rank}.0)" in word for word in words) == 1
    joined = [line for line in axes.lines if list(line.get_xdata()) == [1, 2] and len(set(line.get_ydata())) == 1]
    assert [is_grey(color(line.get_color())) for line in joined] == [True]


def test_winners_are_shown_against_three_properties_with_lines_of_least_squares():
    sets = [f"s{i}" for i in range(5)]
    size = 10.0 ** np.arange(1, 6)
    datasets = pd.DataFrame({"name": sets, "n": size, "overlap": size / 1e6, "condition": 2 * size})
    methods = ("nesterov", "online_kmeans")
    # powers of the size, so that the lines go through all marks
    ratio = pd.DataFrame({"batch_kmeans": 1.0, "nesterov": size**-0.2, "online_kmeans": 3 * size**0.1}, sets)
    figure = comparison.winners(ratio, datasets, methods)
    for axes, x in zip(figure.axes, (size, size / 1e4, 2 * size), strict=True):
        assert 1 in horizontals(axes)
        marks = [line for line in axes.lines if line.get_linestyle() == "None" and len(points(line))]
        fits = [
            line
            for line in axes.lines
            if line.get_marker() in ("", "None")
            and len(points(line)) == 2
            and line.get_xdata()[0] > 0
            and list(line.get_xdata()) != [0, 1]
        ]
        for line, fit, method in zip(marks, fits, methods, strict=True):
            assert (color(line.get_color()), line.get_marker()) == (style.look(method).color, style.look(method).marker)
            np.testing.assert_allclose(points(line), np.column_stack([x, ratio[method]]))
            assert (color(fit.get_color()), fit.get_linestyle()) == (style.look(method).color, style.look(method).line)
            np.testing.assert_allclose(points(fit), [points(line)[0], points(line)[-1]])
    assert legend(figure) == [CONTENDERS[method].label for method in methods]


def test_the_first_pages_figure_has_the_colours_of_its_methods():
    shown = ("batch_kmeans", "gradient_fixed", "online_kmeans", "online_c4")
    passes = np.array([0.5, 1, 2, 4, 8])
    curves = pd.concat(
        pd.DataFrame(
            {
                "dataset": "a",
                "clusters": 3,
                "start": "patterns",
                "optimizer": key,
                "passes": passes,
                "median": m * 0.1**passes,
            }
        )
        for m, key in enumerate(shown, 1)
    )
    growth = pd.DataFrame(
        [(f"interval, K = {K}", n, K * np.log(n)) for K in (2, 3, 6) for n in (100, 1000, 10000)],
        columns=["source", "n", "steps"],
    )
    why, fast, catch = headline.headline(curves, growth).axes
    newton, short = (line for line in why.lines if len(points(line)) == 1 and line.get_marker() != "o")
    assert color(newton.get_color()) == style.look("batch_kmeans").color
    assert color(short.get_color()) == style.look("gradient_fixed").color
    for m, (line, key) in enumerate(zip(fast.lines, shown, strict=True), 1):
        assert drawn_as(line, key)
        assert line.get_ydata()[0] == pytest.approx(100 * m * 0.1**0.5)
    # each name in the colour of its line
    assert [color(text.get_color()) for text in fast.texts] == [color(line.get_color()) for line in fast.lines]
    assert {color(line.get_color()) for line in catch.lines} == {style.look("batch_kmeans").color}
    assert len({(line.get_marker(), line.get_linestyle()) for line in catch.lines}) == 3


def test_one_data_set_has_a_row_for_each_optimizer_in_the_colour_of_its_verdict():
    verdicts = {"nesterov": "better", "batch_kmeans": "equal", "adam": "likely worse", "lbfgs": "open"}
    table = pd.DataFrame(
        [
            {
                "optimizer": key,
                "verdict": word,
                "difference": d,
                "low": d - 1,
                "high": d + 2,
                "passes": p,
                "passes_low": p - 1,
                "passes_high": p + 1,
            }
            for key, word, d, p in zip(
                verdicts, verdicts.values(), (-3.0, 0.0, 4.0, 1.0), (5.0, 6.0, np.inf, 8.0), strict=True
            )
        ]
    )
    labels = {key: CONTENDERS[key].label for key in verdicts}
    about = single.About("mine, K = 3", labels, "batch_kmeans", "drawn", "batch K-means", RELATIVE)
    left, right = single.forest(table, about).axes
    intervals, marks = left.collections
    colors = [single.COLORS[word] for word in verdicts.values()]
    assert (
        [color(value) for value in marks.get_edgecolors()]
        == [color(value) for value in intervals.get_colors()]
        == colors
    )
    # likely ones are hollow
    assert [color(value) for value in marks.get_facecolors()] == [*colors[:2], "#FFFFFF", colors[3]]
    np.testing.assert_allclose(marks.get_offsets(), [[-3, 3], [0, 2], [4, 1], [1, 0]])
    np.testing.assert_allclose([s[:, 0] for s in intervals.get_segments()], [[-4, -1], [-1, 2], [3, 6], [0, 3]])
    names = dict(zip(left.get_yticks(), (text.get_text() for text in left.get_yticklabels()), strict=True))
    assert names == {3 - place: CONTENDERS[key].label for place, key in enumerate(verdicts)}
    # one never gets there
    np.testing.assert_allclose(right.collections[1].get_offsets(), [[5, 3], [6, 2], [8, 0]])


# --- the supplement -------------------------------------------------------------------------------------


def test_ratios_of_the_supplement_have_a_mark_for_each_peer_and_shape():
    seconds = {"ours": 1.0, "ours_single": 0.5, "sklearn_lloyd": 3.0, "scipy": 8.0, "faiss": 2.0}
    table = pd.DataFrame(
        [
            {
                "shape": shape,
                "method": key,
                "start": "given",
                "round": 0,
                "seconds": scale * value,
                "n": 100,
                "passes": 5,
                "difference": 0.0,
                "moved": 0.0,
            }
            for shape, scale in (("iris", 1.0), ("plane_10", 4.0))
            for key, value in seconds.items()
        ]
    )
    figure = performance_figures.ratio_figure(table)
    (axes,) = figure.axes
    # over ours with the same precision: that of faiss is single
    expected = {"sklearn_lloyd": 3.0, "scipy": 8.0, "faiss": 4.0}
    named = labelled(axes)
    assert set(named) == {performance.METHODS[key].label for key in expected}
    for key, ratio in expected.items():
        line = named[performance.METHODS[key].label]
        assert list(line.get_ydata()) == [ratio] * 2
        # above the places of both shapes
        np.testing.assert_allclose(line.get_xdata(), [0, 1], atol=0.5)
        assert (color(line.get_color()), line.get_marker()) == performance_figures.MARKS[key]
    assert sorted(legend(figure)) == sorted(named)
    assert 1 in horizontals(axes)


def test_growth_of_the_supplement_has_marks_and_a_line_for_each_scheme():
    base = {"n": 1000, "K": 10, "d": 4}
    rows = [
        base | {"scheme": scheme, "varied": varied, varied: size, "seconds": factor * size**power}
        for varied, power in (("n", 1.0), ("K", 0.8), ("d", 0.5))
        for scheme, factor in (("products", 1e-6), ("direct", 3e-6))
        for size in (10, 100, 1000)
    ]
    figure = performance_figures.growth_figure(pd.DataFrame(rows))
    for axes, power in zip(figure.axes, (1.0, 0.8, 0.5), strict=True):
        for place, (scheme, factor) in enumerate((("products", 1e-6), ("direct", 3e-6))):
            marks, line = axes.lines[2 * place : 2 * place + 2]
            expected = factor * np.array([10.0, 100, 1000]) ** power
            np.testing.assert_allclose(marks.get_ydata(), expected)
            np.testing.assert_allclose(line.get_ydata(), expected)
            assert (color(marks.get_color()), marks.get_marker()) == performance_figures.SCHEME_MARKS[scheme]
            assert color(line.get_color()) == color(marks.get_color())
        assert len(axes.lines) == 4
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "matrix products",
        "direct distances",
    ]
