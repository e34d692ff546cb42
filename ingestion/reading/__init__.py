"""Reading page views out of ClickHouse: figures, one event, all of a range. Nothing here writes.

An event id counts once, as the copy that the broker accepted first, whatever copies there are. Every value of
a caller is a parameter of its query and never part of its text.
"""
