"""What `loadgen advice` says is accepted by the clients it is for, and their records arrive."""

import json
import subprocess

import pytest
from confluent_kafka import Producer
from conftest import missing
from harness import broker as brokers
from kafka import KafkaProducer

CODECS = ["none", "gzip:1", "snappy", "lz4", "zstd:19"]
MATRIX = f"""
[base]
duration = "300ms"
warmup = "100ms"
record-size = 200
batch-bytes = "512k"
[sweep]
codec = {json.dumps(CODECS)}
[load]
maximum = true
"""


@pytest.fixture(scope="module")
def advice(broker, tmp_path_factory):
    """Asks for the client settings of a cell of a tiny sweep."""
    loadgen = brokers.creel_binary().with_name("loadgen")
    if not loadgen.exists():
        missing("loadgen")
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "matrix.toml").write_text(MATRIX)
    run = [loadgen, "sweep", folder / "matrix.toml", "--out", folder / "out", "--set", f"bootstrap={broker.bootstrap}"]
    subprocess.run(run, check=True)

    def ask(codec):
        answer = folder / "advice.json"
        subprocess.run([loadgen, "advice", folder / "out", "--slo", f"codec={codec}", "--json", answer], check=True)
        return json.loads(answer.read_text())["best"]["clients"]

    return ask


@pytest.mark.parametrize("codec", CODECS)
def test_librdkafka_takes_what_is_advised(broker, advice, codec):
    settings = advice(codec)["librdkafka"]
    assert settings["compression.type"] == codec.split(":")[0]
    producer = Producer({**settings, "bootstrap.servers": broker.bootstrap})
    outcomes = []
    producer.produce("advised", b"value " * 100, on_delivery=lambda error, _: outcomes.append(error))
    producer.flush()
    assert outcomes == [None]


@pytest.mark.parametrize("codec", CODECS)
def test_kafka_python_takes_what_is_advised(broker, advice, codec):
    settings = advice(codec)["kafka-python"]
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, **settings)
    assert producer.send("advised", b"value " * 100).get().offset >= 0
    producer.close()
