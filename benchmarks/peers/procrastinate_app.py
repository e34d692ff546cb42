"""procrastinate: the queue is in the same PostgreSQL database."""

import logging
import sys

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from . import work

logging.basicConfig(level=logging.WARNING)
app = App(connector=PsycopgConnector(conninfo=work.DATABASE, min_size=1, max_size=12))


@app.task(name="mark")
def mark(job_id: int) -> None:
    """The row update."""
    work.mark(job_id)


if __name__ == "__main__":
    if sys.argv[1] == "schema":
        with app.replace_connector(SyncPsycopgConnector(conninfo=work.DATABASE)) as own, own.open():
            own.schema_manager.apply_schema()
    else:
        with app.replace_connector(SyncPsycopgConnector(conninfo=work.DATABASE)) as own, own.open():
            task = own.tasks["mark"]
            work.enqueue(lambda job_id: task.defer(job_id=job_id))
