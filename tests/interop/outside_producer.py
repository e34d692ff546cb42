"""A producer of another team: it sends a request for analysis by Kafka, and prints the answer as it came.

    python tests/interop/outside_producer.py --brokers 127.0.0.1:19092 --correlation-id corr-1 < app.log

It speaks Kafka and JSON, and knows nothing of this project's code. No headers; times without zone; where
it has nothing to say it leaves members out, or writes null.
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition


def main():
    options = arguments()
    consumer = Consumer(
        {
            "bootstrap.servers": options.brokers,
            "group.id": f"outside-{uuid4().hex}",
            "enable.auto.commit": False,
        }
    )
    # From where the topic ends now: nothing is read that was there before, and nothing missed that comes.
    topic = options.prefix + (options.callback_topic or "analysis.result")
    consumer.assign(ends_of(consumer, topic))
    request = request_of(sys.stdin.read(), options)
    send(request, options)
    answer = answer_to(request["request_id"], consumer)
    consumer.close()
    print(json.dumps(answer))  # noqa: T201


def ends_of(consumer, topic):
    numbers = consumer.list_topics(topic, timeout=15).topics[topic].partitions
    places = [TopicPartition(topic, number) for number in numbers]
    return [
        TopicPartition(topic, place.partition, consumer.get_watermark_offsets(place, timeout=15)[1])
        for place in places
    ]


def request_of(log, options):
    request = {
        "request_id": str(uuid4()),
        "timestamp": datetime.now(UTC).replace(tzinfo=None),
        "log_id": options.log_id,
        "log_content": log,
        "service_name": "user-service",
        "environment": "production",
        "correlation_id": options.correlation_id,
        "host": "pod-7",
    }
    if options.nulls:
        return request | {"priority": None, "metadata": None, "analysis_type": None, "callback_topic": None}
    return request | ({"callback_topic": options.callback_topic} if options.callback_topic else {})


def send(request, options):
    producer = Producer({"bootstrap.servers": options.brokers, "acks": "all"})
    producer.produce(
        options.prefix + "analysis.request",
        json.dumps(request, default=str).encode(),
        key=None if options.no_key else str(request["log_id"]),
    )
    if producer.flush(30):
        sys.exit("the request was not acknowledged")


def answer_to(request_id, consumer):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        message = consumer.poll(1)
        if message is None or message.error():
            continue
        answer = json.loads(message.value())
        if answer["request_id"] == request_id:
            return answer
    sys.exit("no answer within a minute")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--prefix", default="", help="what stands before the names of topics")
    parser.add_argument("--correlation-id", default="corr-1")
    parser.add_argument("--log-id", type=int, default=12345, help="in the producer's own numbering")
    parser.add_argument("--callback-topic", default="", help="where the answer shall go")
    parser.add_argument("--nulls", action="store_true", help="write null where there is nothing to say")
    parser.add_argument("--no-key", action="store_true", help="send the record without a key")
    return parser.parse_args()


if __name__ == "__main__":
    main()
