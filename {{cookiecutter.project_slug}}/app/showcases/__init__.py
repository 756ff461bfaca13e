"""Routes that each teach one idea; every folder here can be deleted."""
