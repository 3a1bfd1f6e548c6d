"""The configuration, checked before any job runs: one sentence for what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from kmeans_convergence.data import Dataset, check_dataset, describe, load, read_registry
from kmeans_convergence.data.registry import LOADERS, REMOTE, TIERS
from kmeans_convergence.errors import InputError, shown
from kmeans_convergence.patterns import check_clusters
from kmeans_convergence.pipeline.schema import Breakdown, Comparison, Scale, Settings, Size, read_settings
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import escape
from kmeans_convergence.studies.choices.run.sets import DIMENSION, MODELS, PIECE
from kmeans_convergence.studies.comparison.run.contenders import SHIPPED, enlist
from kmeans_convergence.studies.replication.analysis.conventions import UNIT
from kmeans_convergence.studies.replication.run.methods import METHODS
from kmeans_convergence.studies.scale.run import HELD


def check(config: Config, datasets: Path) -> None:
    """Check a configuration against its types, the registry of data sets and the data.

    Parameters
    ----------
    config : dict
    datasets : Path
        The registry; CSV files are relative to its folder's parent.

    Raises
    ------
    InputError
        One sentence that names the key, the value and what is allowed.
    """
    settings = read_settings(config)
    registry = read_registry(datasets)
    for name, licence in registry["licence"].items():
        _check_settable(f"{datasets} gives the data set {name!r} a licence", licence)
    experiment, conventions, search = settings.experiment, settings.conventions, settings.rate_search

    _check_names("experiment.optimizers", experiment.optimizers, METHODS)
    missing = [name for name in METHODS if name not in experiment.optimizers]
    if missing:
        raise InputError(f"experiment.optimizers lacks {missing[0]!r}: the report needs all of {', '.join(METHODS)}.")
    _check_names("experiment.dataset", [experiment.dataset], registry.index)
    _check_names("conventions.variants", conventions.variants, registry.index)
    root = datasets.resolve().parent.parent
    dataset = load(experiment.dataset, registry, root)
    _check_unit("experiment.dataset", dataset)
    for feature in dataset.features:
        _check_settable(f"experiment.dataset names {dataset.name!r}, which has a feature", feature)
    whose = f"the patterns of data set {dataset.name!r}"
    check_clusters(dataset.X, experiment.prototypes, whose, "experiment.prototypes", compared=True)
    for name in conventions.variants:
        variant = load(name, registry, root)
        _check_unit("conventions.variants", variant)
        whose = f"the patterns of data set {name!r}"
        check_clusters(variant.X, max(conventions.prototypes), whose, "conventions.prototypes", compared=True)
    _check_names("candidate.features", settings.candidate.features, dataset.features)
    why = "the experiment as described is one of the conventions"
    _check_holds("conventions.variants", conventions.variants, experiment.dataset, why)
    _check_holds("conventions.starts", conventions.starts, "patterns", why)
    _check_holds("conventions.prototypes", conventions.prototypes, experiment.prototypes, why)
    if search.smallest >= search.largest:
        raise InputError(
            f"rate_search.smallest is {search.smallest}: it must be below rate_search.largest, {search.largest}."
        )
    names = compared(config["comparison"], registry)
    _check_comparison(settings.comparison, names, registry, root)
    _check_patterns(settings, names, registry, root)
    _check_size(settings.size, registry)
    others = registry.index[registry["tier"] != "fresh"]
    _check_names("embeddings.datasets", settings.embeddings.datasets, others)
    _check_holds("embeddings.made", settings.embeddings.made, "roads", "its maps are shown")
    _check_choices(settings, registry, root)
    _check_mixtures(settings, registry, root)
    _check_scale(settings.scale, registry, root, settings.seed)
    _check_indexed(settings.breakdown, registry)


def compared(comparison: Config, registry: pd.DataFrame) -> list[str]:
    """Return the names of the data sets of the comparison, in the order of the registry.

    `comparison.datasets` names rows of the registry or tiers, the part of a source before the colon, which stand for
    all their rows; `comparison.leave_out` takes some away.
    """
    tiers = registry["source"].str.partition(":")[0]
    wanted = registry.index.isin(comparison["datasets"]) | tiers.isin(comparison["datasets"]).to_numpy()
    return list(registry.index[wanted & ~registry.index.isin(comparison["leave_out"])])


def _check_comparison(comparison: Comparison, names: list[str], registry: pd.DataFrame, root: Path) -> None:
    _check_names("comparison.datasets", comparison.datasets, [*TIERS, *registry.index])
    _check_names("comparison.leave_out", comparison.leave_out, registry.index)
    _check_names("comparison.starts_of", comparison.starts_of, registry.index)
    _check_names("comparison.rows_of", comparison.rows_of, registry.index)
    _check_names("comparison.longer_on", comparison.longer_on, registry.index)
    some = comparison.optimizers_of.model_dump(exclude_unset=True)
    everywhere = {f"optimizers_of.{kind}": optimizers for kind, optimizers in some.items()}
    for key, optimizers in {"optimizers": comparison.optimizers, **everywhere}.items():
        _check_names(f"comparison.{key}", optimizers, SHIPPED)
        _check_holds(f"comparison.{key}", optimizers, "batch_kmeans", "the others are compared with it")
    if comparison.own:
        if not (root / comparison.own).is_file():
            raise InputError(f"comparison.own is {comparison.own!r}: there is no such file.")
        if set(comparison.own) & set("{}"):
            raise InputError(f"comparison.own is {comparison.own!r}: braces would stand for a pattern of names.")
        enlist(root / comparison.own)
    _check_holds("comparison.starts", comparison.starts, "patterns", "the claims are about them")
    _check_holds("comparison.clusters", comparison.clusters, "usual", "some sets have no other")
    if not comparison.shorter < comparison.passes < comparison.longer:
        raise InputError(
            f"comparison.passes is {comparison.passes}: it must lie between comparison.shorter, "
            f"{comparison.shorter}, and comparison.longer, {comparison.longer}."
        )
    if comparison.fewest > comparison.most:
        raise InputError(
            f"comparison.fewest is {comparison.fewest}: it must be at most comparison.most, {comparison.most}."
        )
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


def _check_patterns(settings: Settings, names: list[str], registry: pd.DataFrame, root: Path) -> None:
    """Read the patterns that jobs will draw, and hold their numbers of prototypes against them.

    Sets that have to be fetched are left to their jobs.
    """
    comparison, fewer = settings.comparison, settings.acceleration.rows
    for name in names:
        if registry.loc[name, "tier"] in REMOTE:
            continue
        rows = comparison.rows_of.get(name, comparison.rows)
        dataset = load(name, registry, root, rows, settings.seed)
        check_dataset(dataset)
        # as in the rules of rates and accelerations
        again = registry.loc[name, "tier"] in LOADERS and dataset.kind != "patches"
        if again and fewer < len(dataset.X):
            check_dataset(load(name, registry, root, fewer, settings.seed))


def _check_size(size: Size, registry: pd.DataFrame) -> None:
    _check_names("size.datasets", size.datasets, registry.index)
    for name in size.datasets:
        if not describe(name, registry)["clusters"]:
            raise InputError(f"size.datasets includes {name!r}, whose row of the registry names no clusters.")
    if size.patterns != sorted(size.patterns):
        raise InputError(f"size.patterns is {size.patterns}: numbers of patterns must be ascending.")


def _check_choices(settings: Settings, registry: pd.DataFrame, root: Path) -> None:
    """Hold the data of other hard choices against what they need, but for sets that have to be fetched."""
    known = list(registry.index[registry["tier"] != "fresh"])
    for model in MODELS.values():
        key, names = f"choices.{model.sets}", getattr(settings.choices, model.sets)
        _check_names(key, names, [*model.bundled, *(known if model.registered else [])])
        for name in names:
            if name in model.bundled or registry.loc[name, "tier"] in REMOTE:
                continue
            rows, features = load(name, registry, root, root_seed=settings.seed).X.shape
            if model.sets == "subspaces" and features <= DIMENSION:
                raise InputError(
                    f"{key} names {name!r}, which has {features} features: subspaces of dimension {DIMENSION} need at "
                    f"least {DIMENSION + 1}."
                )
            if model.sets == "sequences" and rows < PIECE:
                raise InputError(f"{key} names {name!r}, which has {rows} observations: at least {PIECE} are needed.")


def _check_mixtures(settings: Settings, registry: pd.DataFrame, root: Path) -> None:
    """Read the patterns that mixtures are fitted to, and hold the numbers of components against them."""
    mixtures = settings.mixtures
    _check_names("mixtures.datasets", mixtures.datasets, registry.index)
    _check_names("mixtures.clusters_of", mixtures.clusters_of, registry.index)
    for name in mixtures.datasets:
        clusters = describe(name, registry)["clusters"]
        if not clusters and name not in mixtures.clusters_of:
            raise InputError(f"mixtures.datasets includes {name!r}, whose row of the registry names no clusters.")
        if registry.loc[name, "tier"] not in REMOTE:
            dataset = load(name, registry, root, mixtures.rows, settings.seed)
            K = mixtures.clusters_of.get(name) or clusters[0]
            whose = f"the patterns of data set {name!r}"
            check_clusters(dataset.X, K, whose, f"mixtures.clusters_of.{name}", compared=True)


def _check_scale(scale: Scale, registry: pd.DataFrame, root: Path, seed: int) -> None:
    _check_names("scale.datasets", scale.datasets, registry.index)
    if scale.patterns != sorted(scale.patterns):
        raise InputError(f"scale.patterns is {scale.patterns}: numbers of patterns must be ascending.")
    for name in scale.datasets:
        if len(describe(name, registry)["clusters"]) < 2:
            raise InputError(
                f"scale.datasets includes {name!r}, whose row of the registry has no second number of clusters."
            )
        if registry.loc[name, "tier"] in REMOTE:
            continue
        total = len(load(name, registry, root, scale.rows, seed).X)
        largest = scale.patterns[-1]
        needed = largest + min(scale.heldout, HELD * largest)
        if total < needed:
            raise InputError(
                f"scale.patterns asks for {largest} patterns, with what is held out {needed} in all: data set {name!r} "
                f"has {total}."
            )


def _check_indexed(breakdown: Breakdown, registry: pd.DataFrame) -> None:
    tiers = [tier for tier in TIERS if tier != "fresh"]
    _check_names("breakdown.indexed", breakdown.indexed, [*tiers, *registry.index[registry["tier"] != "fresh"]])


def _check_names(key: str, names: Iterable[str], allowed: Collection[str]) -> None:
    for name in names:
        if name not in allowed:
            raise InputError(f"{key} names {shown(name)}: allowed are {', '.join(map(str, allowed))}.")


def _check_holds(key: str, entries: Sequence[str | int], needed: str | int, why: str) -> None:
    if needed not in entries:
        raise InputError(f"{key} is {shown(entries)}: it must hold {needed!r}, because {why}.")


def _check_unit(key: str, dataset: Dataset) -> None:
    if dataset.unit != UNIT:
        raise InputError(
            f"{key} names {dataset.name!r}, in {dataset.unit}: the conventions need data in {UNIT}, "
            "which a scale in the registry gives."
        )
