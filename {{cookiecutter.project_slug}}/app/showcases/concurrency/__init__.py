"""What one request costs the others."""
