"""Replay: what is stored of members is decided and summed again from their facts alone, and compared.

It reads, in one snapshot, and writes nothing. It doesn't use the statements that decide: windows, conditions and the
algorithm's steps are plain Python here, over the facts in the order in which they were recorded.
"""
