"""What the Snakefile needs: imports of scripts, files written whole, logs, LaTeX, and scripts that stay thin."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.iocontainers import Namedlist

from kmeans_convergence.pipeline import imports, jobs, tables
from kmeans_convergence.pipeline.latex import typeset
from kmeans_convergence.pipeline.logs import logged
from kmeans_convergence.report.text import SETTABLE
from kmeans_convergence.studies.comparison.show import tables as comparison_tables
from kmeans_convergence.studies.replication.show import tables as report_tables

# --- imports --------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package in which a imports b, b imports the package c.d, and d imports a again; e is apart."""
    source = tmp_path / "kmeans_convergence"
    (source / "c").mkdir(parents=True)
    texts = {
        "__init__.py": "",
        "a.py": "import numpy\nfrom kmeans_convergence.b import anything\n",
        "b.py": "from kmeans_convergence.c import d\n",
        "c/__init__.py": "",
        "c/d.py": "def later():\n    import kmeans_convergence.a\n",
        "c/f.py": "",
        "e.py": "import kmeans_convergence.c.f\n",
    }
    for name, text in texts.items():
        (source / name).write_text(text)
    monkeypatch.setattr(imports, "SOURCE", source)
    return source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os, numpy.linalg\nfrom kmeans_convergences import a\n", []),
        ("import kmeans_convergence\n", ["__init__.py"]),
        ("from kmeans_convergence import e\n", ["__init__.py", "c/__init__.py", "c/f.py", "e.py"]),
        ("import os\nif os:\n    import kmeans_convergence.c\n", ["__init__.py", "c/__init__.py"]),
        ("from kmeans_convergence.a import x as y\n", ["__init__.py", "a.py", "b.py", "c/__init__.py", "c/d.py"]),
    ],
)
def test_modules_are_followed_through_each_other(package, tmp_path, text, expected):
    script = tmp_path / "script.py"
    script.write_text(text)
    notebook = tmp_path / "notebook.ipynb"
    cells = [
        {"cell_type": "markdown", "source": ["from kmeans_convergence import e"]},
        {"cell_type": "code", "source": text.splitlines(keepends=True)},
        {"cell_type": "code", "source": ["x = 1"]},
    ]
    notebook.write_text(json.dumps({"cells": cells}))
    for file in (script, notebook):
        assert [str(found.relative_to(package)) for found in imports.modules(file)] == expected


# Prints, for each script, which files of the package importing it loads: the package is forgotten in between.
LOADED = """
import json, runpy, sys
from pathlib import Path
loaded = {}
for script in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "kmeans_convergence"]:
        del sys.modules[name]
    runpy.run_path(script)
    loaded[script] = [m.__file__ for name, m in sys.modules.items() if name.split(".")[0] == "kmeans_convergence"]
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def loaded(root):
    scripts = sorted(map(str, (root / "scripts").glob("*.py")))
    done = subprocess.run([sys.executable, "-c", LOADED, *scripts], capture_output=True, text=True, check=True)
    return {name: set(files) for name, files in json.loads(done.stdout).items()}


def test_what_a_script_loads_is_what_its_rule_depends_on(loaded, root):
    assert len(loaded) > 10
    for script, files in loaded.items():
        # equal, because no function of the package imports another module of it when it is called
        assert set(map(str, imports.modules(root / script))) == files, script


def test_a_script_does_not_depend_on_what_it_does_not_use(root):
    names = {file.name for file in imports.modules(root / "scripts" / "run_experiment.py")}
    assert {"experiment.py", "kernels.py", "starts.py"} <= names
    assert not names & {"predicates.py", "style.py", "derivation.py", "latex.py", "rate_search.py"}
    # nor does the paper's experiment run again when an optimizer joins the comparison
    assert "contenders.py" not in names


# How the names of scripts begin that only run optimizers.
RUNS = ("run_", "measure_", "search_", "count_", "draw_")
AFTERWARDS = {"statistics", "report", "analysis", "analysis.py", "show", "show.py"}


def test_scripts_that_run_optimizers_depend_on_nothing_that_comes_after(root):
    scripts = [script for script in sorted((root / "scripts").glob("*.py")) if script.name.startswith(RUNS)]
    assert len(scripts) > 10
    for script in scripts:
        assert not [file for file in imports.modules(script) if AFTERWARDS & set(file.parts)], script
    # the test tells them apart
    judged = imports.modules(root / "scripts" / "judge_noise.py")
    assert AFTERWARDS & {part for file in judged for part in file.parts}


def test_a_job_of_the_comparison_loads_no_library_that_it_does_not_use(root):
    code = "import runpy, sys; runpy.run_path('scripts/run_comparison.py'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert not {"matplotlib", "pydantic", "sklearn.cluster", "seaborn"} & set(done.stdout.split())


# --- scripts --------------------------------------------------------------------------------------


def test_scripts_are_one_thin_function(root):
    for script in sorted((root / "scripts").glob("*.py")):
        text = script.read_text()
        # a line for each import and parameter
        assert len(text.splitlines()) <= 45, script
        functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert [f.name for f in functions if not f.name.startswith("_")] == ["main"], script
        (main,) = (f for f in functions if f.name == "main")
        arguments = [*main.args.args, *main.args.kwonlyargs]
        assert all(argument.annotation for argument in arguments), script
        assert main.returns, script
        assert ast.get_docstring(main), script
        # nothing runs on import but definitions: Snakemake's names exist only under the guard
        assert 'if __name__ == "__main__":' in text


# --- jobs -----------------------------------------------------------------------------------------


def job(**parts):
    """Return what Snakemake hands to a script."""
    names = ("input", "output", "params", "wildcards")
    return SimpleNamespace(rule="some_rule", **{part: Namedlist(fromdict=parts.get(part, {})) for part in names})


def test_a_script_gets_what_its_rule_names(tmp_path):
    for name, values in (("a", [1, 2]), ("b", [3])):
        tables.write_csv(pd.DataFrame({"x": values}), tmp_path / f"{name}.csv")
        tables.write_array(np.array(values), tmp_path / f"{name}.npy")
    a, b = (str(tmp_path / f"{name}.csv") for name in "ab")

    def main(
        one: Path,
        several: list[Path],
        single: pd.DataFrame,
        whole: pd.DataFrame,
        array: np.ndarray,
        seed: int,
        shape: str,
        inputs: dict[str, Path],
        outputs: dict[str, list[Path]],
    ) -> None: ...

    arrays = [str(tmp_path / f"{name}.npy") for name in "ab"]
    given = jobs.arguments(
        main,
        job(
            # an input may have the name of an output, and be there only to be waited for
            input={
                "one": a,
                "several": [a],
                "single": b,
                "whole": [a, b],
                "array": arrays,
                "other": b,
                "code": ["x.py"],
            },
            output={"one": "c.pdf", "both": ["c.pdf", "c.svg"]},
            params={"seed": 7},
            wildcards={"shape": "iris"},
        ),
    )
    assert (given["one"], given["several"]) == (Path(a), [Path(a)])
    assert (list(given["single"]["x"]), list(given["whole"]["x"]), list(given["array"])) == ([3], [1, 2, 3], [1, 2, 3])
    assert (given["seed"], given["shape"]) == (7, "iris")
    assert given["inputs"] == {"other": Path(b)}
    assert given["outputs"] == {"one": [Path("c.pdf")], "both": [Path("c.pdf"), Path("c.svg")]}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "nothing for 'table'"),
        ({"input": {"table": "a"}, "output": {"table": "b"}}, "input and output for 'table'"),
        ({"output": {"table": "a", "forgotten": "b"}}, "names forgotten"),
        ({"output": {"table": "a"}, "params": {"seed": 1}}, "names seed"),
    ],
)
def test_a_script_and_its_rule_have_to_agree(parts, words):
    def main(table: Path) -> None: ...

    with pytest.raises(TypeError, match=words):
        jobs.arguments(main, job(**parts))


# --- files ----------------------------------------------------------------------------------------


@given(st.lists(st.floats(allow_nan=False), min_size=20, max_size=20))
def test_tables_come_back_to_the_last_digit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    table = pd.DataFrame({"x": values, "i": range(len(values))})
    tables.write_csv(table, path)
    pd.testing.assert_frame_equal(pd.read_csv(path), table, check_exact=True)


def test_compressed_tables_are_the_same_bytes_each_time(tmp_path):
    table = pd.DataFrame({"x": np.linspace(0, 1, 50)})
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        tables.write_csv(table, tmp_path / folder / "table.csv.gz")
    first, second = ((tmp_path / folder / "table.csv.gz").read_bytes() for folder in ("one", "two"))
    assert first == second
    assert first[:2] == b"\x1f\x8b"
    # the time stamp of the format
    assert first[4:8] == bytes(4)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "one" / "table.csv.gz"), table)


class Unwritable:
    def __str__(self):
        raise RuntimeError("half way")


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
def test_a_table_is_written_whole_or_not_at_all(tmp_path, name):
    path = tmp_path / name
    tables.write_csv(pd.DataFrame({"x": [1, 2]}), path)
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="half way"):
        tables.write_csv(pd.DataFrame({"x": [*range(100_000), Unwritable()]}, dtype=object), path)
    assert path.read_bytes() == before


def test_an_array_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path, array = tmp_path / "a.npy", np.arange(6.0).reshape(2, 3)
    tables.write_array(array, path)
    np.testing.assert_array_equal(np.load(path), array)
    before = path.read_bytes()

    def half(file, array):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "save", half)
    with pytest.raises(OSError, match="disk full"):
        tables.write_array(array + 1, path)
    assert path.read_bytes() == before


# --- logs -----------------------------------------------------------------------------------------


def test_output_goes_to_the_log(tmp_path, capsys):
    log = tmp_path / "job.log"
    with logged(str(log)):
        print("to standard output")
        print("to standard error", file=sys.stderr)
    assert log.read_text() == "to standard output\nto standard error\n"
    print("after")
    assert capsys.readouterr().out == "after\n"


def test_a_failure_is_one_sentence_and_a_traceback_in_the_log(tmp_path, capsys):
    log = tmp_path / "job.log"

    def job():
        with logged(str(log)):
            print("before")
            raise ValueError("The cheese is gone.")

    with pytest.raises(SystemExit) as caught:
        job()
    assert caught.value.code == f"The cheese is gone. (The log is {log}.)"
    text = log.read_text()
    assert text.startswith("before\nTraceback")
    assert text.endswith("ValueError: The cheese is gone.\n")
    assert capsys.readouterr() == ("", "")


# --- LaTeX ----------------------------------------------------------------------------------------

needs_latex = pytest.mark.skipif(not (shutil.which("pdflatex") and shutil.which("bibtex")), reason="there is no LaTeX")


@needs_latex
def test_a_figure_that_outgrows_its_page_is_refused(tmp_path):
    source, pdf = tmp_path / "report.tex", tmp_path / "report.pdf"
    (tmp_path / "some.bib").write_text("@misc{a, author = {A}, title = {A}, year = {1995}}\n")
    words = (
        "\\documentclass{{article}}\\begin{{document}}\\nocite{{a}}\\begin{{figure}}\\rule{{1pt}}{{{}}}\\end{{figure}}"
    )
    words += "\\bibliographystyle{{plain}}\\bibliography{{some}}\\end{{document}}"
    source.write_text(words.format("1.2\\textheight"))
    with pytest.raises(RuntimeError, match="Float too large"):
        typeset(source, pdf)
    assert not pdf.exists()
    source.write_text(words.format("0.9\\textheight"))
    typeset(source, pdf)
    assert pdf.exists()


@needs_latex
def test_the_first_error_of_latex_is_named(tmp_path):
    source, pdf = tmp_path / "report.tex", tmp_path / "report.pdf"
    source.write_text("\\documentclass{article}\n\\begin{document}\n\\nosuchmacro and \\noother\n\\end{document}\n")
    pdf.write_bytes(b"the old one")
    with pytest.raises(RuntimeError, match=r"pdflatex failed on .*report\.tex: ! Undefined control sequence") as caught:
        typeset(source, pdf)
    assert pdf.read_bytes() == b"the old one"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.pdf", "report.tex"]
    assert "l.3" in str(caught.value)


CITING = (
    "\\documentclass{article}\\begin{document}\\cite{a}\\bibliographystyle{plain}\\bibliography{some}\\end{document}\n"
)
ENTRY = "@misc{a, author = {A}, title = {A}, year = {1995}}\n"


@needs_latex
@pytest.mark.parametrize("name", ["a, b", "a:b", "a;b", "$HOME", "{a,b}", "~ %20 #1", "a\\b", "-a", "error"])
def test_a_folder_may_have_any_name(tmp_path, monkeypatch, name):
    # lists for other documents, which do not end with LaTeX's own folders
    for variable in ("TEXINPUTS", "BIBINPUTS", "BSTINPUTS"):
        monkeypatch.setenv(variable, "/nowhere")
    folder = tmp_path / name
    folder.mkdir()
    (folder / "some.bib").write_text(ENTRY)
    (folder / "report.tex").write_text(CITING)
    typeset(folder / "report.tex", folder / "report.pdf")
    assert sorted(file.name for file in folder.iterdir()) == ["report.pdf", "report.tex", "some.bib"]
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")


@needs_latex
@pytest.mark.parametrize(
    ("bibliography", "error"),
    [
        (None, "I couldn't open database file some.bib"),
        (ENTRY.replace("1995}", "1995") + ENTRY, "---line 2 of file some.bib"),
        (ENTRY.replace("{A},", "{A}") + "@misc{b, title", "I was expecting a `,' or a `}'---line 1 of file some.bib"),
    ],
)
def test_the_first_error_of_bibtex_is_named(tmp_path, bibliography, error):
    (tmp_path / "report.tex").write_text(CITING)
    if bibliography:
        (tmp_path / "some.bib").write_text(bibliography)
    with pytest.raises(RuntimeError, match="bibtex failed on ") as caught:
        typeset(tmp_path / "report.tex", tmp_path / "report.pdf")
    assert error in str(caught.value)


# Cells that are commands, that LaTeX would take for something else, or that are too long for their column.
CELLS = [
    r"\input{secret}",
    "^^5cinput{secret}",
    "#1 $x^2$ {a} } { ~ % & \\ [2pt] *",
    "*",
    "[mine]",
    "`a' ``b'' << >> ,, -- --- !` ?` |",
    "one\ttwo\nthree",
    "https://example.org/a-very/long_address?of=a&licence=%20#part",
    "W" * 80,
    "".join(sorted(SETTABLE)),
    "",
]


@needs_latex
def test_cells_of_the_users_are_typeset(root, tmp_path):
    (tmp_path / "secret.tex").write_text(r"\undefinedcommand")
    preamble = (root / "paper" / "report.tex").read_text().partition(r"\input{generated")[0]
    # as a table comes back from its file, where an empty cell is none
    sets = pd.DataFrame(
        {"name": [*["W" * 24] * (len(CELLS) - 1), "mine"], "licence": [cell or np.nan for cell in CELLS]}
    )
    sets = sets.assign(kind="real", dependence="dependent rows", n=10**5, total=10**7, d=10**4, clusters="100;10;20")
    sets = sets.assign(scaling="standardize", condition=1e20, overlap=0.123)
    features = pd.DataFrame(
        {"features": [f"{cell} + b" for cell in (*CELLS[:8], "W" * 30)], "variant": "W-" * 8, "p": 0.5}
    )
    features = features.assign(unit="mm", half=True, start="patterns", clusters=10, agrees=True)
    features = features.assign(likelihood=1e-4, p_axes=0.5, weight=0.5)
    figures = [f"{figure}_{end}" for figure in ("min", "mean", "max", "left", "right") for end in ("05", "95")]
    features = features.assign(**dict.fromkeys(figures, 1234.0))
    body = [comparison_tables.datasets(sets), report_tables.conventions(features)]
    assert "not stated" in body[0]
    (tmp_path / "some.bib").write_text(ENTRY)
    (tmp_path / "report.tex").write_text(
        f"{preamble}\\begin{{document}}\\cite{{a}}{{\\scriptsize\\setlength{{\\tabcolsep}}{{3pt}}{body[0]}}}\n\n"
        f"{{\\scriptsize\\setlength{{\\tabcolsep}}{{1.9pt}}\\noindent {body[1]}}}"
        "\\bibliographystyle{plainnat}\\bibliography{some}\\end{document}\n"
    )
    typeset(tmp_path / "report.tex", tmp_path / "report.pdf")
