"""The generated service against other ways to serve the same model, measured side by side."""
