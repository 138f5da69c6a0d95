"""Imports: a file of members, purchases or activities, streamed in, then worked off in short batches.

The upload goes to the file store as plain bytes (`upload`, `start`). A chain of jobs (`batch`) reads it from where
the last one ended (`reading`), checks each row (`members_rows`, `purchases_rows`, `activities_rows`) and writes the
good ones with set-based statements (`members_apply`, `purchases_apply`, `activities_apply`). What is wrong with a row
is kept with its line, column and reason.
"""
