"""Predictions for data that the study has not seen."""
