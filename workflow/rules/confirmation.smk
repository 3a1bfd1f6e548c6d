# A confirmation on fresh data: `snakemake confirmation --configfile config/confirmation.yaml`. It is no part of the
# study: it is run once, after predictions have been committed, and what it writes is committed as data. The study only
# shows that.
FRESH = all(data(name)["source"].startswith("fresh:") for name in COMPARED)
# A trial of the machinery on other sets leaves the committed results alone.
CONFIRMED = "confirmation" if FRESH else "results/confirmation"
SETS = [data(name) for name in COMPARED]


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
        predictions="config/predictions.tsv",
    output:
        commit="results/confirmation/commit.txt",
    # first of all
    priority: 10
    message:
        "See that predictions, protocol and code are committed"
    script:
        "../../scripts/check_confirmation.py"


use rule measure_contraction as confirm_contraction with:
    input:
        commit=rules.check_confirmation.output.commit,
    output:
        rates="results/confirmation/rates.csv",
        kernels="results/confirmation/kernels.csv",
    params:
        datasets=SETS,
    message:
        "Predict and measure rates of convergence on fresh data"


use rule measure_noise as confirm_noise with:
    input:
        commit=rules.check_confirmation.output.commit,
    output:
        excess="results/confirmation/excess.csv",
    params:
        datasets=SETS,
    message:
        "Predict and measure the noise of online methods on fresh data"


use rule measure_acceleration as confirm_acceleration with:
    input:
        commit=rules.check_confirmation.output.commit,
    output:
        runs="results/confirmation/accelerated.csv.gz",
    params:
        datasets=SETS,
    message:
        "Run methods that make batch K-means faster on fresh data"


rule score_confirmation:
    input:
        commit=rules.check_confirmation.output.commit,
        predictions="config/predictions.tsv",
        runs=expand(rules.run_comparison.output.runs, compared=COMPARED),
        tuning=expand(rules.run_comparison.output.tuning, compared=COMPARED),
        sets=rules.collect_datasets.output.datasets,
        accelerated=rules.confirm_acceleration.output.runs,
        rates=rules.confirm_contraction.output.rates,
        excess=rules.confirm_noise.output.excess,
    output:
        scores=f"{CONFIRMED}/scores.csv",
        summary=f"{CONFIRMED}/summary.csv",
        provenance=f"{CONFIRMED}/provenance.json",
    params:
        datasets=SETS,
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Hold the predictions against what was measured"
    script:
        "../../scripts/score_confirmation.py"


rule make_confirmation:
    input:
        # there once the confirmation has been run; committed as data
        scores=[file for file in ("confirmation/scores.csv",) if Path(file).exists()],
    output:
        table="paper/generated/confirmation/predictions.tex",
        counts="paper/generated/confirmation/numbers.tex",
    message:
        "Make the table of the predictions for fresh data"
    script:
        "../../scripts/make_confirmation.py"
