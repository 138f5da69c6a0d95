"""Imports: a file of members, purchases, activities or opening balances, streamed in, then worked off in short batches.

The upload goes to the file store as plain bytes (`upload`, `start`). A chain of jobs (`batch`) reads it from where
the last one ended (`reading`), checks each row (`…_rows`) and writes the good ones with set-based statements
(`…_apply`). What is wrong with a row is kept with its line, column and reason.
"""
