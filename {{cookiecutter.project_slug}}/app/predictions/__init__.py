"""Predictions: made, stored and read back."""
