from adapters import confluent
from stories import Stories


class TestConfluent(Stories):
    adapter = confluent
