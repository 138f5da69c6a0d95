"""Our own billing, through Stripe: the plan that a chain pays for."""
