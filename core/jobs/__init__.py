"""Background execution: one process a job, one job at a time a machine, all of it in the database.

engine      what everybody calls: submit, look, cancel, retry, wait
worker      the process that hands out jobs and ends those that do not stop
execution   one job in its own process
context     what a task sees
processes   who is alive on this machine
"""
