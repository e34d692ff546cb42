"""What the API of ingestion reads and shows."""
