"""What happened to a member, in one list."""
