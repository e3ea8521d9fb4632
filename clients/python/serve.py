"""The suites' broker for a suite in another language: python3 serve.py. Its data goes when it has stopped.

Says `ready HOST:PORT` once it accepts. Then, for each line on standard input: `restart` stops and starts it and says
`ready` again. At the end of the input it stops the broker; its own exit code says whether that went cleanly.
"""

import sys
import tempfile

from harness import broker as brokers


def main():
    with tempfile.TemporaryDirectory(prefix="creel-") as folder:
        serve(brokers.from_environment(folder).start())


def serve(broker):
    say_ready(broker)
    try:
        for line in sys.stdin:
            assert line.strip() == "restart", line
            broker.restart()
            say_ready(broker)
    finally:
        broker.end()


def say_ready(broker):
    print(f"ready {broker.bootstrap}", flush=True)


if __name__ == "__main__":
    main()
