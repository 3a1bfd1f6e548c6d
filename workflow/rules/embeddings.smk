# Maps from dissimilarities: alternation, gradient or one eigendecomposition?
EMBEDDED = config["embeddings"]["datasets"]


rule run_embeddings:
    input:
        data=[file for name in EMBEDDED for file in data_files(name)],
    output:
        runs="results/embeddings/runs.csv.gz",
        curves="results/embeddings/curves.csv.gz",
        tuning="results/embeddings/tuning.csv",
    # one of the longest jobs
    priority: 3
    params:
        datasets=[data(name) for name in EMBEDDED],
        embeddings=config["embeddings"],
        seed=config["seed"],
    message:
        "Run all optimizers on maps"
    script:
        "../../scripts/run_embeddings.py"


rule search_maps:
    input:
        data=[file for name in EMBEDDED for file in data_files(name)],
    output:
        minima="results/embeddings/minima.csv.gz",
        measures="results/embeddings/measures.csv",
        maps="results/embeddings/maps.csv",
        pairs="results/embeddings/pairs.csv",
    params:
        datasets=[data(name) for name in EMBEDDED],
        embeddings=config["embeddings"],
        seed=config["seed"],
    message:
        "Look for minima of stress"
    script:
        "../../scripts/search_maps.py"


rule measure_stress_rates:
    input:
        data=[file for name in EMBEDDED for file in data_files(name)],
    output:
        rates="results/embeddings/rates.csv",
        one_step="results/embeddings/one_step.csv",
    params:
        datasets=[data(name) for name in EMBEDDED],
        embeddings=config["embeddings"],
        seed=config["seed"],
    message:
        "Predict and measure the rate of SMACOF"
    script:
        "../../scripts/measure_stress_rates.py"


rule judge_embeddings:
    input:
        runs=rules.run_embeddings.output.runs,
        tuning=rules.run_embeddings.output.tuning,
        rates=rules.measure_stress_rates.output.rates,
        one_step=rules.measure_stress_rates.output.one_step,
        minima=rules.search_maps.output.minima,
        measures=rules.search_maps.output.measures,
        claims=claims("embeddings"),
    output:
        summary="results/embeddings/summary.csv",
        agreement="results/embeddings/agreement.csv",
        sets="results/embeddings/sets.csv",
        ledger="results/embeddings/ledger.csv",
    params:
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Judge optimizers of maps, and each claim about them"
    script:
        "../../scripts/judge_embeddings.py"


rule plot_embeddings:
    input:
        points=rules.search_maps.output.maps,
        pairs=rules.search_maps.output.pairs,
        curves=rules.run_embeddings.output.curves,
        table=rules.measure_stress_rates.output.rates,
        measures=rules.search_maps.output.measures,
    output:
        **{
            name: report(
                figure(f"embeddings/{name}"),
                caption=f"../report/embeddings_{name}.rst",
                category="1 Lloyd is a Newton step",
                labels={"figure": title},
            )
            for name, title in {
                "maps": "Maps side by side",
                "shepard": "Shepard diagrams",
                "convergence": "Optimizers of maps",
                "rates": "The rate of SMACOF",
            }.items()
        },
    message:
        "Draw maps and how they are found"
    script:
        "../../scripts/plot_embeddings.py"


rule make_embeddings:
    input:
        summary=rules.judge_embeddings.output.summary,
        agreement=rules.judge_embeddings.output.agreement,
        sets=rules.judge_embeddings.output.sets,
        ledger=rules.judge_embeddings.output.ledger,
        one_step=rules.measure_stress_rates.output.one_step,
        measures=rules.search_maps.output.measures,
    output:
        **{
            name: f"paper/generated/embeddings/{name}.tex"
            for name in ("main", "maps", "claims", "numbers")
        },
    params:
        embeddings=config["embeddings"],
    message:
        "Make the tables and the numbers of the section on maps"
    script:
        "../../scripts/make_embeddings.py"
