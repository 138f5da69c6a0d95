"""How a chain is set up, as one document: read from one chain, put into another."""
