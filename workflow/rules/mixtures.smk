# The rate of EM on mixtures of Gaussians.
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


rule plot_mixture_rates:
    input:
        separations=rules.measure_mixture_rates.output.separations,
        datasets=rules.measure_mixture_rates.output.datasets,
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


rule make_mixtures:
    input:
        datasets=rules.measure_mixture_rates.output.datasets,
        accelerated=rules.judge_accelerated_em.output.summary,
    output:
        numbers="paper/generated/mixtures/numbers.tex",
        table="paper/generated/mixtures/accelerated_em.tex",
    message:
        "Make the numbers of the rate of EM"
    script:
        "../../scripts/make_mixtures.py"
