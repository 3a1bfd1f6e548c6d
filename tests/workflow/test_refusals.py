"""Bad input ends with one sentence before any job runs."""

import shutil
import subprocess

import pytest
import yaml
from conftest import ROOT, copy_project, snakemake

REFUSALS = [
    ({"experiment": {"prototyps": 6}}, "experiment has the unknown key 'prototyps'"),
    ({"experiment": {"prototypes": 0}}, "experiment.prototypes is 0: it must be at least 1."),
    ({"experiment": {"dataset": "irs"}}, "experiment.dataset names 'irs': allowed are iris, iris_uci"),
    ({"experiment": {"runs": 10**12}}, "experiment.runs is 1000000000000: it must be at most 100000."),
    ({"experiment": {"rate": -0.03}}, "experiment.rate is -0.03: it must be above 0."),
]


@pytest.mark.parametrize(("change", "sentence"), REFUSALS)
def test_a_bad_configuration(project, change, sentence):
    (project / "bad.yaml").write_text(yaml.safe_dump(change))
    run = snakemake(project, "--cores", "1", "--configfile", "bad.yaml")
    assert run.returncode != 0
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert not (project / "results").exists()


ROWS = [
    ("../../x\tcsv:x.csv\t1\tmm", "has the name '../../x'"),
    ("a(b|c\tcsv:x.csv\t1\tmm", "has the name 'a(b|c'"),
    ("\tcsv:x.csv\t1\tmm", "has the name ''"),
    ("mine\tcvs:x.csv\t1\tmm", "the source 'cvs:x.csv'"),
    ("mine\tcsv:x.csv\t1e308\tmm", "the scale '1e308'"),
    ("mine\tcsv:x.csv\t1\tmm\tnone\t3;3", "the numbers must differ"),
    ("mine\tcsv:x.csv\t1\tmm\tnone\t3", "x.csv, which does not exist"),
]


@pytest.mark.parametrize(("row", "sentence"), ROWS)
def test_a_bad_row_of_the_registry(project, row, sentence):
    registry = project / "config/datasets.tsv"
    rows = registry.read_text()
    registry.write_text(f"{rows}{row}\n")
    (project / "bad.yaml").write_text("comparison: {datasets: [iris, csv]}")
    run = snakemake(project, "--cores", "1", "--configfile", "bad.yaml")
    registry.write_text(rows)
    assert run.returncode != 0
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert not (project / "results").exists()


def test_a_data_set_with_a_gap(project):
    (project / "gap.csv").write_text("a,b,c,d\n1,2,3,4\n1,,3,4\n")
    registry = project / "config/datasets.tsv"
    rows = registry.read_text()
    registry.write_text(rows + "gap\tcsv:gap.csv\t1\tmm\n")
    (project / "bad.yaml").write_text(yaml.safe_dump({"experiment": {"dataset": "gap"}}))
    run = snakemake(project, "--cores", "1", "--configfile", "bad.yaml")
    registry.write_text(rows)
    assert run.returncode != 0
    assert "gap.csv" in run.stderr
    assert "Traceback" not in run.stderr


def test_jobs_import_the_library_beside_them_in_a_folder_with_a_colon(tmp_path):
    folder = tmp_path / "a:b"
    folder.mkdir()
    copy_project(folder)
    (folder / "src/kmeans_convergence/studies/derivation/show.py").write_text("raise SystemExit('This one.')")
    run = snakemake(folder, "figures/derivation/landscape.pdf", "--cores", "1")
    assert run.returncode != 0
    assert "This one." in run.stderr + (folder / "logs/plot_landscape.log").read_text()


def test_without_latex_all_but_the_pdf_is_planned(project, tmp_path):
    for tool in ("bash", "sh", "env", "git"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    latex = project / ".texlive"
    if latex.is_symlink():
        latex.unlink()
    plan = snakemake(project, "--dry-run", "--cores", "1", PATH=str(tmp_path))
    if (ROOT / ".texlive").is_dir():
        latex.symlink_to(ROOT / ".texlive")
    assert plan.returncode == 0, plan.stderr
    assert "There is no LaTeX, so everything but the PDF is made" in plan.stdout + plan.stderr
    assert "plot_convergence" in plan.stdout
    assert "build_report" not in plan.stdout


@pytest.mark.parametrize(
    ("python", "remedy"), [("/bin/false", "needs Python 3.11 or newer"), ("no-such-python", "needs")]
)
def test_make_without_a_fitting_python(project, python, remedy):
    make = subprocess.run(
        ["make", "-C", project, f"PYTHON={python}", "test"], capture_output=True, text=True, check=False
    )
    assert make.returncode != 0
    assert remedy in make.stderr
    assert not (project / ".venv").exists()
