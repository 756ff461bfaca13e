"""The species of an iris flower, from four lengths."""
