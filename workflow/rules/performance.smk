# The performance supplement: wall-clock times, so it is no part of `all`, and nothing runs beside a measurement.
from kmeans_convergence.studies.performance.run.shapes import REMEMBERED, SHAPES

PERFORMANCE = config["performance"]
# What is measured for each shape, and the verdicts.
MEASURED = {
    name: f"results/performance/{name}.csv"
    for name in ("runs", "passes", "profile", "memory", "remembering", "verdicts")
}
SUPPLEMENT = [
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
    "accelerated",
    "objectives",
    "numbers",
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
    output:
        runs="results/performance/{shape}/runs.csv",
        passes="results/performance/{shape}/passes.csv",
        profile="results/performance/{shape}/profile.csv",
        memory="results/performance/{shape}/memory.csv",
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
    output:
        growth="results/performance/growth.csv",
        machine="results/performance/machine.csv",
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
    output:
        remembering="results/performance/{shape}/remembering.csv",
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
    output:
        results="results/performance/accelerated.csv",
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


rule measure_objectives:
    output:
        results="results/performance/objectives.csv",
    threads: ALL_CORES
    params:
        seed=config["seed"],
        share=PERFORMANCE["share"],
        rounds=PERFORMANCE["rounds"],
        threads=PERFORMANCE["threads"],
    message:
        "Time EM and SMACOF beside scikit-learn's"
    script:
        "../../scripts/measure_objectives.py"


rule judge_performance:
    input:
        runs=expand(rules.measure_performance.output.runs, shape=SHAPES),
        passes=expand(rules.measure_performance.output.passes, shape=SHAPES),
        profile=expand(rules.measure_performance.output.profile, shape=SHAPES),
        memory=expand(rules.measure_performance.output.memory, shape=SHAPES),
        remembering=expand(
            rules.measure_remembering.output.remembering, shape=REMEMBERED
        ),
        accelerated=rules.measure_accelerated.output.results,
        objectives=rules.measure_objectives.output.results,
    output:
        **MEASURED,
    threads: ALL_CORES
    message:
        "Give each target its verdict"
    script:
        "../../scripts/judge_performance.py"


rule make_performance:
    input:
        **MEASURED,
        growth=rules.measure_growth.output.growth,
        machine=rules.measure_growth.output.machine,
        accelerated=rules.measure_accelerated.output.results,
        objectives=rules.measure_objectives.output.results,
    output:
        **{name: f"paper/generated/performance/{name}.tex" for name in SUPPLEMENT},
    threads: ALL_CORES
    params:
        share=PERFORMANCE["share"],
        threads=PERFORMANCE["threads"],
    message:
        "Make tables and numbers of the supplement"
    script:
        "../../scripts/make_performance.py"


rule plot_performance:
    input:
        runs=MEASURED["runs"],
        slopes=rules.measure_growth.output.growth,
    output:
        ratios=figure("performance/ratios"),
        growth=figure("performance/growth"),
    threads: ALL_CORES
    message:
        "Draw the figures of the supplement"
    script:
        "../../scripts/plot_performance.py"


use rule check_results as check_supplement with:
    input:
        library=LOOKING + code("tests/results/test_supplement.py"),
        tests="tests/results/test_supplement.py",
        results=[
            *MEASURED.values(),
            *rules.measure_growth.output,
            rules.measure_accelerated.output.results,
            rules.measure_objectives.output.results,
        ],
    output:
        passed="results/performance/checked.txt",
    threads: ALL_CORES
    message:
        "Test the invariants of the supplement"


rule build_performance:
    input:
        checked=rules.check_supplement.output.passed,
        source="paper/performance.tex",
        bibliography="paper/references.bib",
        generated=rules.make_performance.output,
        figures=[
            file for file in rules.plot_performance.output if file.endswith(".pdf")
        ],
    output:
        pdf="paper/performance.pdf",
    threads: ALL_CORES
    message:
        "Typeset the supplement"
    script:
        "../../scripts/build_performance.py"
