"""Rules in plain words, in both languages: what a tier asks for, how long it holds, what it gives.

Explanations, differences between versions, warnings and messages all say them alike.
"""
