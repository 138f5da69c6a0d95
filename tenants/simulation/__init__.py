"""What a draft of the rules would do: who would move, and what it would cost. Nothing about a member is written."""
