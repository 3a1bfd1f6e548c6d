"""Figures, tables and prose of the comparison: what they show, that nothing overlaps, and the same bytes each time."""

import os
import re
import subprocess
import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import synthetic
from matplotlib import pyplot
from matplotlib.colors import to_hex

from kmeans_convergence.analysis import ledger, paired, profiles, ranking
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.experiments.contenders import CONTENDERS
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.reporting import answer, comparison, comparison_tables, style, text
from kmeans_convergence.reporting.contenders import label

FEW = ("batch_kmeans", "nesterov", "gradient_tuned", "online_kmeans", "minibatch_c4")


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def test_how_often_the_largest_setting_was_the_best():
    rows = [("adam_tuned", s, v, v == best) for s, best in (("a", 2), ("b", 1), ("c", 2), ("d", 1)) for v in (1, 2)]
    table = pd.DataFrame(rows, columns=["optimizer", "dataset", "setting", "chosen"])
    assert answer.tuned(table) == {
        "largestGradient": "--", "largestAdam": r"50\,\%", "largestOnline": "--", "largestAverage": "--"
    }  # fmt: skip


def test_every_optimizer_has_a_name_and_a_look():
    assert set(CONTENDERS) <= set(style.STYLES)
    assert set(synthetic.EFFECTS) <= set(CONTENDERS)
    assert len({label(method) for method in CONTENDERS}) == len(CONTENDERS)


@pytest.fixture(scope="module")
def datasets():
    return synthetic.datasets(12, 4)


@pytest.fixture(scope="module")
def runs(datasets):
    return synthetic.runs(datasets, count=6, clusters=(4,), starts=("patterns",))


@pytest.fixture(scope="module")
def summary(runs, datasets):
    return ranking.summarize(runs, datasets, synthetic.BUDGET, 0, 100)


@pytest.fixture(scope="module")
def per_set(runs, datasets):
    cost = ranking.Hierarchy.of(paired.differences(runs), datasets, 0, 10).table()
    passes = ranking.Hierarchy.of(paired.log_ratios(runs, "own_1", synthetic.BUDGET), datasets, 0, 10).table()
    return cost, np.exp(passes)


@pytest.fixture(scope="module")
def figures(runs, datasets, summary, per_set):
    """Each figure, as a function that draws it."""
    cost, passes = per_set
    p = ranking.significance(ranking.pairwise(cost, datasets), list(cost.columns))
    grid = np.geomspace(1, 100, 30)
    some = runs[runs["optimizer"].isin(FEW)]
    shares = {t: profiles.performance(profiles.medians(some, t), grid, datasets) for t in ("own_1", "own_0.1")}
    times = {t: profiles.run_times(some, t, grid, datasets, 0, 20) for t in ("best_1", "best_0.1")}
    excesses = {column: profiles.excess(some, column, datasets) for column in ("end", "limit")}
    curves = synthetic.curves(datasets.iloc[:5], {m: synthetic.EFFECTS[m] for m in FEW})
    panels = [(name, 10) for name in datasets["name"].iloc[:5]]
    return {
        "convergence": lambda: comparison.convergence(curves, panels, FEW),
        "profiles": lambda: comparison.performance_profiles(shares, FEW),
        "run times": lambda: comparison.run_times(times, FEW),
        "final costs": lambda: comparison.final_costs(excesses, FEW),
        "quality": lambda: comparison.quality_against_speed(summary),
        "heat map": lambda: comparison.heat_map(cost, passes, datasets),
        "critical difference": lambda: comparison.critical_difference(ranking.ranks(cost, datasets), p, "final cost"),
        "winners": lambda: comparison.winners(passes, datasets, FEW[1:]),
    }


NAMES = (
    "convergence",
    "profiles",
    "run times",
    "final costs",
    "quality",
    "heat map",
    "critical difference",
    "winners",
)


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_as_wide_as_the_text_and_the_same_bytes_each_time(figures, name, tmp_path):
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        figure = figures[name]()
        assert figure.get_figwidth() == style.TEXT_WIDTH
        style.save(figure, file)
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("count", [5, 42, 75, 150])
def test_a_heat_map_of_many_sets_stays_on_its_page(count):
    names = [f"s{i}" for i in range(count)]
    table = pd.DataFrame(1.0, index=names, columns=["batch_kmeans", "online_c4", "adam"])
    figure = comparison.heat_map(table, table, pd.DataFrame({"name": names, "n": range(count)}))
    assert figure.get_figheight() <= style.TALLEST + 1e-9
    rows = 72 * figure.axes[0].get_position().height * figure.get_figheight() / count
    assert figure.axes[0].get_yticklabels()[0].get_fontsize() < rows * 1.05
    pyplot.close(figure)


def test_a_heat_map_has_a_cell_for_each_set_and_optimizer_in_the_order_of_its_labels(per_set, datasets):
    cost, passes = per_set
    cost, passes = cost.copy(), passes.copy()
    cost.loc["set03", "adam"] = np.nan
    left, right = (axes for axes in comparison.heat_map(cost, passes, datasets).axes[:2])
    keys = {label(key): key for key in cost}
    columns = [keys[text.get_text()] for text in left.get_xticklabels()]
    assert set(columns) == set(cost) - {paired.REFERENCE}
    assert (cost[columns].mean().diff().dropna() >= 0).all()
    rows = [text.get_text() for text in left.get_yticklabels()]
    assert rows == list(datasets.sort_values("n", kind="stable")["name"])
    for axes, table in ((left, cost), (right, passes)):
        drawn = np.ma.filled(axes.collections[0].get_array().reshape(len(rows), len(columns)), np.nan)
        np.testing.assert_array_equal(drawn, table.loc[rows, columns])


def test_run_times_have_the_bands_of_their_lines_beside_batch_kmeans_in_each_panel(figures):
    axes = figures["run times"]().axes
    families = [["nesterov"], ["gradient_tuned"], ["online_kmeans", "minibatch_c4"]]
    assert len(axes) == 2 * len(families)
    for panel, members in zip(axes, 2 * families, strict=True):
        methods = [paired.REFERENCE, *members]
        assert [line.get_label() for line in panel.lines] == [label(method) for method in methods]
        assert [line.get_color() for line in panel.lines] == [style.look(method).color for method in methods]
        for line, band, method in zip(panel.lines, panel.collections, methods, strict=True):
            assert to_hex(band.get_facecolor()[0]).upper() == style.look(method).color
            heights = band.get_paths()[0].vertices[:, 1]
            assert heights.min() <= line.get_ydata().min()
            assert heights.max() >= line.get_ydata().max()


def test_final_costs_are_the_weighted_shares_of_runs(runs, datasets):
    # some sets with fewer runs, each of which then weighs more
    some = runs[runs["optimizer"].isin(FEW) & ((runs["run"] < 2) | (runs["dataset"] > "set05"))]
    tables = {column: profiles.excess(some, column, datasets) for column in ("end", "limit")}
    assert tables["end"]["weight"].nunique() > 1
    for panel, table in zip(comparison.final_costs(tables, FEW).axes, tables.values(), strict=True):
        assert [line.get_label() for line in panel.lines] == [label(method) for method in FEW]
        for line, method in zip(panel.lines, FEW, strict=True):
            assert (line.get_color(), line.get_linestyle()) == (style.look(method).color, style.look(method).line)
            of_method = table[table["optimizer"] == method]
            for bound in (1.0, 5.0):
                share = of_method.loc[of_method["excess"] <= bound, "weight"].sum() / of_method["weight"].sum()
                assert line.get_ydata()[line.get_xdata() <= bound].max() == pytest.approx(share)


def test_every_axis_has_words(figures):
    for name in set(NAMES) - {"heat map", "critical difference"}:
        figure = figures[name]()
        words = [axes.get_xlabel() for axes in figure.axes] + [figure.get_supxlabel()]
        words += [axes.get_ylabel() for axes in figure.axes] + [figure.get_supylabel()]
        assert sum(bool(word) for word in words) >= 2, name


def test_names_in_quality_against_speed_are_all_there_and_do_not_overlap(figures, summary):
    figure = figures["quality"]()
    figure.draw_without_rendering()
    axes = figure.axes[0]
    texts = [t for t in axes.texts if t.get_text()]
    shown = {t.get_text() for t in texts}
    assert {label(method) for method in summary["optimizer"]} <= shown
    boxes = [t.get_window_extent() for t in texts]
    frame = axes.get_window_extent()
    for box in boxes:
        assert frame.x0 - 1 <= box.x0
        assert box.x1 <= frame.x1 + 1
    for (i, a), (j, b) in combinations(enumerate(boxes), 2):
        assert not a.overlaps(b), (texts[i].get_text(), texts[j].get_text())


def test_a_method_without_a_style_is_refused(summary, refused):
    with refused("'newest'", "no style"):
        comparison.quality_against_speed(summary.replace({"optimizer": {"adam": "newest"}}))


def test_bars_of_ranks_do_not_depend_on_the_process(tmp_path):
    """The library keeps names in sets, and the order of a set of names changes with the seed of hashing."""
    code = (
        "import sys, numpy as np, pandas as pd; from pathlib import Path;"
        "from kmeans_convergence.reporting import comparison as c, style;"
        "keys = ['batch_kmeans', 'online_kmeans', 'hybrid', 'adam', 'lbfgs'];"
        "p = pd.DataFrame(np.ones((5, 5)), keys, keys);"
        "figure = c.critical_difference(pd.Series([1., 2., 3., 4., 5.], keys), p, 'cost');"
        "style.save(figure, Path(sys.argv[1]))"
    )
    found = set()
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.svg"
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        found.add(path.read_bytes())
    assert len(found) == 1


# --- tables and prose ------------------------------------------------------------------------------


def test_tables_of_the_summary(summary):
    for table in (comparison_tables.final_costs(summary), comparison_tables.passes(summary)):
        rows = [line for line in table.splitlines() if line.endswith(r"\\") and "&" in line]
        assert len({row.count("&") for row in rows}) == 1
        assert len(rows) == 1 + len(summary)
        assert "nan" not in table
        assert table.count("$") % 2 == 0
    first = comparison_tables.final_costs(summary).splitlines()[5]
    assert first.startswith(("Adam", "Adam, tuned"))


def test_the_ledger_as_a_table(root, runs, datasets, tmp_path):
    claims = ledger.read_claims(root / "paper" / "claims.tsv")
    judged = ledger.judge(claims, Evidence(runs, datasets, synthetic.BUDGET, 0, 50))
    table = comparison_tables.ledger(judged, r"\caption{Claims.}")
    assert table.count("longtable") == 2
    rows = [line for line in table.splitlines() if "addlinespace" in line]
    assert len(rows) == len(claims)
    assert {row.count("&") for row in rows} == {4}
    assert not re.search(r"\{\w+_\w+\}", table)
    assert not re.search(r"(?<!\\)%(?! Generated)", table)
    assert "nan" not in table
    write_csv(judged, tmp_path / "ledger.csv")
    assert comparison_tables.ledger(pd.read_csv(tmp_path / "ledger.csv"), r"\caption{Claims.}") == table
    # names of methods and not their keys
    assert r"\emph{Nesterov}" in table
    assert "gradient_nmax" not in table


def test_the_answer_says_what_the_numbers_say(summary):
    values = answer.answer(summary)
    row = summary.set_index("optimizer").loc["gradient_tuned"]
    assert f"needs {text.interval(row['ratio_0.1'], row['ratio_0.1_low'], row['ratio_0.1_high'])}" in values["answer"]
    assert "ends at a higher cost" in values["answer"]
    assert values["answerSets"] == "12"
    # of the effects that were built in, these are lower and faster beyond doubt
    assert int(values["answerBoth"]) >= 5
    assert values["answer"].endswith("Alternation is a good choice, and not the best.")
    assert all(re.fullmatch("[A-Za-z]+", key) for key in values)


def test_the_answer_names_the_cheapest_with_restarts(summary):
    assert "With restarts" not in answer.answer(summary)["answer"]
    time = np.linspace(2.0, 0.5, len(summary))
    timed = summary.assign(time_1=time, time_1_low=time - 0.1, time_1_high=time + 0.1)
    cheapest = label(timed["optimizer"].iloc[-1])
    assert rf"is \emph{{{cheapest}}}, at 0.50 [0.40, 0.60] times" in answer.answer(timed)["answer"]
    # nothing is cheap that may cost as much as alternation
    dear = timed.assign(time_1=time + 1, time_1_low=time + 0.4, time_1_high=time + 1.1)
    assert "With restarts" not in answer.answer(dear)["answer"]


def test_the_answer_turns_with_the_numbers(summary):
    columns = [c for c in summary if c.startswith("difference")]
    flipped = summary.assign(**{c: -summary[c] for c in columns})
    flipped[["difference_low", "difference_high"]] = -summary[["difference_high", "difference_low"]]
    assert "ends at a lower cost" in answer.answer(flipped)["answer"]
    kmeans = summary[summary["optimizer"].isin(["batch_kmeans", "gradient_nmax"])]
    assert answer.answer(kmeans)["answer"].endswith("Nothing beats alternation.")
