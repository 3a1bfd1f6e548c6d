"""The configuration, checked before any job runs: one sentence for what is wrong."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import yaml

from kmeans_convergence.data import Dataset, check_dataset, describe, load, read_registry
from kmeans_convergence.data.registry import LOADERS, REMOTE, TIERS
from kmeans_convergence.errors import InputError, shown
from kmeans_convergence.patterns import check_clusters
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import escape
from kmeans_convergence.studies.comparison.run.contenders import SHIPPED, enlist
from kmeans_convergence.studies.replication.analysis.conventions import UNIT
from kmeans_convergence.studies.replication.run.methods import METHODS

TYPES = {
    "integer": "a whole number",
    "number": "a finite number",
    "string": "a text",
    "array": "a list",
    "object": "a table",
}

# JSON schema takes 6.0 for a whole number, and YAML's .nan is neither above nor below a limit.
_CHECKER = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        # a whole number may be too large for `isfinite`
        "number": lambda _, value: (
            (isinstance(value, float) and isfinite(value)) or (isinstance(value, int) and not isinstance(value, bool))
        ),
    }
)
_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_CHECKER)  # type: ignore[no-untyped-call]


def check(config: Config, schema: Path, datasets: Path) -> None:
    """Check a configuration against its schema, the registry of data sets and the data.

    Parameters
    ----------
    config : dict
    schema : Path
        JSON schema in YAML.
    datasets : Path
        The registry; CSV files are relative to its folder's parent.

    Raises
    ------
    InputError
        One sentence that names the key, the value and what is allowed.
    """
    _check_shape(config, yaml.safe_load(schema.read_text(encoding="utf-8")))
    registry = read_registry(datasets)
    for name, licence in registry["licence"].items():
        _check_settable(f"{datasets} gives the data set {name!r} a licence", licence)
    experiment, conventions = config["experiment"], config["conventions"]

    _check_names("experiment.optimizers", experiment["optimizers"], METHODS)
    missing = [name for name in METHODS if name not in experiment["optimizers"]]
    if missing:
        raise InputError(f"experiment.optimizers lacks {missing[0]!r}: the report needs all of {', '.join(METHODS)}.")
    _check_names("experiment.dataset", [experiment["dataset"]], registry.index)
    _check_names("conventions.variants", conventions["variants"], registry.index)
    root = datasets.resolve().parent.parent
    dataset = load(experiment["dataset"], registry, root)
    _check_unit("experiment.dataset", dataset)
    for feature in dataset.features:
        _check_settable(f"experiment.dataset names {dataset.name!r}, which has a feature", feature)
    whose = f"the patterns of data set {dataset.name!r}"
    check_clusters(dataset.X, experiment["prototypes"], whose, "experiment.prototypes", compared=True)
    for name in conventions["variants"]:
        variant = load(name, registry, root)
        _check_unit("conventions.variants", variant)
        whose = f"the patterns of data set {name!r}"
        check_clusters(variant.X, max(conventions["prototypes"]), whose, "conventions.prototypes", compared=True)
    _check_names("candidate.features", config["candidate"]["features"], dataset.features)
    for key in ("variants", "starts", "prototypes"):
        described = {"variants": experiment["dataset"], "starts": "patterns", "prototypes": experiment["prototypes"]}
        if described[key] not in conventions[key]:
            raise InputError(
                f"conventions.{key} is {conventions[key]}: it must hold {described[key]!r}, "
                "because the experiment as described is one of the conventions."
            )
    search = config["rate_search"]
    if search["smallest"] >= search["largest"]:
        raise InputError(
            f"rate_search.smallest is {search['smallest']}: it must be below rate_search.largest, {search['largest']}."
        )
    _check_comparison(config["comparison"], registry, root)
    _check_patterns(config, registry, root)
    _check_size(config["size"], registry)


def compared(comparison: Config, registry: pd.DataFrame) -> list[str]:
    """Return the names of the data sets of the comparison, in the order of the registry.

    `comparison.datasets` names rows of the registry or tiers, the part of a source before the colon, which stand for
    all their rows; `comparison.leave_out` takes some away.
    """
    tiers = registry["source"].str.partition(":")[0]
    wanted = registry.index.isin(comparison["datasets"]) | tiers.isin(comparison["datasets"]).to_numpy()
    return list(registry.index[wanted & ~registry.index.isin(comparison["leave_out"])])


def _check_comparison(comparison: Config, registry: pd.DataFrame, root: Path) -> None:
    _check_names("comparison.datasets", comparison["datasets"], [*TIERS, *registry.index])
    _check_names("comparison.leave_out", comparison["leave_out"], registry.index)
    for key in ("starts_of", "rows_of", "longer_on"):
        _check_names(f"comparison.{key}", list(comparison[key]), registry.index)
    everywhere = {f"optimizers_of.{kind}": names for kind, names in comparison["optimizers_of"].items()}
    for key, names in {"optimizers": comparison["optimizers"], **everywhere}.items():
        _check_names(f"comparison.{key}", names, SHIPPED)
        if "batch_kmeans" not in names:
            raise InputError(f"comparison.{key} lacks 'batch_kmeans': the others are compared with it.")
    if comparison["own"]:
        if not (root / comparison["own"]).is_file():
            raise InputError(f"comparison.own is {comparison['own']!r}: there is no such file.")
        if set(comparison["own"]) & set("{}"):
            raise InputError(f"comparison.own is {comparison['own']!r}: braces would stand for a pattern of names.")
        enlist(root / comparison["own"])
    if "patterns" not in comparison["starts"]:
        raise InputError(
            f"comparison.starts is {comparison['starts']}: it must hold 'patterns', because the claims are about them."
        )
    if "usual" not in comparison["clusters"]:
        raise InputError(
            f"comparison.clusters is {comparison['clusters']}: it must hold 'usual', because some sets have no other."
        )
    if not comparison["shorter"] < comparison["passes"] < comparison["longer"]:
        raise InputError(
            f"comparison.passes is {comparison['passes']}: it must lie between comparison.shorter, "
            f"{comparison['shorter']}, and comparison.longer, {comparison['longer']}."
        )
    if comparison["fewest"] > comparison["most"]:
        raise InputError(
            f"comparison.fewest is {comparison['fewest']}: it must be at most comparison.most, {comparison['most']}."
        )
    names = compared(comparison, registry)
    if not names:
        raise InputError("comparison.leave_out leaves nothing of comparison.datasets: at least one data set is needed.")
    fresh = registry.loc[names, "tier"] == "fresh"
    if fresh.any() and not fresh.all():
        raise InputError(
            f"comparison.datasets includes {fresh.idxmax()!r}, which is kept for the confirmation: "
            "fresh sets are compared by themselves, with config/confirmation.yaml."
        )
    for name in names:
        if not describe(name, registry)["clusters"]:
            raise InputError(f"comparison.datasets includes {name!r}, whose row of the registry names no clusters.")


def _check_settable(where: str, text: str) -> None:
    """Refuse what the report cannot show."""
    try:
        escape(text)
    except InputError as problem:
        raise InputError(f"{where} that cannot be typeset: {problem}") from None


def _check_patterns(config: Config, registry: pd.DataFrame, root: Path) -> None:
    """Read the patterns that jobs will draw, and hold their numbers of prototypes against them.

    Sets that have to be fetched are left to their jobs.
    """
    comparison, seed = config["comparison"], config["seed"]
    for name in compared(comparison, registry):
        if registry.loc[name, "tier"] in REMOTE:
            continue
        rows = comparison["rows_of"].get(name, comparison["rows"])
        dataset = load(name, registry, root, rows, seed)
        check_dataset(dataset)
        fewer = config["acceleration"]["rows"]
        # as in the rules of rates and accelerations
        again = registry.loc[name, "tier"] in LOADERS and dataset.kind != "patches"
        if again and fewer < len(dataset.X):
            check_dataset(load(name, registry, root, fewer, seed))


def _check_size(size: Config, registry: pd.DataFrame) -> None:
    _check_names("size.datasets", size["datasets"], registry.index)
    for name in size["datasets"]:
        if not describe(name, registry)["clusters"]:
            raise InputError(f"size.datasets includes {name!r}, whose row of the registry names no clusters.")
    if size["patterns"] != sorted(size["patterns"]):
        raise InputError(f"size.patterns is {size['patterns']}: numbers of patterns must be ascending.")


def _check_names(key: str, names: list[str], allowed: Any) -> None:
    for name in names:
        if name not in allowed:
            raise InputError(f"{key} names {shown(name)}: allowed are {', '.join(map(str, allowed))}.")


def _check_unit(key: str, dataset: Dataset) -> None:
    if dataset.unit != UNIT:
        raise InputError(
            f"{key} names {dataset.name!r}, in {dataset.unit}: the conventions need data in {UNIT}, "
            "which a scale in the registry gives."
        )


def _check_shape(config: Config, schema: Config) -> None:
    problem = jsonschema.exceptions.best_match(_Validator(schema).iter_errors(config))
    if problem is not None:
        raise InputError(_sentence(problem))


def _sentence(problem: Any) -> str:
    """Say in one sentence what jsonschema found."""
    key = ".".join(str(part) for part in problem.absolute_path) or "the configuration"
    limit, given = problem.validator_value, shown(problem.instance)
    match problem.validator:
        case "additionalProperties":
            allowed = problem.schema["properties"]
            unknown = next(name for name in problem.instance if name not in allowed)
            return f"{key} has the unknown key {shown(unknown)}: allowed are {', '.join(allowed)}."
        case "required":
            missing = next(name for name in limit if name not in problem.instance)
            return f"{key} lacks the key {missing!r}: it needs {', '.join(limit)}."
        case "type":
            return f"{key} is {given}: it must be {TYPES[limit]}."
        case "minimum":
            return f"{key} is {given}: it must be at least {limit}."
        case "maximum":
            return f"{key} is {given}: it must be at most {limit}."
        case "exclusiveMinimum":
            return f"{key} is {given}: it must be above {limit}."
        case "enum":
            return f"{key} is {given}: allowed are {', '.join(map(str, limit))}."
        case "uniqueItems":
            return f"{key} is {given}: its entries must differ."
        case "minItems":
            return f"{key} is empty: it needs at least {limit} entry."
    return f"{key} is {given}: {problem.message}."
