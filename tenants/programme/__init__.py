"""The programme document: its rules, their windows and schedules, and what they mean."""
