"""Users, as a first course on routers has them."""
