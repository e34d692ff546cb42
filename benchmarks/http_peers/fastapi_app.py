"""FastAPI with msgspec and aiokafka; it runs in an environment of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request, Response

from benchmarks.http_peers.event import PageView

TOPIC = os.environ["BENCH_TOPIC"]
_one, _many, _encode = (
    msgspec.json.Decoder(PageView),
    msgspec.json.Decoder(list[PageView]),
    msgspec.json.Encoder().encode,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One producer a process."""
    compression = os.environ["KAFKA_COMPRESSION"]
    producer = AIOKafkaProducer(
        bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        acks="all",
        enable_idempotence=True,
        linger_ms=1,
        compression_type=None if compression == "none" else compression,
        max_batch_size=1_000_000,
    )
    await producer.start()
    app.state.producer = producer
    yield
    await producer.stop()


app = FastAPI(lifespan=lifespan)


@app.post("/events")
async def events(request: Request) -> Response:
    """Decode, send, answer how many."""
    body = await request.body()
    try:
        given = _many.decode(body) if body.startswith(b"[") else [_one.decode(body)]
    except msgspec.ValidationError as error:
        return Response(str(error), status_code=400)
    producer = request.app.state.producer
    sent = [await producer.send(TOPIC, _encode(each), key=each.content_id.encode()) for each in given]
    await asyncio.gather(*sent)
    return Response(_encode({"accepted": len(given)}), status_code=202, media_type="application/json")
