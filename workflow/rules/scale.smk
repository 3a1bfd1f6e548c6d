# How many passes over the patterns are worth making: excess on new patterns, predicted and measured.
rule measure_scale:
    output:
        sources="results/scale/sources.csv",
        modes="results/scale/modes.csv",
        excess="results/scale/excess.csv.gz",
        passes="results/scale/passes.csv",
    priority: 2
    params:
        datasets=[data(name) for name in config["scale"]["datasets"]],
        scale=config["scale"],
        seed=config["seed"],
    message:
        "Measure what passes over samples are worth on new patterns"
    script:
        "../../scripts/measure_scale.py"


rule judge_scale:
    input:
        sources=rules.measure_scale.output.sources,
        modes=rules.measure_scale.output.modes,
        excess=rules.measure_scale.output.excess,
        passes=rules.measure_scale.output.passes,
        predictions="config/scale_predictions.tsv",
    output:
        agreement="results/scale/agreement.csv",
        useful="results/scale/useful.csv",
        verdicts="results/scale/verdicts.csv",
    params:
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Hold what passes are worth against what was predicted"
    script:
        "../../scripts/judge_scale.py"


rule plot_scale:
    input:
        excess=rules.measure_scale.output.excess,
        passes=rules.measure_scale.output.passes,
        agreement=rules.judge_scale.output.agreement,
    output:
        figure=report(
            figure("scale/worth"),
            caption="../report/scale.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Passes that are worth making"},
        ),
    message:
        "Draw the excess on new patterns against passes"
    script:
        "../../scripts/plot_scale.py"


rule make_scale:
    input:
        sources=rules.measure_scale.output.sources,
        passes=rules.measure_scale.output.passes,
        agreement=rules.judge_scale.output.agreement,
        useful=rules.judge_scale.output.useful,
        verdicts=rules.judge_scale.output.verdicts,
    output:
        table="paper/generated/scale/predictions.tex",
        numbers="paper/generated/scale/numbers.tex",
    message:
        "Make the tables and numbers of the passes that are worth making"
    script:
        "../../scripts/make_scale.py"
