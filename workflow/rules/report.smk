# Tables, numbers, notebooks and the PDF. Nothing of it is made from results that break an invariant.
RESULTS = {
    "derivation": "results/derivation/steps.csv",
    "theorems": "results/derivation/theorems.csv",
    "conventions": "results/replication/conventions.csv",
    "summary": "results/replication/conventions_summary.csv",
    "axes": "results/replication/conventions_axes.csv",
    "verdicts": "results/replication/verdicts.csv",
    "trace": "results/replication/experiment/described/trace.csv.gz",
    "ends": "results/replication/experiment/described/limits.csv.gz",
    "limits": "results/replication/limits.csv",
    "certainty": "results/replication/certainty.csv",
    "speed": "results/replication/speed.csv",
    "rates": "results/replication/rates.csv",
    "mixture_datasets": "results/mixtures/datasets.csv",
    "first_steps": "results/comparison/first_steps.csv",
    "noise": "results/rates/noise/excess.csv",
    "noise_agreement": "results/rates/noise/agreement.csv",
    "contraction_agreement": "results/rates/contraction/agreement.csv",
}
CANDIDATE = [
    "results/replication/experiment/candidate/trace.csv.gz",
    "results/replication/experiment/candidate/limits.csv.gz",
]


# What all tests of results use.
TESTED = [
    "tests/results/conftest.py",
    "tests/results/holding.py",
    *code("tests/results/conftest.py"),
]


rule check_results:
    input:
        code=[
            *code("scripts/check_results.py"),
            *TESTED,
            *code("tests/results/test_invariants.py"),
            *code("tests/results/test_rates.py"),
        ],
        tests=["tests/results/test_invariants.py", "tests/results/test_rates.py"],
        results=RESULTS.values(),
        candidate=CANDIDATE,
        claims=expand("results/replication/claims/{name}.csv", name=FEATURES),
        conventions=expand(
            "results/replication/conventions/{name}.{suffix}",
            name=[*config["conventions"]["variants"], "drawn"],
            suffix=["csv", "npy"],
        ),
        datasets="results/comparison/datasets.csv",
        comparison=expand(
            "results/comparison/{name}/{table}",
            name=COMPARED,
            table=["runs.csv.gz", "curves.csv.gz", "tuning.csv", "dataset.csv"],
        ),
        rates=[
            *rules.measure_contraction.output,
            *rules.count_steps.output,
            *rules.measure_mixture_rates.output,
            *rules.measure_noise.output,
            *rules.run_size.output,
            *rules.measure_acceleration.output,
        ],
        registry=REGISTRY,
        proved="paper/literature_values.csv",
    output:
        passed="results/checked.txt",
    log:
        "logs/check_results.log",
    benchmark:
        "logs/times/check_results.tsv"
    threads: 1
    params:
        config=config,
    message:
        "Test the invariants of the results"
    script:
        "../../scripts/check_results.py"


# Apart, because notebooks need not wait for the verdicts, which come last.
use rule check_results as check_verdicts with:
    input:
        code=[
            *code("scripts/check_results.py"),
            *TESTED,
            *code("tests/results/test_verdicts.py"),
        ],
        tests=["tests/results/test_verdicts.py"],
        verdicts=rules.judge_comparison.output,
        goals=rules.report_acceleration.output.judged,
        datasets="results/comparison/datasets.csv",
        samples="results/comparison/size_runs.csv",
        registry=REGISTRY,
        claims="paper/claims.tsv",
        predictions="config/predictions.tsv",
        confirmation=sorted(map(str, Path("confirmation").glob("*"))),
    output:
        passed="results/checked_verdicts.txt",
    log:
        "logs/check_verdicts.log",
    benchmark:
        "logs/times/check_verdicts.tsv"
    message:
        "Test the invariants of the verdicts"


rule make_tables:
    input:
        code=code("scripts/make_tables.py"),
        derivation=RESULTS["derivation"],
        theorems=RESULTS["theorems"],
        verdicts=RESULTS["verdicts"],
        limits=RESULTS["limits"],
        certainty=RESULTS["certainty"],
        conventions=RESULTS["axes"],
        noise_agreement=RESULTS["noise_agreement"],
        contraction_agreement=RESULTS["contraction_agreement"],
    output:
        derivation="paper/generated/tables/derivation.tex",
        theorems="paper/generated/tables/theorems.tex",
        verdicts="paper/generated/tables/verdicts.tex",
        limits="paper/generated/tables/limits.tex",
        certainty="paper/generated/tables/certainty.tex",
        conventions="paper/generated/tables/conventions.tex",
        readings="paper/generated/tables/readings.tex",
        noise_agreement="paper/generated/tables/noise_agreement.tex",
        contraction_agreement="paper/generated/tables/contraction_agreement.tex",
    log:
        "logs/make_tables.log",
    benchmark:
        "logs/times/make_tables.tsv"
    threads: 1
    message:
        "Make the tables of the report"
    script:
        "../../scripts/make_tables.py"


rule make_protocol:
    input:
        code=code("scripts/make_protocol.py"),
        history="config/protocol.tsv",
        # there once the confirmation has been run; committed as data
        scores=[file for file in ("confirmation/scores.csv",) if Path(file).exists()],
    output:
        history="paper/generated/tables/history.tex",
        predictions="paper/generated/tables/predictions.tex",
        counts="paper/generated/confirmation.tex",
    log:
        "logs/make_protocol.log",
    benchmark:
        "logs/times/make_protocol.tsv"
    threads: 1
    message:
        "Make the tables of the protocol and of the predictions"
    script:
        "../../scripts/make_protocol.py"


rule make_numbers:
    input:
        **RESULTS,
        proved="paper/literature_values.csv",
        original="paper/original_values.csv",
        code=code("scripts/make_numbers.py"),
        data=data_files(DATASET),
    output:
        numbers="paper/generated/numbers.tex",
    log:
        "logs/make_numbers.log",
    benchmark:
        "logs/times/make_numbers.tsv"
    threads: 1
    params:
        dataset=data(DATASET),
        config=config,
    message:
        "Make the numbers of the prose"
    script:
        "../../scripts/make_numbers.py"


rule execute_notebook:
    input:
        code=code("scripts/execute_notebook.py"),
        library=lambda wildcards: code(f"notebooks/{wildcards.notebook}.ipynb"),
        checked="results/checked.txt",
        notebook="notebooks/{notebook}.ipynb",
        results=[*RESULTS.values(), *CANDIDATE],
        original="paper/original_values.csv",
        datasets="config/datasets.tsv",
    output:
        html=report(
            "notebooks/html/{notebook}.html",
            caption="../report/notebook.rst",
            category="4 Notebooks",
            labels={"figure": "{notebook}"},
        ),
    log:
        "logs/execute_notebook_{notebook}.log",
    benchmark:
        "logs/times/execute_notebook_{notebook}.tsv"
    threads: 1
    message:
        "Execute the notebook {wildcards.notebook}"
    script:
        "../../scripts/execute_notebook.py"


rule build_report:
    input:
        code=code("scripts/build_report.py"),
        checked=["results/checked.txt", "results/checked_verdicts.txt"],
        source="paper/report.tex",
        bibliography="paper/references.bib",
        numbers="paper/generated/numbers.tex",
        tables=[
            *rules.make_tables.output,
            *rules.make_comparison.output,
            *rules.make_protocol.output,
            *rules.report_acceleration.output.ratios,
            *rules.report_acceleration.output.goals,
        ],
        figures=[
            f"figures/{name}.pdf"
            for name in [
                *FIGURES,
                *(f"comparison_{name}" for name in COMPARISON),
                "headline",
                "contraction_predicted",
                "contraction_growth",
                "contraction_kernels",
                "acceleration",
                "first_steps",
                "mixture_predicted",
                "mixture_limit",
                "noise",
            ]
        ],
    output:
        pdf=report(
            "paper/report.pdf",
            caption="../report/report.rst",
            category="6 The report",
            labels={"figure": "The article (PDF)"},
        ),
    log:
        "logs/build_report.log",
    benchmark:
        "logs/times/build_report.tsv"
    threads: 1
    message:
        "Typeset the report"
    script:
        "../../scripts/build_report.py"
