"""What we stand on in ClickHouse: its HTTP interface, and the rules by which it stores.

By `make test` on the local server; on any other with
`CLICKHOUSE_URL=http://user:password@host:8123/database .venv/bin/python -m pytest tests/clickhouse`.
"""
