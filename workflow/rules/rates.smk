# When is batch K-means Newton's method? Predicted rates of convergence and noise against measured ones, and methods that
# are faster: on the sets that need no download.
CONTRACTED = [
    name
    for name in COMPARED
    if data(name)["source"].startswith(("bundled", "synthetic"))
    # patches have very many features
    and data(name)["kind"] != "patches"
]


rule measure_contraction:
    output:
        rates="results/rates/contraction/rates.csv",
        kernels="results/rates/contraction/kernels.csv",
    # one of the longest jobs
    priority: 3
    params:
        datasets=[data(name) for name in CONTRACTED],
        seed=config["seed"],
        largest=config["contraction"]["largest"],
    message:
        "Predict and measure rates of convergence"
    script:
        "../../scripts/measure_contraction.py"


rule judge_contraction:
    input:
        rates=rules.measure_contraction.output.rates,
    output:
        agreement="results/rates/contraction/agreement.csv",
    params:
        seed=config["seed"],
        resamples=config["resamples"],
    message:
        "Compare predicted and measured rates of convergence"
    script:
        "../../scripts/judge_contraction.py"


rule count_steps:
    output:
        growth="results/rates/contraction/growth.csv",
    priority: 3
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
        rates=rules.measure_contraction.output.rates,
        agreement=rules.judge_contraction.output.agreement,
        growth=rules.count_steps.output.growth,
        kernels=rules.measure_contraction.output.kernels,
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
    params:
        widths={"batch_kmeans": 0.1, "lloyd_steps": 0.05, "gradient_nmax": 0.0},
    message:
        "Draw predicted and measured rates"
    script:
        "../../scripts/plot_contraction.py"


rule measure_noise:
    output:
        excess="results/rates/noise/excess.csv",
    params:
        datasets=[data(name) for name in CONTRACTED],
        seed=config["seed"],
    message:
        "Predict and measure the noise of online methods"
    script:
        "../../scripts/measure_noise.py"


rule judge_noise:
    input:
        excess=rules.measure_noise.output.excess,
    output:
        agreement="results/rates/noise/agreement.csv",
    params:
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Compare predicted and measured noise"
    script:
        "../../scripts/judge_noise.py"


rule plot_noise:
    input:
        excess=rules.measure_noise.output.excess,
    output:
        figure=report(
            figure("rates/noise"),
            caption="../report/noise.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "The noise of online methods"},
        ),
    message:
        "Draw the noise of online methods"
    script:
        "../../scripts/plot_noise.py"


rule measure_acceleration:
    output:
        runs="results/rates/acceleration/runs.csv.gz",
    # one of the longest jobs
    priority: 3
    params:
        datasets=[data(name) for name in CONTRACTED],
        acceleration=config["acceleration"],
        seed=config["seed"],
    message:
        "Run methods that make batch K-means faster on larger samples"
    script:
        "../../scripts/measure_acceleration.py"


rule judge_acceleration:
    input:
        runs=rules.measure_acceleration.output.runs,
        compared=expand(rules.run_comparison.output.runs, compared=COMPARED),
    output:
        problems="results/rates/acceleration/problems.csv",
        summary="results/rates/acceleration/summary.csv",
        goals="results/rates/acceleration/goals.csv",
    params:
        datasets=[data(name) for name in CONTRACTED],
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Judge methods that make batch K-means faster"
    script:
        "../../scripts/judge_acceleration.py"


rule plot_acceleration:
    input:
        problems=rules.judge_acceleration.output.problems,
    output:
        figure=report(
            figure("rates/acceleration"),
            caption="../report/acceleration.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Faster than Lloyd"},
        ),
    message:
        "Draw methods that make batch K-means faster"
    script:
        "../../scripts/plot_acceleration.py"


rule make_rates:
    input:
        rates=rules.judge_contraction.output.agreement,
        excess=rules.measure_noise.output.excess,
        scatter=rules.judge_noise.output.agreement,
        summary=rules.judge_acceleration.output.summary,
        goals=rules.judge_acceleration.output.goals,
    output:
        contraction_agreement="paper/generated/rates/contraction_agreement.tex",
        noise_agreement="paper/generated/rates/noise_agreement.tex",
        acceleration_ratios="paper/generated/rates/acceleration_ratios.tex",
        acceleration_goals="paper/generated/rates/acceleration_goals.tex",
        numbers="paper/generated/rates/numbers.tex",
    params:
        acceleration=config["acceleration"],
    message:
        "Make the tables and numbers of rates, noise and acceleration"
    script:
        "../../scripts/make_rates.py"
