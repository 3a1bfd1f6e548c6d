# The puzzle of the reported final costs: which convention could have given them?
rule run_conventions:
    input:
        code=code("scripts/run_conventions.py"),
        data=lambda wildcards: data_files(wildcards.variant),
    output:
        combinations="results/replication/conventions/{variant}.csv",
        ends="results/replication/conventions/{variant}.npy",
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
            "results/replication/conventions/{variant}.csv",
            variant=config["conventions"]["variants"],
        ),
        ends=expand(
            "results/replication/conventions/{variant}.npy",
            variant=config["conventions"]["variants"],
        ),
        original="paper/original_values.csv",
    output:
        table=report(
            "results/replication/conventions.csv",
            caption="../report/conventions.rst",
            category="3 The puzzle of the final costs",
            labels={"figure": "All conventions (table)"},
        ),
        summary="results/replication/conventions_summary.csv",
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


# The test of what agrees: the ends of the axes of the paper's first figure, which no search has used.
rule draw_conventions:
    input:
        code=code("scripts/draw_conventions.py"),
        data=[
            file
            for variant in config["conventions"]["variants"]
            for file in data_files(variant)
        ],
        conventions="results/replication/conventions.csv",
    output:
        rows="results/replication/conventions/drawn.csv",
        drawn="results/replication/conventions/drawn.npy",
    log:
        "logs/draw_conventions.log",
    benchmark:
        "logs/times/draw_conventions.tsv"
    threads: 1
    params:
        datasets=[data(variant) for variant in config["conventions"]["variants"]],
        config={key: config[key] for key in ("experiment", "conventions", "seed")},
    message:
        "Repeat the experiment under the conventions that agree"
    script:
        "../../scripts/draw_conventions.py"


rule judge_axes:
    input:
        code=code("scripts/judge_axes.py"),
        rows="results/replication/conventions/drawn.csv",
        drawn="results/replication/conventions/drawn.npy",
        original="paper/original_values.csv",
    output:
        table=report(
            "results/replication/conventions_axes.csv",
            caption="../report/axes.rst",
            category="3 The puzzle of the final costs",
            labels={"figure": "The test by the axes (table)"},
        ),
    log:
        "logs/judge_axes.log",
    benchmark:
        "logs/times/judge_axes.tsv"
    threads: 1
    params:
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Hold the conventions against the ends of the axes"
    script:
        "../../scripts/judge_axes.py"


rule plot_limits:
    input:
        code=code("scripts/plot_limits.py"),
        traces=expand(
            "results/replication/experiment/{convention}/trace.csv.gz", convention=FEATURES
        ),
        limits=expand(
            "results/replication/experiment/{convention}/limits.csv.gz", convention=FEATURES
        ),
        original="paper/original_values.csv",
    output:
        figure=report(
            figure("replication/limits"),
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
