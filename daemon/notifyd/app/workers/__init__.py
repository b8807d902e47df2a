"""Several processes behind the same ports: a supervisor that serves nothing, and workers that are whole daemons.

The supervisor holds the locks, makes the secrets, keeps the ports, and looks after its workers, each of which it starts
afresh as a program of its own. What they say to each other goes over a socket pair that is the worker's standard input.
"""
