"""Orders, as a first course on routers has them."""
