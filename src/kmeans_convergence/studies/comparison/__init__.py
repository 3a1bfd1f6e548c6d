"""A wider variety of data: many optimizers on many data sets, and a verdict on every claim."""
