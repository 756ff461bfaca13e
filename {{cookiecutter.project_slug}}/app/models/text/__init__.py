"""The language of a text, from how often its letters follow each other."""
