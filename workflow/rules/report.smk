# Tables, numbers, notebooks and the PDF. Nothing of it is made from results that break an invariant.
RESULTS = {
    "derivation": "results/derivation.csv",
    "theorems": "results/theorems.csv",
    "conventions": "results/conventions.csv",
    "summary": "results/conventions_summary.csv",
    "axes": "results/conventions_axes.csv",
    "verdicts": "results/verdicts.csv",
    "trace": "results/experiment/described/trace.csv.gz",
    "ends": "results/experiment/described/limits.csv.gz",
    "limits": "results/limits.csv",
    "certainty": "results/certainty.csv",
    "speed": "results/speed.csv",
    "rates": "results/rates.csv",
    "mixture_datasets": "results/mixture/datasets.csv",
    "first_steps": "results/first_steps.csv",
    "noise": "results/noise/excess.csv",
    "noise_agreement": "results/noise/agreement.csv",
    "contraction_agreement": "results/contraction/agreement.csv",
}
CANDIDATE = [
    "results/experiment/candidate/trace.csv.gz",
    "results/experiment/candidate/limits.csv.gz",
]


rule check_results:
    input:
        code=code("scripts/check_results.py"),
        tests=sorted(map(str, Path("tests/results").glob("*.py"))),
        results=RESULTS.values(),
        candidate=CANDIDATE,
        datasets="results/comparison/datasets.csv",
        alternations=rules.measure_alternations.output,
        comparison=expand(
            "results/comparison/{name}/{table}",
            name=COMPARED,
            table=["runs.csv.gz", "curves.csv.gz", "tuning.csv"],
        ),
        proved="paper/literature_values.csv",
    output:
        passed="results/checked.txt",
    log:
        "logs/check_results.log",
    benchmark:
        "logs/times/check_results.tsv"
    threads: 1
    message:
        "Test the invariants of the results"
    script:
        "../../scripts/check_results.py"


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
        checked="results/checked.txt",
        source="paper/report.tex",
        sections=sorted(map(str, Path("paper/sections").glob("*.tex"))),
        bibliography="paper/references.bib",
        numbers="paper/generated/numbers.tex",
        tables=[
            *rules.make_tables.output,
            *rules.make_comparison.output,
            *rules.make_protocol.output,
            *rules.report_acceleration.output.ratios,
            *rules.report_acceleration.output.goals,
            rules.report_alternations.output.examples,
            rules.report_alternations.output.prose,
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
                "alternations",
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
