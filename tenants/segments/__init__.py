"""Segments: members that a condition selects, kept under a name."""
