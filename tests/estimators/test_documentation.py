"""What the README and the docstrings show runs as it stands there, and what is imported is little."""

import doctest
import re
import subprocess
import sys

import numpy as np
import pytest

from kmeans_convergence.estimators import clustering, embedding, mixture

BLOCKS = r"```python\n(.*?)```"


@pytest.mark.parametrize("module", [clustering, mixture, embedding])
def test_examples_of_docstrings(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_snippets_of_the_readme(root, capsys, tmp_path, monkeypatch):
    blocks = re.findall(BLOCKS, (root / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 3
    # the file of one's own that the last one reads
    np.save(tmp_path / "patterns.npy", np.random.default_rng(0).normal(size=(1000, 2)))
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(block, {})
    first = float(capsys.readouterr().out.split()[0])
    assert 1.16e6 < first < 1.2e6


def test_three_lines_are_enough(root):
    block = re.findall(BLOCKS, (root / "README.md").read_text(), re.DOTALL)[0]
    assert len([line for line in block.splitlines() if line]) == 3


def test_one_changed_import_gives_what_the_readme_says(root):
    """Fewer passes for each estimator, and lower costs where that is said."""
    example = root / "examples" / "one_changed_import.py"
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, check=True)
    rows = [line.rsplit(maxsplit=3) for line in done.stdout.splitlines()[1:]]
    found = {name: (float(passes), float(minimised)) for name, passes, minimised, _ in rows}
    lines = re.findall(r"^\| `(\w+)`, .*", (root / "README.md").read_text(), re.MULTILINE)
    assert lines == ["KMeans", "GaussianMixture", "MDS"]
    table = re.findall(r"^\| `\w+`, [^|]*\|(.*)\|$", (root / "README.md").read_text(), re.MULTILINE)
    for name, row in zip(lines, table, strict=True):
        said = [float(cell.replace(",", "")) for cell in row.split("|")]
        theirs, ours = (found[f"{name}, {library}"] for library in ("sklearn", "kmeans_convergence"))
        # another processor or version may change the last digits, or single fits
        assert said == pytest.approx([theirs[0], ours[0], theirs[1], ours[1]], rel=0.1)
        assert ours[0] < 0.7 * theirs[0]
        assert ours[1] < theirs[1] * (1.01 if name == "MDS" else 1)


LOADED = """
import sys
import kmeans_convergence.estimators
before = set(sys.modules)
from kmeans_convergence.estimators import KMeans
print(" ".join(sorted({name.split(".")[0] for name in set(sys.modules)})))
print(any(name.startswith("sklearn") for name in before))
"""


def test_an_import_loads_neither_the_study_nor_the_compiler():
    # what scikit-learn itself loads, pandas where it is installed, is not up to us
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded, early = done.stdout.splitlines()
    assert not {"matplotlib", "numba", "rich", "snakemake", "statsmodels", "sympy", "yaml"} & set(loaded.split())
    assert early == "False"
