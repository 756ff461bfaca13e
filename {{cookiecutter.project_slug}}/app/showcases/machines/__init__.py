"""Machines that cost money while they run, started when somebody needs them."""
