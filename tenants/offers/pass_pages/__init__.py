"""`/passes`: prepaid visits: sold, used, taken back, paid back."""
