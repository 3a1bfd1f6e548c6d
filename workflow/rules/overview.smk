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


rule make_overview:
    output:
        numbers="paper/generated/overview/numbers.tex",
    params:
        seed=config["seed"],
    message:
        "Make the numbers that identify a build"
    script:
        "../../scripts/make_overview.py"
