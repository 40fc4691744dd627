"""What is kept beside a run's trials of what was looked at while nothing was timed.

In: what was seen of a server. Out: values that a record holds.
"""
