"""The machinery around a model: its artefact, its queue, how it is opened. Knows no HTTP."""
