# What every rule with a script has, after all others: its log, and the modules of the library that the script imports
# as inputs, because Snakemake tracks the script alone. A job that has the machine for itself measures itself.
for each in workflow.rules:
    if each.script:
        name = "_".join([each.name, *(f"{{{w}}}" for w in sorted(each.wildcard_names))])
        each.input_modifier = each.log_modifier = each.output_modifier
        each.set_input(code=code(f"scripts/{Path(each.script).name}"))
        each.set_log(f"logs/{name}.log")
        if each.resources["_cores"] == 1:
            each.benchmark_modifier = each.output_modifier
            each.benchmark = f"logs/times/{name}.tsv"
