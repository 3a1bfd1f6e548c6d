"""The shipped configuration passes; each mistake is answered by one sentence with the key, the value and a way out."""

from copy import deepcopy

import pytest
import yaml

from kmeans_convergence.data import read_registry
from kmeans_convergence.data.registry import COLUMNS
from kmeans_convergence.pipeline.configuration import check, compared


@pytest.fixture(scope="module")
def shipped(root):
    return yaml.safe_load((root / "config" / "config.yaml").read_text())


@pytest.fixture
def accept(root):
    def accept(config, datasets=None):
        check(config, datasets or root / "config" / "datasets.tsv")

    return accept


def changed(config, key, value):
    """Return a copy with one value replaced; `key` has dots."""
    config = deepcopy(config)
    *path, last = key.split(".")
    place = config
    for part in path:
        place = place[part]
    place[last] = value
    return config


def without(config, key):
    config = deepcopy(config)
    *path, last = key.split(".")
    place = config
    for part in path:
        place = place[part]
    del place[last]
    return config


def settings(config):
    for key, value in config.items():
        yield key, value
        if isinstance(value, dict):
            yield from ((f"{key}.{below}", inner) for below, inner in settings(value))


def leaves(config):
    return [key for key, _ in settings(config)]


def test_the_shipped_configuration_passes(shipped, accept):
    accept(shipped)


def test_the_smoke_configuration_passes(shipped, accept, root):
    for section, values in yaml.safe_load((root / "config" / "smoke.yaml").read_text()).items():
        for key, value in values.items() if isinstance(values, dict) else [(None, values)]:
            # a misspelt key would be refused as unknown
            shipped = changed(shipped, f"{section}.{key}" if key else section, value)
    accept(shipped)


def test_each_key_is_required(shipped, accept, refused):
    optional = ("comparison.starts_of.", "comparison.rows_of.", "comparison.optimizers_of.", "mixtures.clusters_of.")
    keys = [key for key in leaves(shipped) if not key.startswith(optional)]
    assert len(keys) > 20
    for key in keys:
        with refused("lacks the key", repr(key.split(".")[-1])):
            accept(without(shipped, key))


def test_each_key_has_a_type(shipped, accept, refused):
    for key in leaves(shipped):
        for value in (None, "many", ["many", {}], {"many": 1}):
            if isinstance(value, dict) and key in shipped and isinstance(shipped[key], dict):
                continue
            if key == "experiment.dataset" and value == "many":
                continue
            with refused(key):
                accept(changed(shipped, key, value))


@pytest.mark.parametrize(
    ("section", "key", "allowed"),
    [
        ("the configuration", "sead", "seed, experiment"),
        ("experiment", "epoch", "epochs, polish_epochs"),
        ("candidate", "feature", "features"),
        ("rate_search", "smalest", "smallest, largest"),
        ("conventions", "start", "starts"),
        ("comparison", "start", "starts"),
        ("derivation", "point", "points"),
    ],
)
def test_an_unknown_key_is_named(shipped, accept, refused, section, key, allowed):
    with refused(section, f"unknown key {key!r}", "allowed are", allowed):
        accept(changed(shipped, key if section not in shipped else f"{section}.{key}", 1))


def test_a_misspelt_key_is_named_before_the_one_that_it_leaves_missing(shipped, accept, refused):
    with refused("experiment has the unknown key 'epoch'"):
        accept(changed(without(without(shipped, "candidate"), "experiment.epochs"), "experiment.epoch", 20))
    # YAML takes some words for something else
    with refused("size has the unknown key True", "allowed are datasets, patterns"):
        accept(changed(shipped, "size", shipped["size"] | {True: 1}))


ALL = ["online_kmeans", "batch_kmeans", "online_gradient", "batch_gradient", "mixture", "hybrid", "newton"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        # names that do not exist
        ("experiment.dataset", "irises", ["'irises'", "iris, iris_uci"]),
        ("experiment.optimizers", [*ALL, "adam"], ["'adam'", ", ".join(ALL)]),
        ("experiment.optimizers", ALL[:-1], ["'newton'", ", ".join(ALL)]),
        ("conventions.variants", ["iris", "irises"], ["'irises'", "iris, iris_uci"]),
        ("conventions.starts", ["patterns", "plusplus"], ["'plusplus'", "patterns, box, gaussian"]),
        ("candidate.features", ["sepal length", "stem length"], ["'stem length'", "petal length"]),
        ("conventions.starts", ["patterns", "\ud800"], [r"conventions.starts.1 is '\ud800'"]),
        # numbers out of range
        ("seed", -1, ["-1", "at least 0"]),
        ("experiment.prototypes", 0, ["0", "at least 1"]),
        ("experiment.prototypes", 150, ["150", "149"]),
        ("experiment.epochs", 0, ["0", "at least 15"]),
        ("experiment.polish_epochs", 0, ["0", "at least 1"]),
        ("experiment.runs", 19, ["19", "at least 20"]),
        ("experiment.rate", 0, ["0", "above 0"]),
        ("experiment.rate", -0.03, ["-0.03", "above 0"]),
        ("rate_search.smallest", 0.0, ["0.0", "above 0"]),
        ("rate_search.smallest", 1.0, ["1.0", "below rate_search.largest"]),
        ("rate_search.points", 1, ["1", "at least 2"]),
        ("rate_search.runs", 1, ["1", "at least 2"]),
        ("conventions.prototypes", [6, 0], ["0", "at least 1"]),
        ("conventions.prototypes", [6, 148], ["148", "'iris_uci'", "147"]),
        ("conventions.runs", 0, ["0", "at least 20"]),
        ("conventions.factors", 0, ["0", "at least 1"]),
        ("derivation.points", 0, ["0", "at least 1"]),
        ("resamples", 0, ["0", "at least 100"]),
        # numbers that are none
        ("experiment.runs", True, ["True", "whole number"]),
        ("experiment.runs", 100.5, ["100.5", "whole number"]),
        ("experiment.prototypes", 6.0, ["6.0", "whole number"]),
        ("experiment.rate", "0.03", ["'0.03'", "number"]),
        ("experiment.rate", True, ["True", "number"]),
        ("experiment.rate", float("inf"), ["inf", "finite"]),
        ("experiment.rate", float("nan"), ["nan", "finite"]),
        # numbers without end
        ("seed", 10**400, ["1000", "401 characters", "at most 4294967295"]),
        ("experiment.runs", 10**12, [str(10**12), "at most 100000"]),
        ("experiment.rate", 10**400, ["at most 1000"]),
        ("experiment.rate", 1e308, ["1e+308", "at most 1000"]),
        ("conventions.prototypes", [6, 10**400], ["at most 1000"]),
        ("comparison.starts_of", {"iris": 10**12}, ["iris", "at most 100000"]),
        ("performance.share", 1.5, ["1.5", "at most 1"]),
        # lists
        ("experiment.optimizers", [*ALL, ALL[0]], ["differ", ALL[0]]),
        ("experiment.optimizers", [], ["empty", "at least 1"]),
        ("candidate.features", [], ["empty", "at least 1"]),
        ("candidate.features", ["sepal length"] * 2, ["differ", "sepal length"]),
        ("conventions.prototypes", [6, 6], ["[6, 6]", "differ"]),
        ("size.patterns", [300], ["[300]", "at least 2"]),
        # the comparison
        (
            "comparison.datasets",
            ["bundled", "irises"],
            ["'irises'", "bundled, synthetic, downloaded, csv, fresh, iris"],
        ),
        ("comparison.leave_out", ["irises"], ["'irises'", "iris, iris_uci"]),
        ("comparison.starts_of", {"irises": 5}, ["'irises'", "iris, iris_uci"]),
        ("comparison.starts_of", {"iris": 1}, ["1", "at least 2"]),
        ("comparison.rows_of", {"irises": 50}, ["'irises'", "iris, iris_uci"]),
        ("comparison.rows_of", {1: 50}, ["names 1", "iris, iris_uci"]),
        ("comparison.own", "nowhere.py", ["'nowhere.py'", "no such file"]),
        ("comparison.starts", ["patterns", "box"], ["'box'", "patterns, plusplus"]),
        ("comparison.starts", ["plusplus"], ["['plusplus']", "'patterns'"]),
        ("comparison.optimizers", ["batch_kmeans", "magic"], ["'magic'", "batch_kmeans, hybrid"]),
        ("comparison.optimizers", ["adam"], ["'batch_kmeans'", "compared with it"]),
        ("comparison.fewest", 100000, ["100000", "at most comparison.most"]),
        ("comparison.passes", 1, ["1", "at least 2"]),
        ("comparison.passes", 10, ["10", "between comparison.shorter, 10"]),
        ("comparison.passes", 300, ["300", "comparison.longer, 300"]),
        ("comparison.longer_on", ["irises"], ["'irises'", "iris, iris_uci"]),
        ("comparison.clusters", ["large"], ["['large']", "'usual'"]),
        ("comparison.clusters", ["usual", "huge"], ["'huge'", "usual, small, large"]),
        ("comparison.optimizers_of.greedy", ["batch_kmeans", "magic"], ["'magic'", "batch_kmeans, hybrid"]),
        ("comparison.optimizers_of.greedy", ["adam"], ["'batch_kmeans'", "compared with it"]),
        ("comparison.tuning.extensions", -1, ["-1", "at least 0"]),
        ("comparison.tuning.values", 1, ["1", "at least 2"]),
        # the experiment as described must be one of the conventions
        ("conventions.variants", ["iris_uci"], ["['iris_uci']", "'iris'"]),
        ("conventions.starts", ["box"], ["['box']", "'patterns'"]),
        ("conventions.prototypes", [5, 7], ["[5, 7]", "6"]),
    ],
)
def test_a_mistake_is_named(shipped, accept, refused, key, value, words):
    with refused(key, *words):
        accept(changed(shipped, key, value))


@pytest.mark.parametrize("unit", ["cm", "kg"])
def test_data_must_be_in_the_unit_of_the_reported_figures(shipped, accept, refused, root, tmp_path, unit):
    registry = (root / "config" / "datasets.tsv").read_text()
    datasets = tmp_path / "config" / "datasets.tsv"
    datasets.parent.mkdir()
    for name in ("iris", "iris_uci"):
        datasets.write_text(registry.replace(f"bundled:{name}\t1\tmm", f"bundled:{name}\t1\t{unit}"))
        with refused(repr(name), unit, "mm"):
            accept(shipped, datasets)


def test_a_set_of_the_comparison_needs_clusters_and_one_is_left(shipped, accept, refused, root, tmp_path):
    with refused("comparison.leave_out", "leaves nothing"):
        accept(changed(changed(shipped, "comparison.datasets", ["wine"]), "comparison.leave_out", ["wine"]))
    registry = (root / "config" / "datasets.tsv").read_text()
    (tmp_path / "config").mkdir()
    datasets = tmp_path / "config" / "datasets.tsv"
    datasets.write_text(registry.replace("standardize\t3;2;10", "standardize\t", 1))
    with refused("'wine'", "no clusters"):
        accept(shipped, datasets)


def test_every_number_has_an_upper_bound(shipped, accept, refused):
    numbers = {key: value for key, value in settings(shipped) if type(value) in (int, float)}
    numbers |= {key: value for key, value in settings(shipped) if isinstance(value, list) and type(value[0]) is int}
    assert {"seed", "performance.share", "comparison.tuning.starts", "comparison.rows_of.digits"} <= set(numbers)
    for key, value in numbers.items():
        beyond = [*value, 10**400] if isinstance(value, list) else 10**400
        with refused(key, "401 characters", "at most"):
            accept(changed(shipped, key, beyond))


def own_rows(root, folder, rows, files=()):
    """Add rows to a copy of the registry, with the files that they name."""
    (folder / "config").mkdir()
    datasets = folder / "config" / "datasets.tsv"
    datasets.write_text((root / "config" / "datasets.tsv").read_text() + rows)
    for name, text in dict(files).items():
        (folder / name).write_text(text)
    return datasets


REPEATED = "a,b\n" + 90 * "1,2\n" + "".join(f"{i},{i}\n" for i in range(10))


@pytest.mark.parametrize(
    ("row", "text", "words"),
    [
        ("mine\tcsv:mine.csv\t\t\t\t12", REPEATED, ["'mine'", "12", "11"]),
        # ten of a hundred rows are drawn, and few of them differ
        ("mine\tcsv:mine.csv\t\t\t\t2;3", REPEATED, ["'mine'", "2", "distinct"]),
        ("mine\tcsv:gone.csv\t\t\t\t3", "", ["'mine'", "gone.csv", "does not exist"]),
        ("mine\tcsv:mine.csv\t\t\t\t3", "a,b\n1,\n", ["'mine'", "distinct"]),
        ("mine\tcsv:mine.csv\t1e30\t\t\t1", "a,b\n1e290,2\n3,4\n", ["'mine'", "too large"]),
        ("mine\tcsv:mine.csv\t\t\t\t1\t\t\t数据", REPEATED, ["'mine'", "licence", "'数据'", "'数'", "Latin"]),
    ],
)
def test_rows_of_the_users_are_read_before_any_job(shipped, accept, refused, root, tmp_path, row, text, words):
    datasets = own_rows(root, tmp_path, row + "\n", {"mine.csv": text})
    mine = changed(changed(shipped, "comparison.datasets", ["iris", "csv"]), "comparison.rows_of", {})
    if row.endswith("2;3"):
        mine = changed(mine, "comparison.rows", 10)
    with refused(*words):
        accept(mine, datasets)


def test_patterns_are_drawn_before_clusters_are_counted(shipped, accept, refused):
    few = changed(shipped, "comparison.datasets", ["randhie"])
    accept(few)
    with refused("'randhie'", "50", "distinct"):
        accept(changed(few, "comparison.rows", 40))
    with refused("'randhie'", "50", "distinct"):
        accept(changed(few, "acceleration.rows", 40))


def test_features_that_cannot_be_typeset_are_refused(shipped, accept, refused, root, tmp_path):
    rows = "mine\tcsv:mine.csv\t1\tmm\tnone\t3\n"
    text = "длина,b\n" + "".join(f"{i},{i % 3}\n" for i in range(20))
    mine = changed(changed(shipped, "experiment.dataset", "mine"), "conventions.variants", ["mine"])
    with refused("'длина'", "Latin"):
        accept(mine, own_rows(root, tmp_path, rows, {"mine.csv": text}))


def test_a_file_of_optimizers_is_no_pattern(shipped, accept, refused, root, tmp_path):
    datasets = own_rows(root, tmp_path, "", {"{mine}.py": "CONTENDERS = {}"})
    with refused("comparison.own", "'{mine}.py'", "braces"):
        accept(changed(shipped, "comparison.own", "{mine}.py"), datasets)


def test_other_hard_choices_name_data_that_are_there(shipped, accept, refused):
    accept(changed(shipped, "choices.sequences", ["nile", "old_faithful"]))
    for key, name in (
        ("sequences", "lines_3"),
        ("regressions", "nile"),
        ("subspaces", "nothing"),
        ("subspaces", "ais"),
    ):
        with refused(f"choices.{key}", f"'{name}'", "allowed are"):
            accept(changed(shipped, f"choices.{key}", [name]))


def test_other_hard_choices_have_data_that_are_large_enough(shipped, accept, refused, root, tmp_path):
    text = "a,b\n" + "".join(f"{i},{i * i % 7}\n" for i in range(12))
    datasets = own_rows(root, tmp_path, "mine\tcsv:mine.csv\t\t\t\t2\n", {"mine.csv": text})
    with refused("choices.subspaces", "'mine'", "2 features", "at least 3"):
        accept(changed(shipped, "choices.subspaces", ["mine"]), datasets)
    with refused("choices.sequences", "'mine'", "12 observations", "at least 20"):
        accept(changed(shipped, "choices.sequences", ["mine"]), datasets)


def test_samples_of_one_set_are_ascending_and_have_a_number_of_prototypes(shipped, accept, refused):
    with refused("size.patterns", "[300, 100]", "ascending"):
        accept(changed(shipped, "size.patterns", [300, 100]))
    with refused("size.datasets", "'nothing'"):
        accept(changed(shipped, "size.datasets", ["nothing"]))


def test_large_samples_have_their_patterns(shipped, accept, refused):
    with refused("scale.patterns", "[3000, 1000]", "ascending"):
        accept(changed(shipped, "scale.patterns", [3000, 1000]))
    with refused("scale.datasets", "'nothing'"):
        accept(changed(shipped, "scale.datasets", ["nothing"]))
    with refused("scale.patterns", "300000 patterns", "'retina_px'", "240000"):
        accept(changed(shipped, "scale.patterns", [1000, 300_000]))
    accept(changed(shipped, "scale.datasets", []))


def test_fresh_sets_are_kept_for_the_confirmation(shipped, accept, refused, root):
    with refused("comparison.datasets", "'ais'", "confirmation"):
        accept(changed(shipped, "comparison.datasets", ["wine", "ais"]))
    for name in ("config", "extended", "smoke"):
        section = yaml.safe_load((root / "config" / f"{name}.yaml").read_text())["comparison"]
        registry = read_registry(root / "config" / "datasets.tsv")
        assert "fresh" not in set(registry.loc[compared(shipped["comparison"] | section, registry), "tier"])
    confirmation = yaml.safe_load((root / "config" / "confirmation.yaml").read_text())["comparison"]
    alone = shipped | {"comparison": shipped["comparison"] | confirmation}
    accept(alone)
    assert len(compared(alone["comparison"], registry)) == 19


def test_tiers_stand_for_their_sets_and_some_are_left_out(root):
    registry = read_registry(root / "config" / "datasets.tsv")
    names = compared({"datasets": ["downloaded", "wine", "iris"], "leave_out": ["birch1"]}, registry)
    # in the order of the registry
    assert names[:2] == ["iris", "wine"]
    assert names[2:] == [name for name in registry.index[registry["tier"] == "downloaded"] if name != "birch1"]


def test_ones_own_file_is_found_beside_the_configuration(shipped, accept, refused, tmp_path):
    (tmp_path / "config").mkdir()
    datasets = tmp_path / "config" / "datasets.tsv"
    datasets.write_text("\t".join(COLUMNS) + "\nmine\tcsv:data/mine.csv\t10\tmm\tnone\t3\n")
    mine = changed(shipped, "experiment.dataset", "mine")
    mine = changed(changed(mine, "conventions.variants", ["mine"]), "candidate.features", ["b"])
    bare = {"datasets": ["csv"], "leave_out": [], "starts_of": {}, "rows_of": {}, "longer_on": []}
    for key, value in bare.items():
        mine = changed(mine, f"comparison.{key}", value)
    for key in ("size.datasets", "embeddings.datasets", "mixtures.datasets"):
        mine = changed(mine, key, ["mine"])
    mine = changed(changed(mine, "mixtures.clusters_of", {}), "scale.datasets", [])
    mine = changed(mine, "choices.subspaces", ["planes_1"])
    with refused("'mine'", "mine.csv", "does not exist"):
        accept(mine, datasets)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.csv").write_text("a,b\n" + "".join(f"{i},{i % 3}\n" for i in range(12)))
    accept(mine, datasets)


def test_mixtures_are_fitted_to_sets_that_have_components_enough(shipped, accept, refused):
    with refused("mixtures.datasets", "'irises'", "allowed are"):
        accept(changed(shipped, "mixtures.datasets", ["irises"]))
    with refused("mixtures.clusters_of", "'irises'"):
        accept(changed(shipped, "mixtures.clusters_of", {"irises": 2}))
    with refused("mixtures.clusters_of.iris = 500", "'iris'", "distinct patterns"):
        accept(changed(shipped, "mixtures.clusters_of", {"iris": 500}))
    with refused("mixtures.covariances", "at most 4"):
        accept(changed(shipped, "mixtures.covariances", 5))
