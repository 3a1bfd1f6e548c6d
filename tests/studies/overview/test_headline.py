"""The figure of the first page: what its three panels show, and that no label hides another."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from kmeans_convergence.report import style
from kmeans_convergence.studies.derivation import show as landscape
from kmeans_convergence.studies.overview import show as headline

SIZES = [100, 1000, 10000]


@pytest.fixture
def curves():
    """Curves that fall by a power of ten each pass, batch K-means' to zero; other starts and K are far above."""
    passes = np.array([0.0, 0.5, 1, 2, 4, 8, 16])
    rows = []
    for method in headline.SHOWN:
        median = 10.0 ** -(passes / 4)
        if method == "batch_kmeans":
            median[passes >= 4] = 0
        for start, clusters, factor in (("patterns", 10, 1), ("patterns", 3, 1e3), ("plusplus", 10, 1e3)):
            about = {"dataset": "flowers", "clusters": clusters, "start": start, "optimizer": method}
            rows.append(pd.DataFrame(about | {"passes": passes, "median": factor * median}))
    return pd.concat(rows, ignore_index=True)


@pytest.fixture
def growth():
    """Steps that grow with the logarithm of n, the faster the larger K; squares and pixels are not shown."""
    shown = {f"interval, K = {K}": [K * np.log(n) for n in SIZES] for K in (2, 3, 6)}
    shown |= {"square, K = 5": [99.0] * 3, "pixels, K = 4": [99.0] * 3}
    rows = [
        {"source": source, "real": "pixels" in source, "n": n, "steps": steps}
        for source, all_steps in shown.items()
        for n, steps in zip(SIZES, all_steps, strict=True)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def panels(curves, growth):
    figure = headline.headline(curves, growth)
    figure.canvas.draw()
    yield figure.axes
    pyplot.close("all")


def test_the_step_of_newton_is_the_mean_of_the_patterns_owned(panels):
    # of the five patterns 0 is nearer to the prototype that stays; 0.8 is so from 1.2 on
    position = landscape.START
    owned = landscape.PATTERNS[abs(landscape.PATTERNS - position) < abs(landscape.PATTERNS - landscape.SECOND)]
    start, newton, short = (line.get_xdata()[0] for line in panels[0].lines if len(line.get_xdata()) == 1)
    assert start == position
    assert newton == pytest.approx(owned.mean())
    assert short == pytest.approx((start + newton) / 2)


def test_one_problem_from_patterns_is_shown_and_lines_leave_the_frame_once(panels, curves):
    middle = panels[1]
    assert len(middle.lines) == len(headline.SHOWN)
    # the other kind of start and the other K would be a thousand times as high
    assert all(line.get_ydata().max() < 100 for line in middle.lines)
    batch = next(line for line in middle.lines if line.get_color() == style.look("batch_kmeans").color)
    assert list(batch.get_ydata() < headline.LOWEST) == [False, False, False, True]
    assert middle.get_title(loc="left") == "(b) How fast: flowers, K = 10"


def test_only_intervals_show_the_growth(panels):
    assert [list(line.get_xdata()) for line in panels[2].lines] == [SIZES] * 3
    assert {text.get_text() for text in panels[2].texts} == {"K = 2", "K = 3", "K = 6"}


def test_no_label_hides_another(panels):
    for axes in panels:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_lines_are_told_apart_in_grey(panels):
    looks = [(line.get_linestyle(), line.get_marker(), line.get_markerfacecolor()) for line in panels[1].lines]
    assert len(set(looks)) == len(looks)
