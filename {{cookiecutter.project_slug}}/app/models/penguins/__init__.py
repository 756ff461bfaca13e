"""The species of a penguin, from its sizes, island and sex, some of which may be missing."""
