"""What the Snakefile needs: a checked configuration, and the modules that a script depends on."""
