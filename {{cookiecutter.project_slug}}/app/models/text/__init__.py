"""The language of a text, from how often letters follow each other in it."""
