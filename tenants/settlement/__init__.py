"""What branches owe each other for stored value that was paid in at one and spent or paid out at another."""
