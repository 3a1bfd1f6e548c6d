# A confirmation on fresh data: `snakemake confirmation --configfile config/confirmation.yaml`. It is no part of the
# study: it is run once, after predictions have been committed, and what it writes is committed as data.
FRESH = all(data(name)["source"].startswith("fresh:") for name in COMPARED)
# A trial of the machinery on other sets leaves the committed results alone.
CONFIRMED = "confirmation" if FRESH else "results/confirmation"
DESCRIBED = [data(name) for name in COMPARED]


localrules:
    confirmation,


rule confirmation:
    input:
        expand(
            "{folder}/{file}",
            folder=CONFIRMED,
            file=["scores.csv", "summary.csv", "provenance.json"],
        ),
    message:
        "The predictions have been scored"


rule check_confirmation:
    input:
        code=code("scripts/check_confirmation.py"),
        predictions="config/predictions.tsv",
    output:
        commit="results/confirmation/commit.txt",
    log:
        "logs/check_confirmation.log",
    benchmark:
        "logs/times/check_confirmation.tsv"
    # first of all
    priority: 10
    threads: 1
    message:
        "See that predictions, protocol and code are committed"
    script:
        "../../scripts/check_confirmation.py"


use rule measure_contraction as confirm_contraction with:
    input:
        code=code("scripts/measure_contraction.py"),
        commit="results/confirmation/commit.txt",
    output:
        rates="results/confirmation/rates.csv",
        agreement="results/confirmation/agreement.csv",
        kernels="results/confirmation/kernels.csv",
    log:
        "logs/confirm_contraction.log",
    benchmark:
        "logs/times/confirm_contraction.tsv"
    params:
        datasets=DESCRIBED,
        seed=config["seed"],
        largest=config["contraction"]["largest"],
        resamples=config["resamples"],
    message:
        "Predict and measure rates of convergence on fresh data"


use rule measure_noise as confirm_noise with:
    input:
        code=code("scripts/measure_noise.py"),
        commit="results/confirmation/commit.txt",
    output:
        excess="results/confirmation/excess.csv",
        agreement="results/confirmation/noise.csv",
    log:
        "logs/confirm_noise.log",
    benchmark:
        "logs/times/confirm_noise.tsv"
    params:
        datasets=DESCRIBED,
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Predict and measure the noise of online methods on fresh data"


use rule measure_acceleration as confirm_acceleration with:
    input:
        code=code("scripts/measure_acceleration.py"),
        commit="results/confirmation/commit.txt",
    output:
        runs="results/confirmation/accelerated.csv.gz",
        problems="results/confirmation/problems.csv",
        summary="results/confirmation/accelerated.csv",
    log:
        "logs/confirm_acceleration.log",
    benchmark:
        "logs/times/confirm_acceleration.tsv"
    params:
        datasets=DESCRIBED,
        acceleration=config["acceleration"],
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Run methods that make batch K-means faster on fresh data"


rule score_confirmation:
    input:
        code=code("scripts/score_confirmation.py"),
        commit=["results/confirmation/commit.txt"],
        predictions=["config/predictions.tsv"],
        runs=expand("results/comparison/{name}/runs.csv.gz", name=COMPARED),
        tuning=expand("results/comparison/{name}/tuning.csv", name=COMPARED),
        datasets=["results/comparison/datasets.csv"],
        accelerated=["results/confirmation/accelerated.csv.gz"],
        rates=["results/confirmation/rates.csv"],
        excess=["results/confirmation/excess.csv"],
    output:
        scores=f"{CONFIRMED}/scores.csv",
        summary=f"{CONFIRMED}/summary.csv",
        provenance=f"{CONFIRMED}/provenance.json",
    log:
        "logs/score_confirmation.log",
    benchmark:
        "logs/times/score_confirmation.tsv"
    threads: 1
    params:
        datasets=DESCRIBED,
        seed=config["seed"],
        repeats=config["comparison"]["resamples"],
    message:
        "Hold the predictions against what was measured"
    script:
        "../../scripts/score_confirmation.py"
