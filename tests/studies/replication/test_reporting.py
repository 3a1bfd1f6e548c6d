"""Numbers as text, macros, tables, and the look and the bytes of figures."""

import re
from dataclasses import replace
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import Rate
from kmeans_convergence.report import style, text
from kmeans_convergence.statistics import ledger, quality
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.comparison.run import first_steps
from kmeans_convergence.studies.comparison.show import first_steps as shown
from kmeans_convergence.studies.comparison.show import numbers as compared
from kmeans_convergence.studies.derivation import show as landscape
from kmeans_convergence.studies.mixtures.show import rates as mixtures
from kmeans_convergence.studies.overview import show as overview
from kmeans_convergence.studies.rates.analysis.noise import agreement
from kmeans_convergence.studies.rates.run import noise
from kmeans_convergence.studies.rates.show import acceleration as accelerated
from kmeans_convergence.studies.rates.show import noise as scatter
from kmeans_convergence.studies.replication.analysis import axes, chosen, conventions, predicates
from kmeans_convergence.studies.replication.analysis import rate_search as rates
from kmeans_convergence.studies.replication.analysis.evidence import Evidence
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.run import conventions as trials
from kmeans_convergence.studies.replication.run import experiment as paper
from kmeans_convergence.studies.replication.run import rate_search
from kmeans_convergence.studies.replication.run.methods import METHODS, label
from kmeans_convergence.studies.replication.show import numbers, tables

# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0, 3, "0"),
        (3.14159, 3, "3.14"),
        (3.14159, 1, "3"),
        (0.0012345, 2, "0.0012"),
        (123.456, 3, "123"),
        # digits before the point are never rounded away
        (12345.6, 3, "12346"),
        (-2.5, 2, "$-$2.5"),
        (1234567, 3, r"$1.23\cdot10^{6}$"),
        (0.0000012, 2, r"$1.2\cdot10^{-6}$"),
        (-0.0000012, 2, r"$-1.2\cdot10^{-6}$"),
        (float("nan"), 3, "--"),
    ],
)
def test_numbers(value, digits, expected):
    assert text.number(value, digits) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "0"), (3.14e-13, r"$3.1\cdot10^{-13}$"), (1e-9, r"$1.0\cdot10^{-9}$")]
)
def test_orders_of_magnitude(value, expected):
    assert text.order_of_magnitude(value) == expected


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [(1.25, 1, "1.2"), (-1.26, 1, "$-$1.3"), (-0.04, 1, "0.0"), (17.6, 0, "18"), (2, 2, "2.00")],
)
def test_fixed(value, places, expected):
    assert text.fixed(value, places) == expected


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        # half widths 0.2, 0.034, 12.5, 1200: two of their digits, but none before the point is lost
        (0.512, 0.31, 0.71, "0.51 [0.31, 0.71]"),
        (5.12345, 5.1, 5.168, "5.123 [5.100, 5.168]"),
        (100.4, 90.2, 115.2, "100 [90, 115]"),
        (5000.7, 4000.2, 6400.2, "5001 [4000, 6400]"),
        (-0.31, -0.61, 0.01, "$-$0.31 [$-$0.61, 0.01]"),
        # no width but rounding
        (1.0, 1.0 - 2e-16, 1.0 + 2e-16, "1.0 [1.0, 1.0]"),
    ],
)
def test_intervals_are_rounded_to_their_width(value, low, high, expected):
    assert text.interval(value, low, high) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0, r"0\,\%"),
        (1, r"100\,\%"),
        (0.5, r"50\,\%"),
        (0.1234, r"12\,\%"),
        (0.0512, r"5.1\,\%"),
        (0.9938, r"99.4\,\%"),
        (0.0004, r"$<$0.1\,\%"),
        (0.9996, r"$>$99.9\,\%"),
    ],
)
def test_percentages(share, expected):
    assert text.percent(share) == expected


@given(st.floats(1e-12, 1 - 1e-12))
def test_only_never_and_always_are_0_and_100_per_cent(share):
    assert not re.match(r"(0(\.0*)?|100(\.0*)?)\\", text.percent(share))


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0, "0"),
        (1, "1"),
        (0.9999, "1"),
        (0.054, "0.054"),
        (0.00123, "0.0012"),
        (0.00009, r"$<10^{-4}$"),
        (0.5, "0.50"),
    ],
)
def test_probabilities(p, expected):
    assert text.probability(p) == expected


def test_macros_and_tables_say_that_they_are_generated():
    assert (
        text.macros({"a": "1", "bC": r"2\,\%"}) == text.HEADER + "\\newcommand{\\a}{1}\n\\newcommand{\\bC}{2\\,\\%}\n"
    )
    lines = text.booktabs("ll", ["x", "y"], [["1", "2"], ["3", "4"]]).splitlines()
    assert lines == [
        text.HEADER.strip(),
        r"\begin{tabular}{ll}",
        r"\toprule",
        r"x & y \\",
        r"\midrule",
        r"1 & 2 \\",
        r"3 & 4 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    assert text.HEADER.startswith("%")


@pytest.mark.parametrize(
    ("plain", "latex"),
    [
        ("a_b & 50 %", r"a\_b \& 50 \%"),
        (r"\input{secret}", r"\textbackslash{}input\{secret\}"),
        ("x^2 ~ #1 $y$", r"x\textasciicircum{}2 \textasciitilde{} \#1 \$y\$"),
        ("a -- b --- c ,, d '' e << f", r"a -{}- b -{}-{}- c ,{}, d '{}' e \textless{}\textless{} f"),
        ("[1] * two", "{[}1{]} {*} two"),
        (" tab\t, line\nand return\r\n", "tab , line and return"),
        ("Cafe\N{COMBINING ACUTE ACCENT}", "Café"),
        ("", ""),
    ],
)
def test_plain_text_as_latex(plain, latex):
    assert text.escape(plain) == latex


@pytest.mark.parametrize("foreign", ["данные", "数据", "ж", "🙂", "\x07", "\ufeff", "ŉ", "e\N{COMBINING RING BELOW}"])
def test_what_the_fonts_lack_is_refused(refused, foreign):
    with refused("cannot be typeset", "Latin"):
        text.escape(f"licence of {foreign}")


def test_only_what_is_too_long_for_a_column_may_break():
    ordinary = (
        "with the permission of the author, J. Gill, who keeps the rights; scikit-learn, BSD-3-Clause, certificate"
    )
    assert text.escape_narrow(ordinary) == text.escape(ordinary)
    assert text.escape_narrow("a -- b---c") == text.escape("a -- b---c") == "a -{}- b-{}-{}-c"
    for long in ("https://example.org/a_b", "WWWWWWWWW", "x" * 40):
        narrow = text.escape_narrow(long)
        assert re.sub(r"\\(penalty5000|allowbreak)\{\}", "", narrow) == text.escape(long)
        assert len(re.split("penalty|allowbreak", narrow)) > len(long) / 4


def test_a_text_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "numbers.tex"
    text.write("old", path)
    with pytest.raises(UnicodeEncodeError):
        text.write("new \ud800", path)
    assert path.read_text() == "old"


def test_statements_become_latex():
    # what is LaTeX already is not escaped again
    assert tables.statement("E∞ of 5 % & a_b") == r"$E_\infty$ of 5 \% \& a\_b"


def test_a_figure_without_an_interval_stands_alone():
    assert tables.effect(pd.Series({"effect": 17.0, "low": 17.0, "high": 17.0})) == "17"
    assert tables.effect(pd.Series({"effect": 17.0, "low": 15.0, "high": 19.0})) == "17 [15, 19]"


# --- the report of a small study ------------------------------------------------------------------


@pytest.fixture(scope="module")
def study(root):
    """Every table of results, from as few runs as will do."""
    original = Original(root / "paper" / "original_values.csv")
    config = yaml.safe_load((root / "config" / "config.yaml").read_text())
    dataset = Dataset("iris", *iris(), "mm")
    candidate = dataset.select(tuple(config["candidate"]["features"]))
    protocol = paper.Protocol(1, 6, 16, 10)
    runs, other = (
        Runs.of(*paper.run(data, protocol, list(METHODS), Rate(0.03), runs=25)) for data in (dataset, candidate)
    )
    tried, costs = trials.limits(dataset, 1, 25, [6], ["patterns"])
    reported = conventions.Reported.of(original)
    judged = conventions.judge(tried, costs, reported, 1, 100)
    chance = conventions.chance_agreement(tried, costs, reported, 10)
    described = axes.tested(judged, chosen.pick(judged, dataset, 6))
    drawn = trials.residuals(dataset, dataset.features, False, protocol, Rate(0.03), 25)
    both = {"described": runs, "candidate": other}
    rows = {
        "described": chosen.as_described(judged, dataset, 6),
        "candidate": chosen.likeliest(judged, candidate, 6),
    }
    statements = predicates.read_claims(root / "src/kmeans_convergence/studies/replication/claims.tsv", original)
    results = {
        "ledger": ledger.judge(statements, predicates.PREDICATES, Evidence(both, rows, original, 1, 100)),
        "limits": quality.compare(runs, RELATIVE, [key for key in METHODS if key != "mixture"], "batch_kmeans", 1, 100),
        "certainty": quality.certainty(runs.limit["batch_kmeans"], 20, 1, 100),
        "axes": axes.judge(described, np.stack([drawn] * len(described)), axes.Ends.of(original), 1, 100),
        "speed": quality.speed(runs, ["batch_kmeans", "hybrid"], 1, 100),
        "rates": rates.curve(rate_search.search(dataset, protocol, rate_search.RateGrid(0.01, 0.1, 3), 5), 1, 100),
        "summary": conventions.summarize(judged, chance),
        "conventions": judged,
        "proved": pd.DataFrame({"clusters": [6], "value": [39.04]}),
    }
    return {"config": config, "dataset": dataset, "original": original, "runs": runs, "tables": results}


def of_all_studies(study):
    """Return the macros of all studies, from as few runs as will do; none has the name of another one's."""
    dataset, config = study["dataset"], study["config"]
    excess = noise.noise(Dataset("iris", *iris()[:2], "mm", kind="real", clusters=(3,)), 1)
    rates = pd.DataFrame({"dataset": ["a", "a", "b"], "predicted": [0.5, 0.25, 0.75], "measured": [0.5, None, 0.74]})
    parts = [
        numbers.collect(**study),
        overview.numbers(1995),
        compared.settings(config["comparison"]),
        shown.numbers(first_steps.first_steps(replace(dataset, clusters=(3,)), 1)),
        accelerated.settings(config["acceleration"]),
        scatter.numbers(excess, agreement(excess, 1, 100)),
        mixtures.numbers(rates),
    ]
    values = {name: value for part in parts for name, value in part.items()}
    assert len(values) == sum(map(len, parts))
    return values


def test_names_of_macros_are_letters_and_values_are_numbers(study):
    values = of_all_studies(study)
    assert len(values) > 100
    for name, value in values.items():
        # TeX ends a macro's name at the first character that is no letter
        assert re.fullmatch("[A-Za-z]+", name), name
        # LaTeX keeps these for the ends of environments
        assert not name.startswith("end"), name
        assert value, name
        assert not re.search(r"\bnan\b|\binf\b|None|e[-+]\d\d|np\.", value), (name, value)
        assert value.count("$") % 2 == 0, (name, value)
        assert not re.search(r"(?<!\\)[%&#_]", value), (name, value)


def test_numbers_of_the_prose_are_those_of_the_results(study):
    values = numbers.collect(**study)
    runs = study["runs"]
    ends = runs.limit["batch_kmeans"]
    assert (values["costLowest"], values["costHighest"]) == (f"{ends.min():.0f}", f"{ends.max():.0f}")
    assert values["newtonCosts"] == str(25 * 17)
    assert (values["countAll"], values["countStatements"]) == ("thirteen", "ten")
    words = dict(zip(text.COUNTS, range(14), strict=True))
    assert sum(words[values[f"count{kind}"]] for kind in ("Replicated", "Other", "Sampling", "Not")) == 13
    # costs half of the proved sum of squares at least
    assert float(values["costLowest"]) >= 1952
    assert (values["provedOptimum"], values["provedOptimumHalf"]) == ("3904", "1952")


def columns(row):
    return len(re.findall(r"(?<!\\)&", row)) + 1


def test_tables_have_as_many_entries_in_each_row(study, root):
    path = root / "src/kmeans_convergence/studies/replication/claims.tsv"
    claims = predicates.read_claims(path, study["original"])
    results = study["tables"]
    made = (
        tables.verdicts(results["ledger"]),
        tables.readings(claims),
        tables.limits(results["limits"]),
        tables.certainty(results["certainty"]),
        tables.conventions(results["axes"]),
    )
    for table in made:
        rows = [line.split(r" \\")[0] + r" \\" for line in table.splitlines() if r" \\" in line]
        assert len(rows) > 2
        assert len({columns(row) for row in rows}) == 1
        assert table.startswith(text.HEADER)
        assert "nan" not in table
        assert table.count("$") % 2 == 0


# --- figures --------------------------------------------------------------------------------------


def luminance(color):
    """Relative luminance of WCAG 2."""
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_each_method_has_a_look_of_its_own():
    assert set(METHODS) <= set(style.STYLES)
    assert len({label(method) for method in METHODS}) == len(METHODS)
    for (one, a), (two, b) in combinations(style.STYLES.items(), 2):
        # the methods of a family share colour and marker, and differ in their lines
        if (a.marker, a.filled) == (b.marker, b.filled):
            assert a.color == b.color, (one, two)
            assert a.line != b.line, (one, two)


def test_methods_of_the_paper_are_told_apart_by_color_and_in_grey():
    for one, two in combinations(("online_kmeans", "batch_kmeans", "online_gradient", "batch_gradient", "mixture"), 2):
        a, b = style.look(one), style.look(two)
        assert a.color != b.color, (one, two)
        contrast = (luminance(a.color) + 0.05) / (luminance(b.color) + 0.05)
        assert (a.marker, a.filled) != (b.marker, b.filled) or max(contrast, 1 / contrast) > 1.5, (one, two)


def test_a_method_without_a_look_is_an_error(refused):
    with refused("no style", "'newest'", "batch_kmeans"):
        style.look("newest")


def test_markers_are_the_papers():
    marks = {method: (look.marker, look.filled) for method, look in style.STYLES.items()}
    assert marks["online_kmeans"] == ("o", True)
    assert marks["batch_kmeans"] == ("s", True)
    assert marks["online_gradient"] == ("o", False)
    assert marks["batch_gradient"] == ("s", False)
    assert marks["mixture"][0] == ""


HOSTILE = {
    "text.usetex": True,
    "figure.figsize": (30, 30),
    "savefig.bbox": "tight",
    "axes.formatter.use_mathtext": True,
    "axes.prop_cycle": mpl.cycler(color=["red"]),
    "lines.dash_capstyle": "round",
    "xtick.direction": "in",
    "path.sketch": (1, 100, 2),
}


def test_settings_of_the_users_change_no_figure(tmp_path):
    files = [tmp_path / "plain.svg", tmp_path / "hostile.svg"]
    style.save(landscape.slice_through_kinks(), files[0])
    mpl.rcParams.update(HOSTILE)
    style.save(landscape.slice_through_kinks(), files[1])
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("words", "shown"),
    [("Ba$$in, K = 3", None), ("$\\frac{$", None), ("a_b^c", None), ("数据, K = 3", "??, K = 3"), ("café", None)],
)
def test_a_title_shows_words_as_they_are(tmp_path, words, shown):
    figure, axes = style.new(2)
    style.set_title(axes, words)
    assert axes.get_title(loc="left") == (shown or words)
    # formulas that cannot be read and letters without a shape would be told here
    style.save(figure, tmp_path / "title.pdf", tmp_path / "title.svg")


def test_a_table_of_a_notebook_shows_marks_as_they_are():
    page = style.show_table(pd.DataFrame({"name": ["<script>a & b</script>"], "x": [1.0]})).to_html()
    assert "&lt;script&gt;a &amp; b&lt;/script&gt;" in page
    assert "<script>" not in page


@pytest.mark.parametrize("suffix", [".pdf", ".svg"])
def test_figures_are_the_same_bytes_each_time(tmp_path, suffix):
    files = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / f"landscape{suffix}")
        style.save(landscape.slice_through_kinks(), files[-1])
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert len(first) > 1000
    # no date and no path
    assert b"CreationDate" not in first
    assert b"dc:date" not in first
    assert str(tmp_path).encode() not in first
    assert [file.name for file in files[0].parent.iterdir()] == [files[0].name]
