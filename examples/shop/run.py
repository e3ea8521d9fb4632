"""The shop in one command: python3 run.py, with a broker at 127.0.0.1:9092 (or where BOOTSTRAP says).

Starts orders.py, stock.py and board.py, and ends them after some seconds or at Ctrl-C. Where this Python has no kafka-python, a
virtual environment is made beside this file first.
"""

import argparse
import importlib.util
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import venv

HERE = pathlib.Path(__file__).resolve().parent
BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:9092")


def main():
    parser = argparse.ArgumentParser(description="orders, stock and a board, for some seconds")
    parser.add_argument("--seconds", type=float, default=15)
    seconds = parser.parse_args().seconds
    look_for_broker()
    python = python_with_kafka()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    # A session of their own: Ctrl-C reaches this program, which ends them one after the other.
    programs = [
        subprocess.Popen([python, f"{name}.py"], cwd=HERE, start_new_session=True)
        for name in ("orders", "stock", "board")
    ]
    stop.wait(seconds)
    codes = [end(program) for program in programs]
    return max(codes)


def look_for_broker():
    host, port = BOOTSTRAP.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        sys.exit(f"no broker at {BOOTSTRAP} ({error}). Start one: cargo run --release --bin creel")


def python_with_kafka():
    if importlib.util.find_spec("kafka"):
        return sys.executable
    python = HERE / ".venv/bin/python"
    if not python.exists():
        print("making a virtual environment in", python.parent.parent)
        venv.create(HERE / ".venv", with_pip=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt"]
    subprocess.run([python, *install], check=True)
    return python


def end(program):
    """Ends it as Ctrl-C does, once it has finished what it has in hand; its exit code."""
    program.send_signal(signal.SIGTERM)
    return program.wait()


if __name__ == "__main__":
    sys.exit(main())
