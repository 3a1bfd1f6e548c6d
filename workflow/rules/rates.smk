# Predicted rates of convergence against measured ones, on the sets that need no download.
CONTRACTED = [
    name
    for name in COMPARED
    if data(name)["source"].startswith(("bundled", "synthetic"))
    # patches have very many features
    and data(name)["kind"] != "patches"
]


rule measure_contraction:
    input:
        code=code("scripts/measure_contraction.py"),
    output:
        rates="results/rates/contraction/rates.csv",
        agreement="results/rates/contraction/agreement.csv",
        kernels="results/rates/contraction/kernels.csv",
    log:
        "logs/measure_contraction.log",
    benchmark:
        "logs/times/measure_contraction.tsv"
    # one of the longest jobs
    priority: 3
    threads: 1
    params:
        datasets=[data(name) for name in CONTRACTED],
        seed=config["seed"],
        largest=config["contraction"]["largest"],
        resamples=config["resamples"],
    message:
        "Predict and measure rates of convergence"
    script:
        "../../scripts/measure_contraction.py"


rule count_steps:
    input:
        code=code("scripts/count_steps.py"),
    output:
        growth="results/rates/contraction/growth.csv",
    log:
        "logs/count_steps.log",
    benchmark:
        "logs/times/count_steps.tsv"
    priority: 3
    threads: 1
    params:
        large=[data(name) for name in ("retina_px", "hubble_px", "china_px")],
        seed=config["seed"],
        largest=config["contraction"]["largest"],
    message:
        "Count Lloyd's steps against the size of a sample"
    script:
        "../../scripts/count_steps.py"


rule plot_contraction:
    input:
        code=code("scripts/plot_contraction.py"),
        rates="results/rates/contraction/rates.csv",
        agreement="results/rates/contraction/agreement.csv",
        growth="results/rates/contraction/growth.csv",
        kernels="results/rates/contraction/kernels.csv",
    output:
        predicted=report(
            figure("rates/contraction_predicted"),
            caption="../report/contraction_predicted.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Predicted and measured rates"},
        ),
        finite_sample=report(
            figure("rates/contraction_growth"),
            caption="../report/contraction_growth.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Finite sample and population"},
        ),
        kernels=report(
            figure("rates/contraction_kernels"),
            caption="../report/contraction_kernels.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Width of the kernel"},
        ),
    log:
        "logs/plot_contraction.log",
    benchmark:
        "logs/times/plot_contraction.tsv"
    threads: 1
    params:
        widths={"batch_kmeans": 0.1, "lloyd_steps": 0.05, "gradient_nmax": 0.0},
    message:
        "Draw predicted and measured rates"
    script:
        "../../scripts/plot_contraction.py"


# The data set whose curves the first page shows: one that tells the story well, if it has been compared.
SHOWN = "wine" if "wine" in COMPARED else COMPARED[0]


rule plot_headline:
    input:
        code=code("scripts/plot_headline.py"),
        curves=f"results/comparison/{SHOWN}/curves.csv.gz",
        growth="results/rates/contraction/growth.csv",
    output:
        figure=report(
            figure("overview/headline"),
            caption="../report/headline.rst",
            category="6 The report",
            labels={"figure": "The answer in one figure"},
        ),
    log:
        "logs/plot_headline.log",
    benchmark:
        "logs/times/plot_headline.tsv"
    threads: 1
    message:
        "Draw the figure of the first page"
    script:
        "../../scripts/plot_headline.py"


rule measure_mixture_rates:
    input:
        code=code("scripts/measure_mixture_rates.py"),
    output:
        separations="results/mixtures/separations.csv",
        datasets="results/mixtures/datasets.csv",
        deviations="results/mixtures/deviations.csv",
    log:
        "logs/measure_mixture_rates.log",
    benchmark:
        "logs/times/measure_mixture_rates.tsv"
    threads: 1
    params:
        datasets=[data(name) for name in CONTRACTED],
        seed=config["seed"],
    message:
        "Predict and measure the rate of EM"
    script:
        "../../scripts/measure_mixture_rates.py"


rule plot_mixture_rates:
    input:
        code=code("scripts/plot_mixture_rates.py"),
        separations="results/mixtures/separations.csv",
        datasets="results/mixtures/datasets.csv",
        deviations="results/mixtures/deviations.csv",
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
    log:
        "logs/plot_mixture_rates.log",
    benchmark:
        "logs/times/plot_mixture_rates.tsv"
    threads: 1
    message:
        "Draw the rate of EM"
    script:
        "../../scripts/plot_mixture_rates.py"


rule measure_noise:
    input:
        code=code("scripts/measure_noise.py"),
    output:
        excess="results/rates/noise/excess.csv",
        agreement="results/rates/noise/agreement.csv",
    log:
        "logs/measure_noise.log",
    benchmark:
        "logs/times/measure_noise.tsv"
    threads: 1
    params:
        datasets=[data(name) for name in CONTRACTED],
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Predict and measure the noise of online methods"
    script:
        "../../scripts/measure_noise.py"


rule plot_noise:
    input:
        code=code("scripts/plot_noise.py"),
        excess="results/rates/noise/excess.csv",
    output:
        figure=report(
            figure("rates/noise"),
            caption="../report/noise.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "The noise of online methods"},
        ),
    log:
        "logs/plot_noise.log",
    benchmark:
        "logs/times/plot_noise.tsv"
    threads: 1
    message:
        "Draw the noise of online methods"
    script:
        "../../scripts/plot_noise.py"


rule measure_acceleration:
    input:
        code=code("scripts/measure_acceleration.py"),
    output:
        runs="results/rates/acceleration/runs.csv.gz",
        problems="results/rates/acceleration/problems.csv",
        summary="results/rates/acceleration/summary.csv",
    log:
        "logs/measure_acceleration.log",
    benchmark:
        "logs/times/measure_acceleration.tsv"
    # one of the longest jobs
    priority: 3
    threads: 1
    params:
        datasets=[data(name) for name in CONTRACTED],
        acceleration=config["acceleration"],
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Run methods that make batch K-means faster on larger samples"
    script:
        "../../scripts/measure_acceleration.py"


rule report_acceleration:
    input:
        code=code("scripts/report_acceleration.py"),
        problems="results/rates/acceleration/problems.csv",
        summary="results/rates/acceleration/summary.csv",
        compared=expand("results/comparison/{name}/runs.csv.gz", name=COMPARED),
    output:
        judged=["results/rates/acceleration/goals.csv"],
        figure=report(
            figure("rates/acceleration"),
            caption="../report/acceleration.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Faster than Lloyd"},
        ),
        ratios=["paper/generated/tables/acceleration_ratios.tex"],
        goals=["paper/generated/tables/acceleration_goals.tex"],
    log:
        "logs/report_acceleration.log",
    benchmark:
        "logs/times/report_acceleration.tsv"
    threads: 1
    params:
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Judge, draw and tabulate methods that make batch K-means faster"
    script:
        "../../scripts/report_acceleration.py"
