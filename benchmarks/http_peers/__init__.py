"""Peers of the HTTP intake: each reads BENCH_TOPIC, and answers when Kafka has acknowledged."""
