"""Job queues of others, each doing the same row update. They run in `.local/bench`, without Django."""
