# Which alternations are Newton's method: the examples of the theorem.
rule measure_alternations:
    output:
        steps="results/alternations/steps.csv",
        near="results/alternations/near.csv",
    params:
        seed=config["seed"],
    message:
        "Compare alternations with Newton's method"
    script:
        "../../scripts/measure_alternations.py"


rule plot_alternations:
    input:
        near=rules.measure_alternations.output.near,
    output:
        figure=report(
            figure("alternations/newton"),
            caption="../report/alternations.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Other alternations"},
        ),
    message:
        "Draw how alternations and Newton's method compare"
    script:
        "../../scripts/plot_alternations.py"


rule make_alternations:
    input:
        steps=rules.measure_alternations.output.steps,
        near=rules.measure_alternations.output.near,
    output:
        examples="paper/generated/alternations/examples.tex",
        numbers="paper/generated/alternations/numbers.tex",
    message:
        "Make the table and the numbers of the page on other alternations"
    script:
        "../../scripts/make_alternations.py"
