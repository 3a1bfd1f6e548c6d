"""The rate of EM on mixtures of Gaussians."""
