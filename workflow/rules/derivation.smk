# Lloyd's algorithm is a Newton step: the derivation, checked by machine.
rule check_derivation:
    input:
        code=code("scripts/check_derivation.py"),
        data=data_files(DATASET),
    output:
        checks="results/derivation/steps.csv",
    log:
        "logs/check_derivation.log",
    benchmark:
        "logs/times/check_derivation.tsv"
    threads: 1
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
        code=code("scripts/check_theorems.py"),
        data=data_files(DATASET),
    output:
        theorems="results/derivation/theorems.csv",
    log:
        "logs/check_theorems.log",
    benchmark:
        "logs/times/check_theorems.tsv"
    threads: 1
    params:
        dataset=data(DATASET),
        seed=config["seed"],
        points=config["derivation"]["points"],
    message:
        "Check each theorem"
    script:
        "../../scripts/check_theorems.py"


rule plot_landscape:
    input:
        code=code("scripts/plot_landscape.py"),
    output:
        figure=report(
            figure("derivation/landscape"),
            caption="../report/landscape.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "The cost along a line"},
        ),
    log:
        "logs/plot_landscape.log",
    benchmark:
        "logs/times/plot_landscape.tsv"
    threads: 1
    message:
        "Draw the cost along a line"
    script:
        "../../scripts/plot_landscape.py"
