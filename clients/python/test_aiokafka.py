from adapters import aiokafka_client
from stories import Stories


class TestAiokafka(Stories):
    adapter = aiokafka_client
