"""Engines that implement the `Analyzer` protocol."""
