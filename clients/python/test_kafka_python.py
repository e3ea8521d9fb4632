from adapters import kafka_python
from stories import Stories


class TestKafkaPython(Stories):
    adapter = kafka_python
