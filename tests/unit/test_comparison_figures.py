"""Figures, tables and prose of the comparison: what they show, that nothing overlaps, and the same bytes each time."""

import dataclasses
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

from kmeans_convergence.analysis import ledger, methods, paired, predicates, profiles, readings
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.analysis.summary import summarize
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.experiments.contenders import CONTENDERS
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.reporting import answer, comparison, comparison_figures, comparison_tables, style, text
from kmeans_convergence.reporting.contenders import label

FEW = ("batch_kmeans", "nesterov", "gradient_tuned", "online_kmeans", "minibatch_c4")


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def test_how_many_choices_lie_at_an_edge_and_what_they_cost():
    table = synthetic.tuning(synthetic.datasets(10, 0))
    edges = table.loc[table["chosen"], "edge"].mean()
    found = answer.tuned(table)
    # one method is best at 1 everywhere, which is inside
    assert 0 < edges < 0.5
    assert found == {"tuningEdge": text.percent(edges), "tuningChoices": "40", "tuningPasses": "2,000"}


def test_every_optimizer_has_a_name_and_a_look():
    assert set(CONTENDERS) <= set(style.STYLES)
    assert set(synthetic.EFFECTS) <= set(CONTENDERS)
    assert len({label(method) for method in CONTENDERS}) == len(CONTENDERS)


@pytest.fixture(scope="module")
def datasets():
    return synthetic.datasets(12, 4)


@pytest.fixture(scope="module")
def runs(datasets):
    starts = ("patterns", "plusplus")
    changes = {
        "gradient_tuned": dataclasses.replace(synthetic.EFFECTS["gradient_tuned"], diverges=0.2),
        "adam": dataclasses.replace(synthetic.EFFECTS["adam"], short=30.0),
    }
    return synthetic.runs(datasets, synthetic.EFFECTS | changes, (4,), 6, starts, budgets=(10, 100))


@pytest.fixture(scope="module")
def evidence(runs, datasets):
    tuning = synthetic.tuning(datasets).assign(clusters=4)
    powers = dict.fromkeys(predicates.STOCHASTIC, -0.2)
    return Evidence(RELATIVE, runs, datasets, 0, 100, tuning=tuning, size=synthetic.size(powers))


@pytest.fixture(scope="module")
def summary(evidence):
    return summarize(evidence)


@pytest.fixture(scope="module")
def judged(root, evidence):
    return ledger.judge(ledger.read_claims(root / "paper" / "claims.tsv"), evidence)


@pytest.fixture(scope="module")
def per_method(evidence):
    return methods.judge(evidence)


@pytest.fixture(scope="module")
def figures(runs, datasets, summary):
    """Each figure, as a function that draws it."""
    curves = synthetic.curves(datasets, {m: synthetic.EFFECTS[m] for m in FEW}).assign(tuned_for="")
    table = datasets.assign(clusters="4")
    some = curves.assign(clusters=4).drop_duplicates(["dataset", "optimizer", "passes"])
    return lambda: comparison_figures.draw(runs, some, table, summary, 0)


@pytest.fixture(scope="module")
def drawn(figures):
    return figures()


NAMES = ("convergence", "profiles", "run_times", "costs", "quality_speed", "sets", "ranks", "winners")


def test_figures_are_as_wide_as_the_text_and_the_same_bytes_each_time(figures, tmp_path):
    made = [figures(), figures()]
    assert set(made[0]) == set(NAMES)
    for name in NAMES:
        files = [tmp_path / f"{name}-{i}.svg" for i in range(2)]
        for file, drawn in zip(files, made, strict=True):
            assert drawn[name].get_figwidth() == style.TEXT_WIDTH
            assert drawn[name].get_figheight() <= style.TALLEST + 1e-9
            style.save(drawn[name], file)
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


def test_a_heat_map_has_a_cell_for_each_set_and_optimizer_in_the_order_of_its_labels(evidence, runs, datasets):
    main = readings.main(runs)
    cost, passes = evidence.costs(main).table(), np.exp(evidence.passes(main).table())
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


def test_run_times_have_the_bands_of_their_lines_beside_batch_kmeans_in_each_panel(drawn):
    axes = drawn["run_times"].axes
    families = [["nesterov"], ["gradient_tuned", "adam_tuned"], ["online_kmeans", "minibatch_counts", "minibatch_c4"]]
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
    ends = paired.select(runs, "patterns", 100, paired.END)
    # some sets with fewer runs, each of which then weighs more
    some = ends[ends["optimizer"].isin(FEW) & ((ends["run"] < 2) | (ends["dataset"] > "set05"))]
    tables = {column: profiles.excess(some, RELATIVE, column, datasets) for column in ("end", "limit")}
    assert tables["end"]["weight"].nunique() > 1
    assert np.isinf(tables["end"]["excess"]).any()
    for panel, table in zip(comparison.final_costs(tables, FEW).axes, tables.values(), strict=True):
        assert [line.get_label() for line in panel.lines] == [label(method) for method in FEW]
        for line, method in zip(panel.lines, FEW, strict=True):
            assert (line.get_color(), line.get_linestyle()) == (style.look(method).color, style.look(method).line)
            of_method = table[table["optimizer"] == method]
            for bound in (1.0, 5.0):
                share = of_method.loc[of_method["excess"] <= bound, "weight"].sum() / of_method["weight"].sum()
                assert line.get_ydata()[line.get_xdata() <= bound].max() == pytest.approx(share)


def test_every_axis_has_words(drawn):
    for name in set(NAMES) - {"sets", "ranks"}:
        figure = drawn[name]
        words = [axes.get_xlabel() for axes in figure.axes] + [figure.get_supxlabel()]
        words += [axes.get_ylabel() for axes in figure.axes] + [figure.get_supylabel()]
        assert sum(bool(word) for word in words) >= 2, name


@pytest.fixture
def quality(summary):
    figure = comparison.quality_against_speed(summary[summary["budget"] == 100])
    figure.draw_without_rendering()
    return figure


def test_names_in_quality_against_speed_are_all_there_and_few_overlap(quality, summary):
    assert [axes.get_title(loc="left") for axes in quality.axes] == [
        "starts from patterns: slower is right, worse is up",
        "starts from k-means++: slower is right, worse is up",
    ]
    for axes in quality.axes:
        texts = [t for t in axes.texts if t.get_text()]
        assert {t.get_text() for t in texts} == {label(method) for method in summary["optimizer"]}
        boxes = [t.get_window_extent() for t in texts]
        frame = axes.get_window_extent()
        for box in boxes:
            assert frame.x0 - 1 <= box.x0
            assert box.x1 <= frame.x1 + 1
        assert sum(a.overlaps(b) for a, b in combinations(boxes, 2)) == 0


def test_bounds_are_hollow_and_only_they(quality, summary):
    for axes, start in zip(quality.axes, ("patterns", "plusplus"), strict=True):
        some = summary[(summary["budget"] == 100) & (summary["start"] == start)]
        marks = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
        hollow = {
            (round(float(line.get_xdata()[0]), 9), round(float(line.get_ydata()[0]), 9))
            for line in marks
            if line.get_markerfacecolor() == "white"
        }
        bounds = some[some["bound_0.1"]]
        assert len(marks) == len(some)
        assert 0 < len(bounds) < len(some)
        assert hollow == {(round(x, 9), round(y, 9)) for x, y in bounds[["ratio_0.1", "end"]].to_numpy()}


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


def cells(table):
    """Return the rows of a table by their first cell, without titles."""
    lines = [line.removesuffix(r"\\").split("&") for line in table.splitlines() if " & " in line]
    rows = [[cell.strip() for cell in line] for line in lines]
    rows = [row for row in rows if "multicolumn" not in row[0]]
    return {row[0]: row[1:] for row in rows if row[0]}


def test_the_main_table_has_both_starts_and_ends_with_and_without_polish(summary):
    table = comparison_tables.main_table(summary)
    assert "nan" not in table
    assert table.count("$") % 2 == 0
    rows = cells(table)
    assert {len(row) for row in rows.values()} == {12}
    # anytime methods once, those with a horizon with each budget
    lines = [line.split(" & ")[0] for line in table.splitlines()]
    assert lines.count("gradient, 1/N") == 1
    assert lines[lines.index(r"Adam$^\dagger$") + 1] == r"\quad 10 passes"
    row = summary.set_index(["optimizer", "start", "budget"]).loc[("adam", "patterns", 100)]
    adam = rows[r"Adam$^\dagger$"]
    assert adam[0] == rf"\textbf{{{text.fixed(row['end'], 1)}}}"
    assert row["end"] > 20 > 0 > row["limit"]
    assert adam[3] == rf"\textbf{{{text.fixed(row['limit'], 2)}}}"
    assert adam[6].startswith(r"\textbf{$\ge$")
    tuned = rows["gradient, tuned"]
    assert tuned[-2:] == [r"17\,\%", "2000"]
    assert "2000" not in "".join(rows["gradient, 1/N"])
    # what cannot be told from zero is not bold
    nested = summary.set_index(["optimizer", "start", "budget"]).loc[("minibatch_nested", "patterns", 100)]
    assert nested["end_low"] < 0 < nested["end_high"]
    assert rows["mini-batch, nested"][0] == text.fixed(nested["end"], 2)


def test_the_tables_of_the_appendix(summary):
    for make, count in (
        (comparison_tables.final_costs, 5),
        (comparison_tables.tuning, 6),
        (comparison_tables.passes, 7),
        (comparison_tables.running_times, 4),
        (comparison_tables.budgets, 8),
    ):
        table = make(summary)
        rows = [
            line for line in table.splitlines() if line.endswith(r"\\") and "&" in line and "multicolumn" not in line
        ]
        assert {row.count("&") for row in rows} == {count}, make
        assert "nan" not in table
        assert table.count("$") % 2 == 0
    optimizers = summary["optimizer"].nunique() - 1
    assert comparison_tables.final_costs(summary).count("9 families") == 2
    assert len(cells(comparison_tables.budgets(summary))) == optimizers + 1


def test_the_ledger_as_a_table(judged, tmp_path):
    table = comparison_tables.ledger(judged, r"\caption{Claims.}")
    assert table.count("longtable") == 2
    rows = [line for line in table.splitlines() if "addlinespace" in line]
    assert len(rows) == judged["id"].nunique()
    assert {row.count("&") for row in rows} == {3}
    assert not re.search(r"\{\w+_\w+\}", table)
    assert not re.search(r"(?<!\\)%(?! Generated)", table)
    assert "nan" not in table
    write_csv(judged, tmp_path / "ledger.csv")
    assert comparison_tables.ledger(pd.read_csv(tmp_path / "ledger.csv"), r"\caption{Claims.}") == table
    # names of methods and not their keys
    assert r"\emph{gradient, Nesterov}" in table
    assert "gradient_nmax" not in table
    # each number is that of the main reading, with the range over all of them
    first = judged[(judged["id"] == "C7")].iloc[0]
    line = next(row for row in rows if row.startswith("C7 "))
    assert text.interval(first["effect"], first["low"], first["high"]) in line
    assert first["where"] == "" or "readings" in line


def test_the_answer_says_what_is_robust(judged, per_method, summary, datasets):
    values = answer.answer(judged, per_method, summary, datasets)
    assert values["answer"].count(r"\item") == 5
    row = summary.set_index(["optimizer", "start", "budget"]).loc[("gradient_tuned", "patterns", 100)]
    assert text.interval(row["ratio_0.1"], row["ratio_0.1_low"], row["ratio_0.1_high"]) in values["answer"]
    assert "from k-means++" in values["answer"]
    assert (values["answerSets"], values["answerFamilies"]) == ("12", "9")
    assert all(re.fullmatch("[A-Za-z]+", key) for key in values)
    robust = per_method[(per_method["claim"] == "lower") & (per_method["verdict"] == "robust")]["optimizer"]
    assert values["answerLower"] == str(len(robust))
    # what is lower than one run only is not called lower
    assert "adam" not in set(robust)
    last = values["answer"].splitlines()[-1]
    best = summary.query("start == 'patterns' and budget == 100 and optimizer in @robust").sort_values("end")
    assert (label(best["optimizer"].iloc[0]) if len(best) else "no optimiser is lower") in last


def test_the_answer_turns_with_the_verdicts(judged, per_method, summary, datasets):
    def said(verdicts=judged, about=per_method):
        return answer.answer(verdicts, about, summary, datasets)["answer"].splitlines()

    def turned(claim, verdict, where=""):
        return judged.assign(
            verdict=judged["verdict"].mask(judged["id"] == claim, verdict),
            where=judged["where"].mask(judged["id"] == claim, where),
        )

    assert said(turned("T15", "robust"))[0].startswith(r"\item \emph{Faster?} Yes;")
    assert "No;" in said(turned("T15", "fails"))[0]
    assert (
        "Under some readings (2 of 4 readings; never to 1 \\%)"
        in said(turned("T15", "holds under", "2 of 4 readings; never to 1 %"))[0]
    )
    assert "a good minimum, no" in said(turned("T4b", "fails"))[1]
    assert "a good minimum, mostly" in said(turned("T4b", "robust"))[1]
    nothing = per_method.assign(verdict="fails")
    assert "No optimiser is faster at no loss under every reading that could be decided." in said(about=nothing)[3]
    assert "No optimiser is lower" in said(about=nothing)[4]
    everything = per_method.assign(verdict="robust")
    fastest = summary.query("start == 'patterns' and budget == 100").sort_values("ratio_0.1")["optimizer"].iloc[0]
    assert label(fastest) in said(about=everything)[3]
