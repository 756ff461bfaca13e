"""The model: its features, its artefact on disk, how it is trained and how it is loaded."""
