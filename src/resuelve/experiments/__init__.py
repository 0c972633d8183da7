"""Runs with what they were made of and what they measured, and the registry of models: by MLflow, where installed.

MLflow works in a process of its own (`child`): it takes seconds to import, writes to both outputs, and may wait for a
server for minutes. A process can be ended, and nothing that it loads, sets or prints stays with ours. It is never asked
to tell its makers how it is used.
"""
