"""Is the model still right? The record of each version, compared with outcomes and training."""
