# The wide comparison: one job for each data set, each on its own; then the statistics over all of them.
COMPARED = compared(config["comparison"], read_registry(REGISTRY))


def settings(dataset):
    """Return what of the comparison's section concerns the job of a data set: not which other sets there are."""
    section = config["comparison"]
    chosen = {dataset: section["starts_of"][dataset]} if dataset in section["starts_of"] else {}
    concerned = {key: section[key] for key in section if key not in ("datasets", "leave_out")}
    return concerned | {"starts_of": chosen}


wildcard_constraints:
    compared="|".join(COMPARED),


rule run_comparison:
    input:
        code=code("scripts/run_comparison.py"),
        data=lambda wildcards: data_files(wildcards.compared),
    output:
        runs="results/comparison/{compared}/runs.csv.gz",
        curves="results/comparison/{compared}/curves.csv.gz",
        tuning="results/comparison/{compared}/tuning.csv",
        dataset="results/comparison/{compared}/dataset.csv",
    log:
        "logs/run_comparison_{compared}.log",
    benchmark:
        "logs/times/run_comparison_{compared}.tsv"
    # the longest jobs start first
    priority: 2
    threads: 1
    params:
        dataset=lambda wildcards: data(wildcards.compared),
        comparison=lambda wildcards: settings(wildcards.compared),
        seed=config["seed"],
    message:
        "Compare all optimizers on {wildcards.compared}"
    script:
        "../../scripts/run_comparison.py"


rule collect_datasets:
    input:
        code=code("scripts/collect_datasets.py"),
        rows=expand("results/comparison/{name}/dataset.csv", name=COMPARED),
    output:
        datasets="results/comparison/datasets.csv",
    log:
        "logs/collect_datasets.log",
    benchmark:
        "logs/times/collect_datasets.tsv"
    threads: 1
    message:
        "Describe the data sets of the comparison"
    script:
        "../../scripts/collect_datasets.py"


# --- statistics and figures of the comparison: rules judge_comparison, plot_comparison ---
