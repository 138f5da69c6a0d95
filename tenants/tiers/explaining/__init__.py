"""What an explanation says in words, made from the numbers that decide."""
