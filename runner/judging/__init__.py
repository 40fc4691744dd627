"""Numbers to verdicts: intervals, schedule, latency, who was the limit. Pure.

In: trials or plain numbers. Out: values. May import record and errors. Starts nothing, opens no socket.
"""
