"""`make soak`: generated load for some minutes, faults at random by seed, and a tough judge at the end."""
