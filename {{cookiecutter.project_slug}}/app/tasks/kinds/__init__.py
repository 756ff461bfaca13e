"""The kinds of tasks: a module each, and a line in `registry.py`."""
