# The first page: the figure that answers the question, and what identifies a build.

# The data set whose curves the first page shows: one that tells the story well, if it has been compared.
SHOWN = "wine" if "wine" in COMPARED else COMPARED[0]


rule plot_headline:
    input:
        curves=expand(rules.run_comparison.output.curves, compared=SHOWN),
        growth=rules.count_steps.output.growth,
    output:
        figure=report(
            figure("overview/headline"),
            caption="../report/headline.rst",
            category="6 The report",
            labels={"figure": "The answer in one figure"},
        ),
    message:
        "Draw the figure of the first page"
    script:
        "../../scripts/plot_headline.py"


rule judge_overview:
    input:
        kmeans=rules.judge_comparison.output.summary,
        mixtures=rules.judge_mixtures.output.summary,
        stress=rules.judge_embeddings.output.summary,
        kmeans_rates=rules.measure_contraction.output.rates,
        mixture_rates=rules.measure_em_rates.output.table,
        stress_rates=rules.measure_stress_rates.output.rates,
    output:
        rates="results/overview/rates.csv",
        objectives="results/overview/objectives.csv",
    params:
        passes=config["comparison"]["passes"],
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Put the objectives side by side"
    script:
        "../../scripts/judge_overview.py"


rule plot_overview:
    input:
        table=rules.judge_overview.output.rates,
    output:
        figure=report(
            figure("overview/rates"),
            caption="../report/overview_rates.rst",
            category="6 The report",
            labels={"figure": "Rates of all objectives"},
        ),
    message:
        "Draw the rates of all objectives"
    script:
        "../../scripts/plot_overview.py"


rule make_overview:
    input:
        objectives=rules.judge_overview.output.objectives,
    output:
        table="paper/generated/overview/objectives.tex",
        numbers="paper/generated/overview/numbers.tex",
    params:
        seed=config["seed"],
    message:
        "Make the table of all objectives and the numbers that identify a build"
    script:
        "../../scripts/make_overview.py"
