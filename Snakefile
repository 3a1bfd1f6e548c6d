# The whole study: `snakemake --cores 4` builds the report and everything that it shows.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/derivation.smk"
include: "workflow/rules/replication.smk"
include: "workflow/rules/comparison.smk"
include: "workflow/rules/rates.smk"
include: "workflow/rules/mixtures.smk"
include: "workflow/rules/confirmation.smk"
include: "workflow/rules/alternations.smk"
include: "workflow/rules/embeddings.smk"
include: "workflow/rules/choices.smk"
include: "workflow/rules/scale.smk"
include: "workflow/rules/breakdown.smk"
include: "workflow/rules/overview.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/performance.smk"
include: "workflow/rules/defaults.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        everything(),
    message:
        "Everything is there"
