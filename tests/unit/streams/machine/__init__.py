"""A model of the runtime and everything that can happen to it; see `world`."""
