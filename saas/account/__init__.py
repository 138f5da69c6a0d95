"""`/account`: what belongs to the person who is logged in: name, language, password, second factor, PIN, sessions."""
