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


rule make_mixtures:
    input:
        datasets=rules.measure_mixture_rates.output.datasets,
    output:
        numbers="paper/generated/mixtures/numbers.tex",
    message:
        "Make the numbers of the rate of EM"
    script:
        "../../scripts/make_mixtures.py"
