"""Which digit a picture shows."""
