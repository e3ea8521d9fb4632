"""In place of the module that kafka-python's source distribution leaves out: for a broker that runs already."""


class ExternalService:
    def __init__(self, host, port):
        self.host, self.port = host, port

    def open(self):
        pass

    def close(self):
        pass


class SpawnedService:
    """Never used: nothing is spawned."""
