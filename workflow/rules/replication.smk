# Section 5 of the paper: the experiment on Iris, its figures, and the verdict on each statement.
rule run_experiment:
    input:
        code=code("scripts/run_experiment.py"),
        data=data_files(DATASET),
    output:
        trace="results/replication/experiment/{convention}/trace.csv.gz",
        limits="results/replication/experiment/{convention}/limits.csv.gz",
    log:
        "logs/run_experiment_{convention}.log",
    benchmark:
        "logs/times/run_experiment_{convention}.tsv"
    threads: 1
    params:
        dataset=data(DATASET),
        features=lambda wildcards: FEATURES[wildcards.convention],
        experiment=config["experiment"],
        seed=config["seed"],
    message:
        "Run the experiment ({wildcards.convention})"
    script:
        "../../scripts/run_experiment.py"


rule plot_convergence:
    input:
        code=code("scripts/plot_convergence.py"),
        trace="results/replication/experiment/described/trace.csv.gz",
        limits="results/replication/experiment/described/limits.csv.gz",
        original="paper/original_values.csv",
    output:
        residuals_paper=report(
            figure("replication/residuals_paper"),
            caption="../report/residuals_paper.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "Figure 1 in the paper's form"},
        ),
        ratios_paper=report(
            figure("replication/ratios_paper"),
            caption="../report/ratios_paper.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "Figure 2 in the paper's form"},
        ),
        residuals=report(
            figure("replication/residuals"),
            caption="../report/residuals.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "Figure 1 with intervals"},
        ),
        ratios=report(
            figure("replication/ratios"),
            caption="../report/ratios.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "Figure 2 with intervals"},
        ),
    log:
        "logs/plot_convergence.log",
    benchmark:
        "logs/times/plot_convergence.tsv"
    threads: 1
    params:
        unit=UNIT,
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Draw Figures 1 and 2"
    script:
        "../../scripts/plot_convergence.py"


rule judge_claims:
    input:
        code=code("scripts/judge_claims.py"),
        trace="results/replication/experiment/{convention}/trace.csv.gz",
        limits="results/replication/experiment/{convention}/limits.csv.gz",
        original="paper/original_values.csv",
    output:
        claims="results/replication/claims/{convention}.csv",
    log:
        "logs/judge_claims_{convention}.log",
    benchmark:
        "logs/times/judge_claims_{convention}.tsv"
    threads: 1
    params:
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Decide the reported statements ({wildcards.convention})"
    script:
        "../../scripts/judge_claims.py"


rule decide_verdicts:
    input:
        code=code("scripts/decide_verdicts.py"),
        data=data_files(DATASET),
        described="results/replication/claims/described.csv",
        candidate="results/replication/claims/candidate.csv",
        conventions="results/replication/conventions.csv",
        original="paper/original_values.csv",
    output:
        verdicts=report(
            "results/replication/verdicts.csv",
            caption="../report/verdicts.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "Verdicts (table)"},
        ),
    log:
        "logs/decide_verdicts.log",
    benchmark:
        "logs/times/decide_verdicts.tsv"
    threads: 1
    params:
        dataset=data(DATASET),
        features=FEATURES["candidate"],
        K=config["experiment"]["prototypes"],
    message:
        "Give each reported statement its verdict"
    script:
        "../../scripts/decide_verdicts.py"


rule compare_limits:
    input:
        code=code("scripts/compare_limits.py"),
        trace="results/replication/experiment/described/trace.csv.gz",
        limits="results/replication/experiment/described/limits.csv.gz",
        original="paper/original_values.csv",
    output:
        ends="results/replication/limits.csv",
        speed="results/replication/speed.csv",
        certainty="results/replication/certainty.csv",
    log:
        "logs/compare_limits.log",
    benchmark:
        "logs/times/compare_limits.tsv"
    threads: 1
    params:
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Compare where the methods end"
    script:
        "../../scripts/compare_limits.py"


rule search_rate:
    input:
        code=code("scripts/search_rate.py"),
        data=data_files(DATASET),
    output:
        rates="results/replication/rates.csv",
    log:
        "logs/search_rate.log",
    benchmark:
        "logs/times/search_rate.tsv"
    threads: 1
    params:
        dataset=data(DATASET),
        experiment=config["experiment"],
        rate_search=config["rate_search"],
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Search the learning rate on separate starts"
    script:
        "../../scripts/search_rate.py"


rule plot_rates:
    input:
        code=code("scripts/plot_rates.py"),
        rates="results/replication/rates.csv",
    output:
        figure=report(
            figure("replication/rates"),
            caption="../report/rates.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "Is the rate 0.03/t optimal?"},
        ),
    log:
        "logs/plot_rates.log",
    benchmark:
        "logs/times/plot_rates.tsv"
    threads: 1
    params:
        rate=config["experiment"]["rate"],
        unit=UNIT,
    message:
        "Draw the rate search"
    script:
        "../../scripts/plot_rates.py"
