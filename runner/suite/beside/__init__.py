"""What is done beside a run's trials: before it or after it, never meanwhile.

In: a run, or what to measure first. Out: what was seen of its servers, kept in its folder.
"""
