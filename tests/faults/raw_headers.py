"""Publishes what the Python client refuses to: header names that are no text. Calls librdkafka itself."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import confluent_kafka

END, TOPIC, VALUE, KEY, HEADERS = 0, 1, 4, 5, 10
"""Tags of the arguments of `rd_kafka_producev` (rd_kafka_vtype_t)."""
PRODUCER = 0


def publish(
    bootstrap: str, topic: str, *, key: bytes, value: bytes, headers: Sequence[tuple[bytes, bytes]]
) -> None:
    """Publish one record and wait for its delivery."""
    library = _library()
    configuration = ctypes.c_void_p(library.rd_kafka_conf_new())
    reason = ctypes.create_string_buffer(512)
    place = b"bootstrap.servers", bootstrap.encode()
    assert library.rd_kafka_conf_set(configuration, *place, reason, 512) == 0, reason.value
    client = ctypes.c_void_p(library.rd_kafka_new(PRODUCER, configuration, reason, ctypes.c_size_t(512)))
    assert client.value, reason.value
    listed = ctypes.c_void_p(library.rd_kafka_headers_new(ctypes.c_size_t(len(headers))))
    for name, content in headers:
        size = ctypes.c_ssize_t
        library.rd_kafka_header_add(listed, name, size(len(name)), content, size(len(content)))
    arguments: list[Any] = [
        *(TOPIC, ctypes.c_char_p(topic.encode())),
        *(VALUE, ctypes.c_char_p(value), ctypes.c_size_t(len(value))),
        *(KEY, ctypes.c_char_p(key), ctypes.c_size_t(len(key))),
        *(HEADERS, listed),
        END,
    ]
    assert library.rd_kafka_producev(client, *arguments) == 0
    assert library.rd_kafka_flush(client, 10_000) == 0
    library.rd_kafka_destroy(client)


def _library() -> Any:
    """The library that the client came with."""
    home = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    [found] = home.glob("librdkafka*")
    library = ctypes.CDLL(str(found))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new"):
        getattr(library, name).restype = ctypes.c_void_p
    return library
