"""A sandbox of Stripe for one machine: the real SDK talks to it over HTTP. docs/stripe-sandbox.md says what it does."""
