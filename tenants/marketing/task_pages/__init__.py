"""`/tasks`: whom the branch is to call, what was done with each, by which rules, and who came back."""
