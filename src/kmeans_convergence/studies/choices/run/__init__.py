"""What is run: optimizers on four models, soft against hard choices, and steps against the size of the sample."""
