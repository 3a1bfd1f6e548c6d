# The breakdown of mixtures of Gaussians where features are correlated: one job for each experiment.
BREAKDOWN = config["breakdown"]
# Data sets whose condition indices are tabulated.
INDEXED = compared(
    {"datasets": BREAKDOWN["indexed"], "leave_out": []}, read_registry(REGISTRY)
)


rule measure_collapse:
    output:
        sweep="results/breakdown/collapse.csv",
        sets="results/breakdown/collapse_sets.csv",
        traces="results/breakdown/traces.csv",
    params:
        datasets=[data(name) for name in CONTRACTED],
        breakdown=BREAKDOWN,
        seed=config["seed"],
    message:
        "Count runs of EM that collapse"
    script:
        "../../scripts/measure_collapse.py"


rule measure_digits:
    output:
        digits="results/breakdown/digits.csv",
    params:
        breakdown=BREAKDOWN,
        seed=config["seed"],
    message:
        "Count the digits that EM loses"
    script:
        "../../scripts/measure_digits.py"


rule measure_constant:
    output:
        constant="results/breakdown/constant.csv",
    params:
        breakdown=BREAKDOWN,
        seed=config["seed"],
    message:
        "Measure what a constant on the diagonal costs"
    script:
        "../../scripts/measure_constant.py"


rule measure_conditioned:
    output:
        conditioned="results/breakdown/conditioned.csv",
    params:
        breakdown=BREAKDOWN,
        seed=config["seed"],
    message:
        "Measure what conditioning costs gradient methods"
    script:
        "../../scripts/measure_conditioned.py"


rule measure_remedies:
    output:
        tables="results/breakdown/remedies.csv",
        embeddings="results/breakdown/embeddings.csv",
    params:
        breakdown=BREAKDOWN,
        seed=config["seed"],
    message:
        "Compare remedies against the breakdown"
    script:
        "../../scripts/measure_remedies.py"


rule judge_indices:
    input:
        data=[file for name in INDEXED for file in data_files(name)],
    output:
        indices="results/breakdown/indices.csv",
    params:
        datasets=[data(name) for name in INDEXED],
        seed=config["seed"],
    message:
        "Find ill-conditioned data sets"
    script:
        "../../scripts/judge_indices.py"


rule judge_breakdown:
    input:
        collapse=rules.measure_collapse.output.sweep,
        sets=rules.measure_collapse.output.sets,
        digits=rules.measure_digits.output.digits,
        constant=rules.measure_constant.output.constant,
        conditioned=rules.measure_conditioned.output.conditioned,
        remedies=rules.measure_remedies.output.tables,
        theorems=rules.check_theorems.output.theorems,
        claims=claims("breakdown"),
    output:
        shares="results/breakdown/shares.csv",
        passes="results/breakdown/passes.csv",
        compared="results/breakdown/compared.csv",
        ledger="results/breakdown/ledger.csv",
    params:
        seed=config["seed"],
        resamples=config["comparison"]["resamples"],
    message:
        "Judge the claims about the breakdown"
    script:
        "../../scripts/judge_breakdown.py"


rule plot_breakdown:
    input:
        traces=rules.measure_collapse.output.traces,
        digits=rules.measure_digits.output.digits,
    output:
        collapses=report(
            figure("breakdown/collapses"),
            caption="../report/breakdown_collapses.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "A likelihood without a maximum"},
        ),
        lost=report(
            figure("breakdown/digits"),
            caption="../report/breakdown_digits.rst",
            category="1 Lloyd is a Newton step",
            labels={"figure": "Digits that EM loses"},
        ),
    message:
        "Draw the breakdown of mixtures"
    script:
        "../../scripts/plot_breakdown.py"


rule make_breakdown:
    input:
        ledger=rules.judge_breakdown.output.ledger,
        shares=rules.judge_breakdown.output.shares,
        passes=rules.judge_breakdown.output.passes,
        compared=rules.judge_breakdown.output.compared,
        sets=rules.measure_collapse.output.sets,
        traces=rules.measure_collapse.output.traces,
        digits=rules.measure_digits.output.digits,
        constant=rules.measure_constant.output.constant,
        embedded=rules.measure_remedies.output.embeddings,
        tabulated=rules.judge_indices.output.indices,
    output:
        numbers="paper/generated/breakdown/numbers.tex",
        claims="paper/generated/breakdown/claims.tex",
        remedies="paper/generated/breakdown/remedies.tex",
        embeddings="paper/generated/breakdown/embeddings.tex",
        collapses="paper/generated/breakdown/collapses.tex",
        conditioned="paper/generated/breakdown/conditioned.tex",
        indices="paper/generated/breakdown/indices.tex",
    message:
        "Make the tables and the numbers of the breakdown"
    script:
        "../../scripts/make_breakdown.py"
