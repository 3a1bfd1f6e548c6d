"""From traces to residuals, intervals, probabilities and verdicts."""
