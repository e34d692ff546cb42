"""Job queues of others, each doing the same row update. Run with the Python of `.local/bench`, without Django."""
