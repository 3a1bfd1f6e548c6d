# The performance supplement: wall-clock times, so it is no part of `all`, and nothing runs beside a measurement.
from kmeans_convergence.performance.shapes import REMEMBERED, SHAPES

PERFORMANCE = config["performance"]
MEASURED = {
    name: f"results/performance/{name}.csv"
    for name in ("runs", "passes", "profile", "memory", "remembering", "verdicts")
}
TABLES = [
    "machine",
    "shapes",
    "methods",
    "runs_small",
    "runs_large",
    "passes",
    "profile",
    "growth",
    "memory",
    "remembering",
    "targets",
]
# more than there are: a job gets all that Snakemake may use
ALL_CORES = 1024


wildcard_constraints:
    shape=one_of(SHAPES),


localrules:
    performance,


rule performance:
    input:
        "paper/performance.pdf",
    message:
        "The supplement is paper/performance.pdf"


rule measure_performance:
    input:
        code=code("scripts/measure_performance.py"),
    output:
        runs="results/performance/{shape}/runs.csv",
        passes="results/performance/{shape}/passes.csv",
        profile="results/performance/{shape}/profile.csv",
        memory="results/performance/{shape}/memory.csv",
    log:
        "logs/measure_performance_{shape}.log",
    threads: ALL_CORES
    params:
        seed=config["seed"],
        share=PERFORMANCE["share"],
        rounds=PERFORMANCE["rounds"],
        threads=PERFORMANCE["threads"],
    message:
        "Time Lloyd to the end, single passes and memory ({wildcards.shape})"
    script:
        "../../scripts/measure_performance.py"


rule measure_growth:
    input:
        code=code("scripts/measure_growth.py"),
    output:
        growth="results/performance/growth.csv",
        machine="results/performance/machine.csv",
    log:
        "logs/measure_growth.log",
    threads: ALL_CORES
    params:
        seed=config["seed"],
        share=PERFORMANCE["share"],
        threads=PERFORMANCE["threads"],
    message:
        "Time passes of growing size"
    script:
        "../../scripts/measure_growth.py"


rule measure_remembering:
    input:
        code=code("scripts/measure_remembering.py"),
    output:
        remembering="results/performance/{shape}/remembering.csv",
    log:
        "logs/measure_remembering_{shape}.log",
    threads: ALL_CORES
    params:
        seed=config["seed"],
        share=PERFORMANCE["share"],
        rounds=PERFORMANCE["rounds"],
        threads=PERFORMANCE["threads"],
    message:
        "Time runs with and without remembering passes ({wildcards.shape})"
    script:
        "../../scripts/measure_remembering.py"


rule measure_accelerated:
    input:
        code=code("scripts/measure_accelerated.py"),
    output:
        results="results/performance/accelerated.csv",
        table="paper/generated/performance_accelerated.tex",
    log:
        "logs/measure_accelerated.log",
    threads: ALL_CORES
    params:
        seed=config["seed"],
        share=PERFORMANCE["share"],
        rounds=PERFORMANCE["rounds"],
        threads=PERFORMANCE["threads"],
    message:
        "Time methods that make Lloyd's algorithm faster"
    script:
        "../../scripts/measure_accelerated.py"


rule judge_performance:
    input:
        code=code("scripts/judge_performance.py"),
        runs=expand("results/performance/{shape}/runs.csv", shape=SHAPES),
        passes=expand("results/performance/{shape}/passes.csv", shape=SHAPES),
        profile=expand("results/performance/{shape}/profile.csv", shape=SHAPES),
        memory=expand("results/performance/{shape}/memory.csv", shape=SHAPES),
        remembering=expand(
            "results/performance/{shape}/remembering.csv", shape=REMEMBERED
        ),
        accelerated="results/performance/accelerated.csv",
    output:
        **MEASURED,
    log:
        "logs/judge_performance.log",
    threads: ALL_CORES
    message:
        "Give each target its verdict"
    script:
        "../../scripts/judge_performance.py"


rule report_performance:
    input:
        **MEASURED,
        growth="results/performance/growth.csv",
        machine="results/performance/machine.csv",
        code=code("scripts/report_performance.py"),
    output:
        **{name: f"paper/generated/performance_{name}.tex" for name in TABLES},
        numbers="paper/generated/performance_numbers.tex",
    log:
        "logs/report_performance.log",
    threads: ALL_CORES
    params:
        share=PERFORMANCE["share"],
        threads=PERFORMANCE["threads"],
    message:
        "Make tables and numbers of the supplement"
    script:
        "../../scripts/report_performance.py"


rule plot_performance:
    input:
        code=code("scripts/plot_performance.py"),
        runs=MEASURED["runs"],
        growth="results/performance/growth.csv",
    output:
        ratios=figure("performance_ratios"),
        growth=figure("performance_growth"),
    log:
        "logs/plot_performance.log",
    threads: ALL_CORES
    message:
        "Draw the figures of the supplement"
    script:
        "../../scripts/plot_performance.py"


use rule check_results as check_supplement with:
    input:
        code=[
            *code("scripts/check_results.py"),
            *TESTED,
            *code("tests/results/test_supplement.py"),
        ],
        tests=["tests/results/test_supplement.py"],
        results=[
            *MEASURED.values(),
            *rules.measure_growth.output,
            rules.measure_accelerated.output.results,
        ],
    output:
        passed="results/performance/checked.txt",
    log:
        "logs/check_supplement.log",
    benchmark:
        "logs/times/check_supplement.tsv"
    threads: ALL_CORES
    message:
        "Test the invariants of the supplement"


rule build_performance:
    input:
        code=code("scripts/build_performance.py"),
        checked="results/performance/checked.txt",
        source="paper/performance.tex",
        bibliography="paper/references.bib",
        generated=[*rules.report_performance.output, *rules.measure_accelerated.output],
        figures=["figures/performance_ratios.pdf", "figures/performance_growth.pdf"],
    output:
        pdf="paper/performance.pdf",
    log:
        "logs/build_performance.log",
    threads: ALL_CORES
    message:
        "Typeset the supplement"
    script:
        "../../scripts/build_performance.py"
