"""From records to rows: what the writer decides without touching anything. `ports` says what it needs."""
