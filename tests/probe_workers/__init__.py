"""Workers that exist for tests of the machinery around workers, and a harness that runs them for real."""
