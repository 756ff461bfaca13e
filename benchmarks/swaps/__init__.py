"""Versions of a model that are swapped, broken and rolled back under load."""
