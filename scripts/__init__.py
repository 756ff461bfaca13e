"""Programs of this repository that need nothing but the standard library."""
