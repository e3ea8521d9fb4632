"""One file per client: the client's own names behind the few calls that stories.py makes."""
