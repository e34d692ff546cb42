"""A ClickHouse for one machine: the real engine (chDB) behind the HTTP interface of a server.

`python -m docker.local.clickhouse_server --help`; started by `docker.local.clickhouse`. One process owns the
data, each connection has a thread, each request an engine connection of its own. Pure parts: `statement`,
`failures`; input and output: `bodies`, `results`, `engine`, `handler`.
"""
