"""When is batch K-means Newton's method? Rates of convergence, noise, and methods that are faster."""
