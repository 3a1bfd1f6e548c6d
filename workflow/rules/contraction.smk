# Predicted rates of convergence against measured ones, on the sets that need no download.
CONTRACTED = [
    name
    for name in COMPARED
    if data(name)["source"].startswith(("bundled", "synthetic"))
]


rule measure_contraction:
    input:
        code=code("scripts/measure_contraction.py"),
    output:
        rates="results/contraction/rates.csv",
        agreement="results/contraction/agreement.csv",
        growth="results/contraction/growth.csv",
        kernels="results/contraction/kernels.csv",
    log:
        "logs/measure_contraction.log",
    benchmark:
        "logs/times/measure_contraction.tsv"
    threads: 1
    params:
        datasets=[data(name) for name in CONTRACTED],
        large=[data(name) for name in ("retina_px", "hubble_px", "china_px")],
        seed=config["seed"],
        largest=config["contraction"]["largest"],
    message:
        "Predict and measure rates of convergence"
    script:
        "../../scripts/measure_contraction.py"


rule plot_contraction:
    input:
        code=code("scripts/plot_contraction.py"),
        rates="results/contraction/rates.csv",
        growth="results/contraction/growth.csv",
        kernels="results/contraction/kernels.csv",
    output:
        predicted=report(
            figure("contraction_predicted"),
            caption="../report/contraction_predicted.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Predicted and measured rates"},
        ),
        finite_sample=report(
            figure("contraction_growth"),
            caption="../report/contraction_growth.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Finite sample and population"},
        ),
        kernels=report(
            figure("contraction_kernels"),
            caption="../report/contraction_kernels.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Width of the kernel"},
        ),
    log:
        "logs/plot_contraction.log",
    benchmark:
        "logs/times/plot_contraction.tsv"
    threads: 1
    params:
        width=0.1,
    message:
        "Draw predicted and measured rates"
    script:
        "../../scripts/plot_contraction.py"
