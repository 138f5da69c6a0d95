"""Every route of the application, and how to knock at it with somebody else's ids."""
