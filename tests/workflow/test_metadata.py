"""What is written twice agrees."""

import json
import re
import tomllib

import pandas as pd
import yaml
from conftest import ROOT

import kmeans_convergence
from kmeans_convergence.data.registry import read_registry
from kmeans_convergence.pipeline.configuration import compared
from kmeans_convergence.studies.replication.analysis.original import Original

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONDA_NAMES = {"snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}


def test_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["project"]["version"] == citation["version"] == kmeans_convergence.__version__
    assert f"## {kmeans_convergence.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_same_licence_and_authors_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    (author,) = (author["name"] for author in citation["authors"])
    licence = (ROOT / "LICENSE").read_text()
    assert citation["license"] == PROJECT["project"]["license"] == "MIT"
    assert licence.startswith("MIT License")
    assert f"(c) 2026 {author}" in licence
    for paper in ("report", "performance"):
        assert rf"\author{{{author}}}" in (ROOT / f"paper/{paper}.tex").read_text()


def test_what_the_journal_asks_for_is_what_the_article_says():
    metadata = yaml.safe_load((ROOT / "paper/metadata.yaml").read_text())
    article = (ROOT / "paper/report.tex").read_text()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    title = re.search(r"\\title\{(.*?)\}\n", article)[1]
    assert metadata["title"] == re.sub(r"\\vspace\{.*?\}|\\\\", "", title)
    assert [author["name"] for author in metadata["authors"]] == [author["name"] for author in citation["authors"]]
    assert metadata["abstract"] == citation["abstract"]
    (reference,) = citation["references"]
    cited = {key: value for entry in metadata["replication"] for key, value in entry.items()}
    assert reference["title"] in cited["cite"]
    assert f"({reference['year']})" in cited["cite"]
    assert f"pp. {reference['start']}-{reference['end']}." in cited["cite"]
    assert f"{{{cited['bib']}," in (ROOT / "paper" / metadata["bibliography"]).read_text()


def test_archives_are_told_what_is_cited():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    codemeta, zenodo = (json.loads((ROOT / name).read_text()) for name in ("codemeta.json", ".zenodo.json"))
    authors = [author["name"] for author in citation["authors"]]
    assert citation["title"] == codemeta["name"] == zenodo["title"]
    assert citation["abstract"] == codemeta["description"] == zenodo["description"]
    assert citation["version"] == codemeta["version"] == zenodo["version"]
    assert authors == [author["name"] for author in codemeta["author"]] == [who["name"] for who in zenodo["creators"]]
    assert codemeta["license"].endswith(f"/{citation['license']}")
    assert zenodo["license"] == citation["license"]
    assert codemeta["keywords"] == zenodo["keywords"]
    (reference,) = citation["references"]
    assert codemeta["referencePublication"]["name"] == reference["title"]


def test_the_readme_counts_what_is_compared():
    comparison = yaml.safe_load((ROOT / "config/config.yaml").read_text())["comparison"]
    sets = compared(comparison, read_registry(ROOT / "config/datasets.tsv"))
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert f"to {len(comparison['optimizers'])} optimizers on {len(sets)} data sets" in readme


def test_the_conda_environment_has_the_same_packages():
    packages = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    expected = {re.sub(r"^[\w-]+", lambda m: CONDA_NAMES.get(m[0], m[0]), requirement) for requirement in wanted}
    python = "python" + PROJECT["project"]["requires-python"]
    assert set(packages) == {python, *expected}


def test_the_lock_pins_every_direct_dependency_with_hashes():
    lock = (ROOT / "requirements.lock").read_text()
    for requirement in [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]:
        name = re.match(r"[\w-]+", requirement)[0]
        assert re.search(rf"^{name}==[^\\]*\\\n    --hash=sha256:", lock, re.MULTILINE), name
    assert "file:" not in lock


def test_the_experiment_is_the_papers():
    original = Original(ROOT / "paper/original_values.csv")
    experiment = yaml.safe_load((ROOT / "config/config.yaml").read_text())["experiment"]
    assert experiment["prototypes"] == original.epochs("setting", "prototypes")
    assert experiment["epochs"] == original.epochs("setting", "epochs")
    assert experiment["polish_epochs"] == original.epochs("setting", "polish epochs")
    assert experiment["rate"] == original.number("setting", "rate")
    assert experiment["runs"] >= original.epochs("setting", "runs")


def test_every_configuration_key_is_explained():
    explained = (ROOT / "config/README.md").read_text()
    for name, section in yaml.safe_load((ROOT / "config/config.yaml").read_text()).items():
        for key in [name, *(f"{name}.{inner}" for inner in (section if isinstance(section, dict) else ()))]:
            assert f"`{key}`" in explained, key


def test_every_column_of_the_registry_is_explained():
    explained = (ROOT / "config/README.md").read_text()
    for column in pd.read_csv(ROOT / "config/datasets.tsv", sep="\t").columns:
        assert f"`{column}`" in explained, column


def test_the_readme_names_targets_that_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
