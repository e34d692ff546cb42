"""A worker of another team: it speaks Kafka and JSON, and knows nothing of this project's code.

    python tests/interop/outside_worker.py --brokers 127.0.0.1:19092 --records 1

Reads `analysis.request` in a group of its own, answers each request on the topic that it names, and ends
after so many. It is as demanding as existing workers are, and as careless in what it writes: decimals as
strings, times without zone.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal

from confluent_kafka import Consumer, Producer

NEEDED = ("request_id", "log_id", "log_content", "correlation_id", "service_name", "environment")


def main():
    options = arguments()
    consumer = Consumer(
        {
            "bootstrap.servers": options.brokers,
            "group.id": options.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer({"bootstrap.servers": options.brokers, "acks": "all"})
    consumer.subscribe([options.prefix + "analysis.request"])
    for _ in range(options.records):
        message = next_of(consumer)
        request = read(message.value())
        topic = options.prefix + request["callback_topic"]
        for _ in range(options.times):
            producer.produce(topic, written(answer(request, options)), key=str(request["log_id"]))
        if producer.flush(30):
            sys.exit("the answer was not acknowledged")
        consumer.commit(message, asynchronous=False)
        print(request["request_id"], flush=True)  # noqa: T201
    consumer.close()


def next_of(consumer):
    while True:
        message = consumer.poll(30)
        if message is None:
            sys.exit("nothing to do for half a minute")
        if message.error() is None:
            return message


def read(value):
    """A request, or the end of this worker if anything that it relies on is missing or of another kind."""
    request = json.loads(value)
    for name in NEEDED:
        if request[name] is None:
            sys.exit(f"{name} is null")
    if not isinstance(request["log_id"], int) or not isinstance(request["metadata"], dict):
        sys.exit("of another kind")
    if datetime.fromisoformat(request["timestamp"]).tzinfo is None:
        sys.exit("a time without zone")
    return request


def answer(request, options):
    given = {
        "request_id": request["request_id"],
        "correlation_id": request["correlation_id"],
        "timestamp": datetime.now(UTC).replace(tzinfo=None),
        "log_id": request["log_id"],
        "analysis_result": None,
        "bifrost_analysis_id": 123456,
        "model": "outside-model",
        "duration_seconds": Decimal("2.50"),
    }
    if options.failure:
        failure = {"failure_class": options.failure, "message": "no such model here"}
        return given | {"failure": failure}
    result = {
        "summary": f"{request['service_name']}: 연결 타임아웃",
        "root_cause": request["log_content"].splitlines()[0],
        "recommendation": "pool 크기 조정",
        "severity": "HIGH",
        "confidence": Decimal("0.95"),
    }
    return given | {"analysis_result": result, "gpu": {"seconds": Decimal("1.2")}}


def written(event):
    return json.dumps(event, default=str).encode()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--prefix", default="", help="what stands before the names of topics")
    parser.add_argument("--group", default="outside-worker")
    parser.add_argument("--records", type=int, default=1, help="answer so many requests, then end")
    parser.add_argument("--times", type=int, default=1, help="send each answer so often")
    parser.add_argument("--failure", default="", help="answer with this failure class instead of a result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
