"""From traces to verdicts on what the paper reports."""
