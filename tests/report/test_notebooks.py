"""Notebooks: sliders where a kernel runs, what they start with on a page; and the figure of patterns."""

import ast
import json

import nbformat
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from kmeans_convergence.data import load, read_registry
from kmeans_convergence.pipeline.notebooks import execute
from kmeans_convergence.report import patterns, style
from kmeans_convergence.report.knobs import PAGE_VARIABLE, turn

NOTEBOOKS = ("alternations", "breakdown", "derivation", "embeddings", "rates", "replication")


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def drawn(size=3, speed=0.5, mirrored=False):
    return f"size {size}, speed {speed}, mirrored {mirrored}"


def test_a_page_shows_what_the_sliders_start_with(monkeypatch):
    monkeypatch.setenv(PAGE_VARIABLE, "")
    assert turn(drawn, size=(1, 9), speed=(0.0, 1.0), mirrored=True) == drawn()


def test_a_running_kernel_has_sliders_that_start_at_the_defaults_and_draw_where_they_stop(monkeypatch):
    monkeypatch.delenv(PAGE_VARIABLE, raising=False)
    panel = turn(drawn, size=(1, 9), speed=(0.0, 1.0), mirrored=[True, False])
    size, speed, mirrored = panel.kwargs_widgets
    assert (size.min, size.max, size.value, speed.value, mirrored.value) == (1, 9, 3, 0.5, False)
    assert not size.continuous_update
    assert panel.result == drawn()
    size.value = 7
    assert panel.result == drawn(size=7)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of a notebook with a slider, made twice."""
    folder = tmp_path_factory.mktemp("page")
    source = (
        "from kmeans_convergence.report.knobs import turn\n"
        "turn(lambda size=3: f'the answer is {size * 14}', size=(1, 9))"
    )
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id="only")])
    nbformat.write(document, folder / "small.ipynb")
    for name in ("one", "two"):
        execute(folder / "small.ipynb", folder / f"{name}.html")
    return [(folder / f"{name}.html").read_text() for name in ("one", "two")]


def test_a_page_of_sliders_needs_no_kernel_and_is_the_same_each_time(pages):
    assert "the answer is 42" in pages[0]
    assert pages[0] == pages[1]
    for trace in ("widget-view", "widget-state", "html-manager"):
        assert trace not in pages[0]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_slider_of_a_notebook_moves_an_argument_that_has_a_default(root, name):
    cells = json.loads((root / f"notebooks/{name}.ipynb").read_text())["cells"]
    code = ast.parse("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))
    functions = {node.name: node for node in ast.walk(code) if isinstance(node, ast.FunctionDef)}
    calls = [node for node in ast.walk(code) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "turn"]
    assert len(calls) >= 2
    for call in calls:
        draw = call.args[0]
        arguments = (draw if isinstance(draw, ast.Lambda) else functions[draw.id]).args
        assert [knob.arg for knob in call.keywords] == [argument.arg for argument in arguments.args]
        assert len(arguments.defaults) == len(arguments.args)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_kept_without_output(root, name):
    for cell in json.loads((root / f"notebooks/{name}.ipynb").read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


# --- patterns -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def iris(root):
    return load("iris", read_registry(root / "config/datasets.tsv"), root=root)


def test_each_pair_of_features_has_a_panel_with_all_patterns_and_prototypes(iris):
    w, owners = iris.X[:5], np.arange(len(iris.X)) % 4
    figure = patterns.pairs(iris, w, owners)
    assert figure.get_figwidth() == style.TEXT_WIDTH
    scatters = [axes for axes in figure.axes if len(axes.collections) == 2]
    assert len(scatters) == 6
    for axes in scatters:
        flowers, stars = (some.get_offsets() for some in axes.collections)
        i, j = (
            next(i for i, feature in enumerate(iris.features) if text.startswith(feature))
            for text in (words(figure, axes, "x"), words(figure, axes, "y"))
        )
        np.testing.assert_array_equal(flowers, iris.X[:, [i, j]])
        np.testing.assert_array_equal(stars, w[:, [i, j]])
        colors = [to_hex(color).upper() for color in axes.collections[0].get_facecolors()]
        assert colors == [patterns.COLORS[k] for k in owners]
    # the fifth prototype has no patterns
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["0", "1", "2", "3"]


def words(figure, axes, side):
    """The label of the last panel of the column, or the first one of the row, that these axes are in."""
    place = axes.get_subplotspec()
    column, row = place.colspan.start, place.rowspan.start
    for other in figure.axes:
        there = other.get_subplotspec()
        text = other.get_xlabel() if side == "x" else other.get_ylabel()
        same = there.colspan.start == column if side == "x" else there.rowspan.start == row
        if same and text and (side == "x" or there.colspan.start != row):
            return text
    raise AssertionError(f"no label on the {side} axis")


def test_more_prototypes_than_can_be_told_apart_are_refused(iris, refused):
    with refused("8 prototypes", "at most 7"):
        patterns.pairs(iris, iris.X[:8], np.zeros(len(iris.X), dtype=int))
