# Which alternations are Newton's method: the examples of the theorem.
rule measure_alternations:
    input:
        code=code("scripts/measure_alternations.py"),
    output:
        steps="results/alternations/steps.csv",
        near="results/alternations/near.csv",
    log:
        "logs/measure_alternations.log",
    benchmark:
        "logs/times/measure_alternations.tsv"
    threads: 1
    params:
        seed=config["seed"],
    message:
        "Compare alternations with Newton's method"
    script:
        "../../scripts/measure_alternations.py"


rule report_alternations:
    input:
        code=code("scripts/report_alternations.py"),
        steps=rules.measure_alternations.output.steps,
        near=rules.measure_alternations.output.near,
    output:
        figure=report(
            figure("alternations"),
            caption="../report/alternations.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Other alternations"},
        ),
        examples="paper/generated/tables/alternations.tex",
        prose="paper/generated/alternations.tex",
    log:
        "logs/report_alternations.log",
    benchmark:
        "logs/times/report_alternations.tsv"
    threads: 1
    message:
        "Make the page on other alternations"
    script:
        "../../scripts/report_alternations.py"
