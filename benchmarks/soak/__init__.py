"""A soak: mixed load for a long time, faults in random order, and what must be true afterwards."""
