"""What is not served yet is refused at once, in words where there is room for them, and the broker's log says what it was."""

import asyncio
import os
import socket
import ssl

import aiokafka
import confluent_kafka
import kafka
import pytest

from harness import broker as brokers
from harness.wait import until

pytestmark = pytest.mark.skipif(
    brokers.against_kafka() or "BOOTSTRAP" in os.environ, reason="about what Creel does not serve"
)

# Long enough that who only waits for it to end is told from who was refused.
PATIENCE_SECONDS = 60


def log_has(broker, words):
    until(lambda: words in broker.output.read_text(), lambda: f"{words!r} on the log:\n{broker.last_words()}")


class TestTransactions:
    def test_confluent_is_told_why(self, own):
        producer = confluent_kafka.Producer({"bootstrap.servers": own.bootstrap, "transactional.id": "orders"})
        with pytest.raises(confluent_kafka.KafkaException) as refused:
            producer.init_transactions(PATIENCE_SECONDS)
        error = refused.value.args[0]
        assert error.fatal() and "transactions are not supported yet" in error.str()
        log_has(own, "transactions are not supported yet: the client's request was refused")

    def test_kafka_python_is_refused(self, own):
        producer = kafka.KafkaProducer(bootstrap_servers=own.bootstrap, transactional_id="orders")
        try:
            with pytest.raises(kafka.errors.TransactionalIdAuthorizationFailedError):
                producer.init_transactions()
        finally:
            producer.close(timeout=1)

    def test_aiokafka_is_refused(self, own):
        async def start():
            producer = aiokafka.AIOKafkaProducer(bootstrap_servers=own.bootstrap, transactional_id="orders")
            try:
                await producer.start()
            finally:
                await producer.stop()

        with pytest.raises(aiokafka.errors.TransactionalIdAuthorizationFailed):
            asyncio.run(start())


class TestTls:
    def test_on_a_plain_port_it_is_called_so(self, own):
        context = ssl.create_default_context()
        with socket.create_connection(("127.0.0.1", own.port)) as connection:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(connection, server_hostname="localhost")
        log_has(own, "the client speaks TLS, which is not supported yet")
