"""Maps of points from their dissimilarities: alternation, gradient or one eigendecomposition?"""
