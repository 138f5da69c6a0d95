"""What the platform's own staff do across tenants, on the command line."""
