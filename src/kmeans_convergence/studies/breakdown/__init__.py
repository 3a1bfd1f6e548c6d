"""The breakdown of mixtures of Gaussians where features are correlated, taken apart."""
