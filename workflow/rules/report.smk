# Notebooks and the PDF, from what the studies make. Nothing of it is made from results that break an invariant.
RESULTS, FIGURES, GENERATED = results(), made_by("plot_"), made_by("make_")


# What all tests of results use.
LOOKING = [
    "tests/results/conftest.py",
    "tests/results/holding.py",
    *code("tests/results/conftest.py"),
]
TESTED = [
    f"tests/results/test_{about}.py"
    for about in (
        "invariants",
        "rates",
        "alternations",
        "embeddings",
        "choices",
        "mixtures",
        "scale",
        "breakdown",
    )
]
# What comes last: notebooks need not wait for it.
LAST = [
    *rules.judge_comparison.output,
    rules.judge_acceleration.output.goals,
    *rules.judge_overview.output,
]
TESTED_LAST = ["tests/results/test_verdicts.py", "tests/results/test_overview.py"]


rule check_results:
    input:
        library=LOOKING + [module for file in TESTED for module in code(file)],
        tests=TESTED,
        results=[file for file in RESULTS if file not in LAST],
        registry=REGISTRY,
        claims=[
            claims("replication"),
            claims("embeddings"),
            claims("choices"),
            claims("mixtures"),
        ],
        proved="paper/literature_values.csv",
    output:
        passed="results/checked.txt",
    params:
        config=config,
    message:
        "Test the invariants of the results"
    script:
        "../../scripts/check_results.py"


use rule check_results as check_verdicts with:
    input:
        library=LOOKING + [module for file in TESTED_LAST for module in code(file)],
        tests=TESTED_LAST,
        results=[
            *LAST,
            rules.judge_mixtures.output.summary,
            rules.judge_embeddings.output.summary,
        ],
        datasets=rules.collect_datasets.output.datasets,
        samples=rules.run_size.output.runs,
        thresholds=rules.measure_thresholds.output.table,
        registry=REGISTRY,
        claims=claims("comparison"),
        predictions="config/predictions.tsv",
        confirmation=sorted(map(str, Path("confirmation").glob("*"))),
    output:
        passed="results/checked_verdicts.txt",
    message:
        "Test the invariants of the verdicts"


rule execute_notebook:
    input:
        library=lambda wildcards: code(f"notebooks/{wildcards.notebook}.ipynb"),
        checked=rules.check_results.output.passed,
        source="notebooks/{notebook}.ipynb",
        # a notebook shows the study of its name
        results=lambda wildcards: [
            file
            for file in RESULTS
            if file.startswith(f"results/{wildcards.notebook}/")
        ],
        original=ORIGINAL,
        claims=claims("replication"),
        datasets="config/datasets.tsv",
    output:
        html=report(
            "notebooks/html/{notebook}.html",
            caption="../report/notebook.rst",
            category="4 Notebooks",
            labels={"figure": "{notebook}"},
        ),
    message:
        "Execute the notebook {wildcards.notebook}"
    script:
        "../../scripts/execute_notebook.py"


rule build_report:
    input:
        checked=[rules.check_results.output.passed, rules.check_verdicts.output.passed],
        source="paper/report.tex",
        sections=sorted(map(str, Path("paper/sections").glob("*.tex"))),
        bibliography="paper/references.bib",
        generated=GENERATED,
        figures=[file for file in FIGURES if file.endswith(".pdf")],
    output:
        pdf=report(
            "paper/report.pdf",
            caption="../report/report.rst",
            category="6 The report",
            labels={"figure": "The article (PDF)"},
        ),
    message:
        "Typeset the report"
    script:
        "../../scripts/build_report.py"


def everything():
    """Return all targets; without LaTeX all but the PDF."""
    targets = [
        *RESULTS,
        rules.check_results.output.passed,
        rules.check_verdicts.output.passed,
        *expand(rules.execute_notebook.output.html, notebook=NOTEBOOKS),
        *FIGURES,
        *GENERATED,
    ]
    if shutil.which("pdflatex") and shutil.which("bibtex"):
        return [*targets, rules.build_report.output.pdf]
    logger.warning(
        "There is no LaTeX, so everything but the PDF is made: tools/get_latex.sh gets it."
    )
    return targets
