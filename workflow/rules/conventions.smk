# The puzzle of the reported final costs: which convention could have given them?
rule run_conventions:
    input:
        code=code("scripts/run_conventions.py"),
        data=lambda wildcards: data_files(wildcards.variant),
    output:
        combinations="results/conventions/{variant}.csv",
        ends="results/conventions/{variant}.npy",
    log:
        "logs/run_conventions_{variant}.log",
    benchmark:
        "logs/times/run_conventions_{variant}.tsv"
    # the longest jobs of all: they start first
    priority: 1
    threads: 1
    params:
        dataset=lambda wildcards: data(wildcards.variant),
        conventions=config["conventions"],
        seed=config["seed"],
    message:
        "Run batch K-means under every convention ({wildcards.variant})"
    script:
        "../../scripts/run_conventions.py"


rule judge_conventions:
    input:
        code=code("scripts/judge_conventions.py"),
        combinations=expand(
            "results/conventions/{variant}.csv",
            variant=config["conventions"]["variants"],
        ),
        ends=expand(
            "results/conventions/{variant}.npy",
            variant=config["conventions"]["variants"],
        ),
        original="paper/original_values.csv",
    output:
        table=report(
            "results/conventions.csv",
            caption="../report/conventions.rst",
            category="3 The puzzle of the final costs",
            labels={"figure": "All conventions (table)"},
        ),
        summary="results/conventions_summary.csv",
    log:
        "logs/judge_conventions.log",
    benchmark:
        "logs/times/judge_conventions.tsv"
    threads: 1
    params:
        factors=config["conventions"]["factors"],
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Judge every convention by the reported figures"
    script:
        "../../scripts/judge_conventions.py"


rule plot_limits:
    input:
        code=code("scripts/plot_limits.py"),
        traces=expand(
            "results/experiment/{convention}/trace.csv.gz", convention=FEATURES
        ),
        limits=expand(
            "results/experiment/{convention}/limits.csv.gz", convention=FEATURES
        ),
        original="paper/original_values.csv",
    output:
        figure=report(
            figure("limits"),
            caption="../report/limits.rst",
            category="3 The puzzle of the final costs",
            labels={"figure": "Where the runs end"},
        ),
    log:
        "logs/plot_limits.log",
    benchmark:
        "logs/times/plot_limits.tsv"
    threads: 1
    params:
        unit=UNIT,
    message:
        "Draw where the runs end"
    script:
        "../../scripts/plot_limits.py"
