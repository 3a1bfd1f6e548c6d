# The wide comparison: one job for each data set, each on its own; then the statistics over all of them.
COMPARED = compared(config["comparison"], read_registry(REGISTRY))

# Figures and their titles on the page.
COMPARISON = {
    "convergence": "Convergence on some sets",
    "profiles": "Performance profiles",
    "run_times": "Run-time distributions",
    "costs": "Distributions of final costs",
    "quality_speed": "Quality against speed",
    "sets": "All sets, all optimizers",
    "ranks": "Average ranks",
    "winners": "Against size, overlap and conditioning",
}


# Settings that are given for some data sets.
GIVEN = ("starts_of", "rows_of")


def settings(dataset):
    """Return what of the comparison's section concerns the job of a data set: not which other sets there are."""
    section = config["comparison"]
    chosen = {
        key: {name: value for name, value in section[key].items() if name == dataset}
        for key in GIVEN
    }
    concerned = {
        key: section[key]
        for key in section
        if key not in ("datasets", "leave_out", "resamples", "own")
    }
    chosen["longer_on"] = [name for name in section["longer_on"] if name == dataset]
    return concerned | chosen


def first_committed(dataset):
    """Return what has to be there before fresh data are used: the commit of what is predicted of them."""
    fresh = data(dataset)["source"].startswith("fresh:")
    return ["results/confirmation/commit.txt"] if fresh else []


# Sets for which more starts, patterns or passes are asked for take longest: they start before the others.
LONG = [
    name
    for name in COMPARED
    if any(name in config["comparison"][key] for key in (*GIVEN, "longer_on"))
]


wildcard_constraints:
    compared=one_of(COMPARED),


rule run_comparison:
    input:
        data=lambda wildcards: data_files(wildcards.compared),
        committed=lambda wildcards: first_committed(wildcards.compared),
    output:
        runs="results/comparison/{compared}/runs.csv.gz",
        curves="results/comparison/{compared}/curves.csv.gz",
        tuning="results/comparison/{compared}/tuning.csv",
        dataset="results/comparison/{compared}/dataset.csv",
    # before the jobs of the paper's experiment, which are shorter
    priority: 2
    params:
        dataset=lambda wildcards: data(wildcards.compared),
        comparison=lambda wildcards: settings(wildcards.compared),
        seed=config["seed"],
    message:
        "Compare all optimizers on {wildcards.compared}"
    script:
        "../../scripts/run_comparison.py"


if LONG:

    use rule run_comparison as run_comparison_first with:
        wildcard_constraints:
            compared=one_of(LONG),
        priority: 3

    ruleorder: run_comparison_first > run_comparison


# The user's optimizers: jobs beside those of the others, which need not run again.
OWN = [config["comparison"]["own"]] if config["comparison"]["own"] else []

if OWN:

    rule run_own:
        input:
            data=lambda wildcards: data_files(wildcards.compared),
            own=OWN[0],
            library=code(OWN[0]),
            others="results/comparison/{compared}/runs.csv.gz",
        output:
            runs="results/comparison/{compared}/own/runs.csv.gz",
            curves="results/comparison/{compared}/own/curves.csv.gz",
            tuning="results/comparison/{compared}/own/tuning.csv",
        params:
            dataset=lambda wildcards: data(wildcards.compared),
            comparison=lambda wildcards: settings(wildcards.compared),
            seed=config["seed"],
        message:
            "Run the optimizers of {input.own} on {wildcards.compared}"
        script:
            "../../scripts/run_own.py"


rule collect_datasets:
    input:
        rows=expand(rules.run_comparison.output.dataset, compared=COMPARED),
    output:
        datasets="results/comparison/datasets.csv",
    message:
        "Describe the data sets of the comparison"
    script:
        "../../scripts/collect_datasets.py"


# What the paper says of the first patterns and of the end of K-means, on all sets.
rule measure_first_steps:
    input:
        data=[file for name in COMPARED for file in data_files(name)],
    output:
        table="results/comparison/first_steps.csv",
    params:
        datasets={
            name: [
                data(name),
                config["comparison"]["rows_of"].get(
                    name, config["comparison"]["rows"]
                ),
            ]
            for name in COMPARED
        },
        sizes=config["comparison"]["clusters"],
        seed=config["seed"],
    message:
        "Measure the first patterns and the end of K-means"
    script:
        "../../scripts/measure_first_steps.py"


rule plot_first_steps:
    input:
        table=rules.measure_first_steps.output.table,
    output:
        figure=report(
            figure("comparison/first_steps"),
            caption="../report/first_steps.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "What the first patterns bring"},
        ),
    message:
        "Draw what the first patterns bring"
    script:
        "../../scripts/plot_first_steps.py"


def of_all(table):
    """Return one table of every data set, and that of the user's optimizers."""
    folders = ["", "own/"] if OWN else [""]
    return expand(
        "results/comparison/{name}/{folder}{table}",
        name=COMPARED,
        folder=folders,
        table=table,
    )


rule run_size:
    input:
        data=[file for name in config["size"]["datasets"] for file in data_files(name)],
    output:
        runs="results/comparison/size_runs.csv",
    # one of the longer jobs
    priority: 2
    params:
        datasets=[data(name) for name in config["size"]["datasets"]],
        samples=config["size"],
        seed=config["seed"],
    message:
        "Run some optimizers on samples that differ in their size alone"
    script:
        "../../scripts/run_size.py"


rule judge_comparison:
    input:
        runs=of_all("runs.csv.gz"),
        tuning=of_all("tuning.csv"),
        datasets=rules.collect_datasets.output.datasets,
        derivation=[
            rules.check_derivation.output.steps,
            rules.check_theorems.output.theorems,
        ],
        first_steps=rules.measure_first_steps.output.table,
        kmeans_start="results/mixtures/kmeans_start.csv",
        thresholds="results/mixtures/thresholds.csv",
        samples=rules.run_size.output.runs,
        claims=claims("comparison"),
    output:
        summary="results/comparison/summary.csv",
        methods="results/comparison/methods.csv",
        size="results/comparison/size_summary.csv",
        ledger=report(
            "results/comparison/ledger.csv",
            caption="../report/ledger.rst",
            category="5 The comparison",
            labels={"figure": "Every claim (table)"},
        ),
    params:
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Judge the comparison and every claim"
    script:
        "../../scripts/judge_comparison.py"


rule plot_comparison:
    input:
        runs=of_all("runs.csv.gz"),
        curves=of_all("curves.csv.gz"),
        own=OWN,
        datasets=rules.collect_datasets.output.datasets,
        summary=rules.judge_comparison.output.summary,
    output:
        **{
            name: report(
                figure(f"comparison/{name}"),
                caption=f"../report/comparison_{name}.rst",
                category="5 The comparison",
                labels={"figure": title},
            )
            for name, title in COMPARISON.items()
        },
    params:
        seed=config["seed"],
    message:
        "Draw the comparison"
    script:
        "../../scripts/plot_comparison.py"


rule make_comparison:
    input:
        summary=rules.judge_comparison.output.summary,
        methods=rules.judge_comparison.output.methods,
        ledger=rules.judge_comparison.output.ledger,
        datasets=rules.collect_datasets.output.datasets,
        steps=rules.measure_first_steps.output.table,
        tuning=of_all("tuning.csv"),
        history="config/protocol.tsv",
        own=OWN,
    output:
        **{
            name: f"paper/generated/comparison/{name}.tex"
            for name in (
                "main",
                "budgets",
                "tuning",
                "costs",
                "passes",
                "times",
                "ledger",
                "datasets",
                "history",
                "answer",
                "numbers",
            )
        },
    params:
        comparison=config["comparison"],
    message:
        "Make the tables of the comparison, the answer and the numbers"
    script:
        "../../scripts/make_comparison.py"
