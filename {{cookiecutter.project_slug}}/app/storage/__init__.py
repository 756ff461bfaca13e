"""One database for every feature, and the thread that commits for all of them."""
