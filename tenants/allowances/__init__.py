"""Allowances: free uses that a tier gives in each period, counted when they are used."""
