"""The schema in ClickHouse: files `ingestion/ddl/NNN_name.sql`, applied in order, and a log of what is.

A file holds statements, each ending with `;` at the end of a line, and after a line `-- back` those that undo
them. Every statement can be run twice (`IF NOT EXISTS`, or an insert that changes nothing the second time):
ClickHouse has no transactions around DDL, so a migration that failed halfway is run again from its beginning.
"""
