# Mixtures of Gaussians: the rate of EM, and its optimizers.
rule measure_mixture_rates:
    output:
        separations="results/mixtures/separations.csv",
        datasets="results/mixtures/datasets.csv",
        deviations="results/mixtures/deviations.csv",
    params:
        datasets=[data(name) for name in CONTRACTED],
        seed=config["seed"],
    message:
        "Predict and measure the rate of EM"
    script:
        "../../scripts/measure_mixture_rates.py"


# Optimizers on mixtures in all their parameters: the sets, and the parts into which their fits are cut, a job each.
MIXED = [data(name) for name in config["mixtures"]["datasets"]]
MIXED_FILES = [
    file for name in config["mixtures"]["datasets"] for file in data_files(name)
]
PARTS = 4


wildcard_constraints:
    part=r"\d+",


rule run_mixtures:
    input:
        data=MIXED_FILES,
    output:
        runs="results/mixtures/comparison/{part}/runs.csv.gz",
        tuning="results/mixtures/comparison/{part}/tuning.csv",
    # one of the longer jobs
    priority: 2
    params:
        datasets=MIXED,
        mixtures=config["mixtures"],
        seed=config["seed"],
        parts=PARTS,
    message:
        "Run optimizers on mixtures, part {wildcards.part}"
    script:
        "../../scripts/run_mixtures.py"


rule measure_kmeans_start:
    input:
        data=MIXED_FILES,
    output:
        table="results/mixtures/kmeans_start.csv",
    params:
        datasets=MIXED,
        mixtures=config["mixtures"],
        seed=config["seed"],
    message:
        "Measure what batch K-means is worth as the start of a mixture"
    script:
        "../../scripts/measure_kmeans_start.py"


rule measure_thresholds:
    input:
        data=MIXED_FILES,
    output:
        table="results/mixtures/thresholds.csv",
    params:
        datasets=MIXED,
        mixtures=config["mixtures"],
        seed=config["seed"],
    message:
        "Run hard and soft thresholds side by side"
    script:
        "../../scripts/measure_thresholds.py"


rule measure_em_rates:
    input:
        data=MIXED_FILES,
    output:
        table="results/mixtures/parameters.csv",
    params:
        datasets=MIXED,
        mixtures=config["mixtures"],
        seed=config["seed"],
    message:
        "Predict and measure the rate of EM in all parameters"
    script:
        "../../scripts/measure_em_rates.py"


rule judge_mixtures:
    input:
        runs=expand(rules.run_mixtures.output.runs, part=range(PARTS)),
        tuning=expand(rules.run_mixtures.output.tuning, part=range(PARTS)),
        rates=rules.measure_em_rates.output.table,
        claims=claims("mixtures"),
    output:
        summary="results/mixtures/summary.csv",
        ledger=report(
            "results/mixtures/ledger.csv",
            caption="../report/ledger.rst",
            category="5 The comparison",
            labels={"figure": "Every claim about mixtures (table)"},
        ),
    params:
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Judge the optimizers on mixtures"
    script:
        "../../scripts/judge_mixtures.py"


rule plot_mixture_rates:
    input:
        separations=rules.measure_mixture_rates.output.separations,
        datasets=rules.measure_mixture_rates.output.datasets,
        parameters=rules.measure_em_rates.output.table,
        deviations=rules.measure_mixture_rates.output.deviations,
    output:
        predicted=report(
            figure("mixtures/predicted"),
            caption="../report/mixture_predicted.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "The rate of EM"},
        ),
        limit=report(
            figure("mixtures/limit"),
            caption="../report/mixture_limit.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "From EM to Lloyd"},
        ),
    message:
        "Draw the rate of EM"
    script:
        "../../scripts/plot_mixture_rates.py"


# The accelerations of the alternation, on mixtures.
rule measure_accelerated_em:
    input:
        data=data_files(DATASET),
    output:
        runs="results/mixtures/accelerated_em_runs.csv.gz",
    params:
        dataset=data(DATASET),
        experiment=config["experiment"],
        starts=config["acceleration"]["mixture_starts"],
        seed=config["seed"],
    message:
        "Run accelerations of EM"
    script:
        "../../scripts/measure_accelerated_em.py"


rule judge_accelerated_em:
    input:
        runs=rules.measure_accelerated_em.output.runs,
    output:
        summary="results/mixtures/accelerated_em.csv",
    message:
        "Hold accelerations of EM against EM"
    script:
        "../../scripts/judge_accelerated_em.py"


rule plot_mixtures:
    input:
        summary=rules.judge_mixtures.output.summary,
        starting=rules.measure_kmeans_start.output.table,
        thresholds=rules.measure_thresholds.output.table,
    output:
        quality_speed=report(
            figure("mixtures/quality_speed"),
            caption="../report/mixture_quality_speed.rst",
            category="5 The comparison",
            labels={"figure": "Optimizers on mixtures"},
        ),
        start=report(
            figure("mixtures/start"),
            caption="../report/mixture_start.rst",
            category="5 The comparison",
            labels={"figure": "K-means as a start, and beside EM"},
        ),
    message:
        "Draw optimizers on mixtures"
    script:
        "../../scripts/plot_mixtures.py"


rule make_mixtures:
    input:
        datasets=rules.measure_mixture_rates.output.datasets,
        parameters=rules.measure_em_rates.output.table,
        accelerated=rules.judge_accelerated_em.output.summary,
        summary=rules.judge_mixtures.output.summary,
        ledger=rules.judge_mixtures.output.ledger,
        tuning=rules.judge_mixtures.input.tuning,
        starting=rules.measure_kmeans_start.output.table,
        thresholds=rules.measure_thresholds.output.table,
    output:
        **{
            name: f"paper/generated/mixtures/{name}.tex"
            for name in ("numbers", "accelerated_em", "optimizers", "ledger")
        },
    params:
        mixtures=config["mixtures"],
    message:
        "Make the tables and the numbers on mixtures"
    script:
        "../../scripts/make_mixtures.py"
