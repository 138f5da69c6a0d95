"""The contract: OpenAPI 3.1, put together from handlers, their models, what their code refuses, and `answers`."""
