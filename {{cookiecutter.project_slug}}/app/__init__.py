"""The model-serving application. Start reading at `app/main.py`."""
