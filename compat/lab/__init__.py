"""Runs the programs beside servers and tools of other releases; see compat/run."""
