# Alternations over other hard choices on data: paths through states, regressions and subspaces.
from kmeans_convergence.studies.choices.run.sets import MODELS
from kmeans_convergence.studies.choices.run.soft import SOFT


def chosen(model):
    """Return the data sets of a model."""
    return config["choices"][MODELS[model].sets]


def chosen_rows(model):
    """Return the rows of the registry among them."""
    return {
        name: data(name) for name in chosen(model) if name not in MODELS[model].bundled
    }


def chosen_files(model):
    """Return the files that have to be there to read them."""
    return [file for name in chosen_rows(model) for file in data_files(name)]


# Of the section's settings, what each run needs.
EACH_CHOICE = {key: config["choices"][key] for key in ("passes", "starts", "tuning")}


wildcard_constraints:
    model=one_of(MODELS),


rule run_choices:
    input:
        data=lambda wildcards: chosen_files(wildcards.model),
    output:
        runs="results/choices/{model}/runs.csv.gz",
        tuning="results/choices/{model}/tuning.csv",
    priority: 1
    params:
        names=lambda wildcards: chosen(wildcards.model),
        described=lambda wildcards: chosen_rows(wildcards.model),
        choices=EACH_CHOICE,
        seed=config["seed"],
    message:
        "Compare optimizers on {wildcards.model}"
    script:
        "../../scripts/run_choices.py"


rule measure_soft:
    input:
        data=chosen_files(SOFT[0]),
    output:
        soft="results/choices/soft.csv",
    params:
        names=chosen(SOFT[0]),
        described=chosen_rows(SOFT[0]),
        choices=EACH_CHOICE,
        seed=config["seed"],
    message:
        "Compare Viterbi training with Baum and Welch's method"
    script:
        "../../scripts/measure_soft.py"


rule count_choices:
    output:
        steps="results/choices/steps.csv",
    params:
        largest=config["choices"]["largest"],
        starts=config["choices"]["starts"],
        seed=config["seed"],
    message:
        "Count the steps of other alternations"
    script:
        "../../scripts/count_choices.py"


rule judge_choices:
    input:
        runs=expand(rules.run_choices.output.runs, model=MODELS),
        tuning=expand(rules.run_choices.output.tuning, model=MODELS),
        soft=rules.measure_soft.output.soft,
        claims=claims("choices"),
    output:
        summary="results/choices/summary.csv",
        ledger="results/choices/ledger.csv",
    params:
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Judge other hard choices"
    script:
        "../../scripts/judge_choices.py"


rule plot_choices:
    input:
        summary=rules.judge_choices.output.summary,
        steps=rules.count_choices.output.steps,
        soft=rules.measure_soft.output.soft,
    output:
        figure=report(
            figure("choices/quality_speed"),
            caption="../report/choices.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Other hard choices on data"},
        ),
    message:
        "Draw other hard choices"
    script:
        "../../scripts/plot_choices.py"


rule make_choices:
    input:
        runs=expand(rules.run_choices.output.runs, model=MODELS),
        summary=rules.judge_choices.output.summary,
        ledger=rules.judge_choices.output.ledger,
        soft=rules.measure_soft.output.soft,
        steps=rules.count_choices.output.steps,
    output:
        optimizers="paper/generated/choices/optimizers.tex",
        ledger="paper/generated/choices/ledger.tex",
        numbers="paper/generated/choices/numbers.tex",
    message:
        "Make the tables and the numbers of other hard choices"
    script:
        "../../scripts/make_choices.py"
