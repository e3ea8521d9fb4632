"""Takes orders over HTTP: uvicorn service:app --port 8000

    curl -X POST localhost:8000/orders -H 'content-type: application/json' \
         -d '{"order": "7-1", "customer": "customer-7", "number": 1, "item": "reel", "count": 2}'

201 means that the order is safe at the broker; 503 that it may not be.
"""

from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, PositiveInt

from shop import BOOTSTRAP


class Order(BaseModel):
    order: str
    customer: str
    number: PositiveInt
    item: str
    count: PositiveInt


@asynccontextmanager
async def connected(app):
    app.state.producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", enable_idempotence=True, linger_ms=5)
    async with app.state.producer:
        yield


app = FastAPI(lifespan=connected)


@app.post("/orders", status_code=201)
async def place(order: Order):
    try:
        await app.state.producer.send_and_wait("orders", order.model_dump_json().encode(), order.customer.encode())
    except KafkaError as error:
        raise HTTPException(503, f"the order could not be stored: {error}") from error
    return order
