"""Twenty customers who order over HTTP: python customers.py http://127.0.0.1:8000, until Ctrl-C.

Prints a line for every order that was accepted. A customer waits for one order's answer before the next.
"""

import asyncio
import itertools
import signal
import sys

import httpx

from shop import new_order


async def main(url):
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        await asyncio.gather(*(customer(http, f"customer-{name}", stop) for name in range(20)))


async def customer(http, name, stop):
    for number in itertools.count(1):
        if stop.is_set():
            return
        answer = await http.post("/orders", json=new_order(name, number))
        answer.raise_for_status()
        print("accepted", answer.json()["order"], flush=True)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
