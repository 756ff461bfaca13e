"""Is it still right? What the record says of each version of a model, beside its training."""
