"""Writes the client's generated modules from the API's own description: `python -m make_client [ADDRESS]`."""
