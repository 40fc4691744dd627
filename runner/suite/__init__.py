"""A run, as named steps: plan, prepare, check, measure; one trial; what is asked beside a run.

In: what a person asked for. Out: a record. May import all rooms below; of reports it knows nothing.
"""
