"""The pages of marketing: whom to call, whom a message is for, what is running, and what was said."""
