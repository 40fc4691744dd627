"""Measures HTTP pipelining across Python servers: every figure right, with its uncertainty, or not printed."""
