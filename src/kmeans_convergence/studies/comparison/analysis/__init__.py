"""From runs to averages over families, and to verdicts on claims."""
