# Section 5 of the paper: the experiment on Iris, its figures, the verdict on each statement, and the puzzle of the
# reported final costs.
VARIANTS = config["conventions"]["variants"]
ORIGINAL = "paper/original_values.csv"


rule run_experiment:
    input:
        data=data_files(DATASET),
    output:
        trace="results/replication/experiment/{convention}/trace.csv.gz",
        limits="results/replication/experiment/{convention}/limits.csv.gz",
    params:
        dataset=data(DATASET),
        features=lambda wildcards: FEATURES[wildcards.convention],
        experiment=config["experiment"],
        seed=config["seed"],
    message:
        "Run the experiment ({wildcards.convention})"
    script:
        "../../scripts/run_experiment.py"


DESCRIBED = {
    name: expand(rules.run_experiment.output[name], convention="described")
    for name in ("trace", "limits")
}


rule plot_convergence:
    input:
        **DESCRIBED,
        original=ORIGINAL,
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
    params:
        unit=UNIT,
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Draw Figures 1 and 2"
    script:
        "../../scripts/plot_convergence.py"


rule compare_limits:
    input:
        **DESCRIBED,
        original=ORIGINAL,
    output:
        ends="results/replication/limits.csv",
        speed="results/replication/speed.csv",
        certainty="results/replication/certainty.csv",
    params:
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Compare where the methods end"
    script:
        "../../scripts/compare_limits.py"


rule search_rate:
    input:
        data=data_files(DATASET),
    output:
        runs="results/replication/rate_search.csv.gz",
    params:
        dataset=data(DATASET),
        experiment=config["experiment"],
        rate_search=config["rate_search"],
        seed=config["seed"],
    message:
        "Search the learning rate on separate starts"
    script:
        "../../scripts/search_rate.py"


rule judge_rate_search:
    input:
        runs=rules.search_rate.output.runs,
    output:
        rates="results/replication/rates.csv",
    params:
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Average the search of the learning rate"
    script:
        "../../scripts/judge_rate_search.py"


rule plot_rate_search:
    input:
        rates=rules.judge_rate_search.output.rates,
    output:
        figure=report(
            figure("replication/rates"),
            caption="../report/rates.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "Is the rate 0.03/t optimal?"},
        ),
    params:
        rate=config["experiment"]["rate"],
        unit=UNIT,
    message:
        "Draw the rate search"
    script:
        "../../scripts/plot_rate_search.py"


# Which convention could have given the reported final costs?
rule run_conventions:
    input:
        data=lambda wildcards: data_files(wildcards.variant),
    output:
        combinations="results/replication/conventions/{variant}.csv",
        ends="results/replication/conventions/{variant}.npy",
    # the longest jobs of all: they start first
    priority: 1
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
        data=data_files(DATASET),
        combinations=expand(rules.run_conventions.output.combinations, variant=VARIANTS),
        ends=expand(rules.run_conventions.output.ends, variant=VARIANTS),
        original=ORIGINAL,
    output:
        table=report(
            "results/replication/conventions.csv",
            caption="../report/conventions.rst",
            category="3 The puzzle of the final costs",
            labels={"figure": "All conventions (table)"},
        ),
        summary="results/replication/conventions_summary.csv",
        tested="results/replication/conventions/drawn.csv",
    params:
        dataset=data(DATASET),
        K=config["experiment"]["prototypes"],
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
        data=[file for variant in VARIANTS for file in data_files(variant)],
        rows=rules.judge_conventions.output.tested,
    output:
        drawn="results/replication/conventions/drawn.npy",
    params:
        datasets=[data(variant) for variant in VARIANTS],
        experiment=config["experiment"],
        conventions=config["conventions"],
        seed=config["seed"],
    message:
        "Repeat the experiment under the conventions that agree"
    script:
        "../../scripts/draw_conventions.py"


rule judge_axes:
    input:
        rows=rules.judge_conventions.output.tested,
        drawn=rules.draw_conventions.output.drawn,
        original=ORIGINAL,
    output:
        table=report(
            "results/replication/conventions_axes.csv",
            caption="../report/axes.rst",
            category="3 The puzzle of the final costs",
            labels={"figure": "The test by the axes (table)"},
        ),
    params:
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Hold the conventions against the ends of the axes"
    script:
        "../../scripts/judge_axes.py"


rule plot_limits:
    input:
        **{
            convention: expand(
                rules.run_experiment.output.limits, convention=convention
            )
            for convention in FEATURES
        },
        original=ORIGINAL,
    output:
        figure=report(
            figure("replication/limits"),
            caption="../report/limits.rst",
            category="3 The puzzle of the final costs",
            labels={"figure": "Where the runs end"},
        ),
    params:
        unit=UNIT,
    message:
        "Draw where the runs end"
    script:
        "../../scripts/plot_limits.py"


rule judge_replication:
    input:
        **{
            convention: [
                *expand(rules.run_experiment.output.trace, convention=convention),
                *expand(rules.run_experiment.output.limits, convention=convention),
            ]
            for convention in FEATURES
        },
        data=data_files(DATASET),
        conventions=rules.judge_conventions.output.table,
        claims=claims("replication"),
        original=ORIGINAL,
    output:
        ledger=report(
            "results/replication/ledger.csv",
            caption="../report/verdicts.rst",
            category="2 Iris, thirty years later",
            labels={"figure": "Verdicts (table)"},
        ),
    params:
        dataset=data(DATASET),
        features=FEATURES["candidate"],
        K=config["experiment"]["prototypes"],
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Give each reported statement its verdict"
    script:
        "../../scripts/judge_replication.py"


rule make_replication:
    input:
        data=data_files(DATASET),
        conventions=rules.judge_conventions.output.table,
        summary=rules.judge_conventions.output.summary,
        axes=rules.judge_axes.output.table,
        ledger=rules.judge_replication.output.ledger,
        trace=DESCRIBED["trace"],
        ends=DESCRIBED["limits"],
        limits=rules.compare_limits.output.ends,
        certainty=rules.compare_limits.output.certainty,
        speed=rules.compare_limits.output.speed,
        rates=rules.judge_rate_search.output.rates,
        proved="paper/literature_values.csv",
        claims=claims("replication"),
        original=ORIGINAL,
    output:
        verdicts="paper/generated/replication/verdicts.tex",
        limits="paper/generated/replication/limits.tex",
        certainty="paper/generated/replication/certainty.tex",
        conventions="paper/generated/replication/conventions.tex",
        readings="paper/generated/replication/readings.tex",
        numbers="paper/generated/replication/numbers.tex",
    params:
        dataset=data(DATASET),
        settings={
            key: config[key]
            for key in (
                "experiment",
                "candidate",
                "rate_search",
                "conventions",
                "resamples",
            )
        },
    message:
        "Make the tables and numbers of the replication"
    script:
        "../../scripts/make_replication.py"
