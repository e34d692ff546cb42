"""Kafka consumers that exist for fault tests: they write down what they handle, and fail on order."""
