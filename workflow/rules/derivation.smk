# Lloyd's algorithm is a Newton step: the derivation and the theorems, checked by machine.
rule check_derivation:
    input:
        data=data_files(DATASET),
    output:
        steps="results/derivation/steps.csv",
    params:
        dataset=data(DATASET),
        seed=config["seed"],
        points=config["derivation"]["points"],
    message:
        "Check each step of the derivation"
    script:
        "../../scripts/check_derivation.py"


rule check_theorems:
    input:
        data=data_files(DATASET),
    output:
        theorems="results/derivation/theorems.csv",
    params:
        dataset=data(DATASET),
        seed=config["seed"],
        points=config["derivation"]["points"],
    message:
        "Check each theorem"
    script:
        "../../scripts/check_theorems.py"


rule plot_landscape:
    output:
        figure=report(
            figure("derivation/landscape"),
            caption="../report/landscape.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "The cost along a line"},
        ),
    message:
        "Draw the cost along a line"
    script:
        "../../scripts/plot_landscape.py"


rule make_derivation:
    input:
        steps=rules.check_derivation.output.steps,
        theorems=rules.check_theorems.output.theorems,
    output:
        steps="paper/generated/derivation/steps.tex",
        theorems="paper/generated/derivation/theorems.tex",
    message:
        "Make the tables of the derivation and of the theorems"
    script:
        "../../scripts/make_derivation.py"
