"""Tokens: how many a text has, how many may be used, and how many were."""
