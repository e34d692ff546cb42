"""Mutations of the runtime, each with the test that must notice it. `python -m tests.prove`."""
