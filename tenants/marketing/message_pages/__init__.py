"""`/messages`: what was sent, to whom and what for, and why something wasn't; and the texts that campaigns send."""
