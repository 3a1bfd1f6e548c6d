"""Each rule and its script agree, also those of the supplement and of the confirmation, which no build here runs."""

import ast
import json
from inspect import Parameter, Signature
from types import SimpleNamespace

import pytest
from conftest import ROOT, SMOKE, snakemake
from snakemake.iocontainers import Namedlist

from kmeans_convergence.pipeline import jobs

# What the rules name, written down when they have all been read.
PROBE = """
include: "Snakefile"
import json

PARTS = ("input", "output", "params", "wildcards")
named = {
    each.name: {
        "script": each.script,
        "log": list(each.log),
        "benchmark": each.benchmark and str(each.benchmark),
        "parts": {
            **{part: list(getattr(each, part).keys()) for part in PARTS[:3]},
            "wildcards": list(each.wildcard_names),
        },
    }
    for each in workflow.rules
}
Path("rules.json").write_text(json.dumps(named))
"""
OWN = "comparison: {own: mine.py}"
MINE = """
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.studies.comparison.run.contenders import Contender

CONTENDERS = {"mine": Contender("my own", "alternation", lambda passes, value: MajorizeMinimize())}
"""


@pytest.fixture(scope="module", name="rules")
def rules_with_scripts(project):
    (project / "probe.smk").write_text(PROBE)
    (project / "mine.py").write_text(MINE)
    (project / "own.yaml").write_text(OWN)
    listed = snakemake(project, "--snakefile", "probe.smk", "--list", *SMOKE, "own.yaml")
    assert listed.returncode == 0, listed.stderr[-2000:]
    named = json.loads((project / "rules.json").read_text())
    for file in ("probe.smk", "mine.py", "own.yaml", "rules.json"):
        (project / file).unlink()
    return {name: rule for name, rule in named.items() if rule["script"]}


def main_of(script):
    """Return a function with the parameters of a script's, without running it."""
    (main,) = (
        node
        for node in ast.parse((ROOT / "scripts" / script).read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    kinds = dict.fromkeys(("inputs", "outputs"), dict[str, list])

    def same(**_): ...

    same.__signature__ = Signature(
        Parameter(each.arg, Parameter.KEYWORD_ONLY, annotation=kinds.get(each.arg, list)) for each in main.args.args
    )
    return same


def test_every_script_has_a_rule_of_its_name(rules):
    scripts = {script.stem for script in (ROOT / "scripts").glob("*.py")}
    assert len(scripts) > 40
    assert scripts <= set(rules)
    # rules without a script of their name use that of another one
    others = set(rules) - scripts
    assert others == {
        *("run_comparison_first", "confirm_contraction", "confirm_noise", "confirm_acceleration"),
        *("check_verdicts", "check_supplement"),
    }


def test_scripts_take_what_their_rules_name(rules):
    for name, rule in rules.items():
        parts = {part: Namedlist(fromdict=dict.fromkeys(names, "x")) for part, names in rule["parts"].items()}
        # raises where they disagree
        jobs.arguments(main_of(rule["script"].rpartition("/")[2]), SimpleNamespace(rule=name, **parts))


def test_each_job_has_a_log_of_its_own_and_is_timed_unless_it_is_a_measurement(rules):
    assert len({rule["log"][0] for rule in rules.values()}) == len(rules)
    timed_by_themselves = {
        "measure_growth",
        "measure_remembering",
        "measure_accelerated",
        "measure_objectives",
        "check_supplement",
    }
    for name, rule in rules.items():
        assert rule["log"][0].startswith(f"logs/{name}")
        assert all(f"{{{wildcard}," in rule["log"][0] for wildcard in rule["parts"]["wildcards"]), name
        assert bool(rule["benchmark"]) != (name.endswith("_performance") or name in timed_by_themselves), name
        # the modules that it imports
        assert "code" in rule["parts"]["input"], name
