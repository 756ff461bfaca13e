"""Users, as in a first course on routers."""
