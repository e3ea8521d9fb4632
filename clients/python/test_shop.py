"""The programs of examples/shop, run as their user runs them, while something goes wrong in the middle."""

import collections
import glob
import json
import os
import pathlib
import shutil
import socket
import sys

import pytest

from conftest import missing
from harness import broker as brokers
from harness import records
from harness.programs import Programs
from harness.topics import Watch
from harness.wait import until

SHOP = brokers.ROOT / "examples/shop"


class Shop:
    """A broker and the programs that use it."""

    def __init__(self, broker, folder):
        self.bootstrap = broker.bootstrap
        self.programs = Programs(SHOP, folder)
        self.watch = Watch(broker.bootstrap)

    def python(self, *arguments):
        return self.programs.start(sys.executable, *arguments, BOOTSTRAP=self.bootstrap)

    def serve(self):
        """Starts the service and returns its address once it answers."""
        port = brokers.free_port()
        service = self.python("-m", "uvicorn", "service:app", "--port", str(port), "--log-level", "warning")
        until(lambda: service.is_running() and accepts(port), lambda: f"the service accepts:\n{service.last_words()}")
        return f"http://127.0.0.1:{port}"

    def read(self, topic):
        return [json.loads(message.value) for partition in self.watch.read(topic) for message in partition]

    def last_words(self):
        return self.programs.last_words()


def accepted_orders(lines):
    """What customers.py said was accepted; a library may say something in between."""
    return {line.removeprefix("accepted ") for line in lines if line.startswith("accepted ")}


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


@pytest.fixture
def shop(own, tmp_path):
    running = Shop(own, tmp_path)
    yield running
    running.programs.end()
    running.watch.close()


def by_item(changes):
    """The sum for each item of (item, count) pairs."""
    sums = collections.Counter()
    for item, count in changes:
        sums[item] += count
    return sums


class TestOrdersAndStock:
    """orders.py and stock.py: the stock program is restarted while orders keep coming."""

    BATCH = 100

    def run_with(self, shop, end_of_the_first):
        """The orders and the updates of a day on which one stock program ends and another takes over."""
        orders, stock = shop.python("orders.py"), shop.python("stock.py")
        watch = shop.watch
        watch.until_handled("stock", "orders", 300)
        end_of_the_first(stock)
        away_at = watch.count("orders")
        watch.until_count("orders", away_at + 300)
        stock = shop.python("stock.py")
        watch.until_handled("stock", "orders", away_at + 600)
        said = orders.stop()[-1]
        sent = watch.count("orders")
        assert said == f"{sent} orders sent, all acknowledged"
        watch.until_handled("stock", "orders", sent)
        stock.stop()
        return shop.read("orders"), shop.read("stock")

    def test_stock_equals_the_orders_after_a_restart(self, shop):
        orders, updates = self.run_with(shop, lambda stock: stock.stop())
        assert len(updates) == len(orders)
        self.assert_equal(orders, updates)

    def test_kill_9_loses_nothing_and_repeats_only_the_batch_in_hand(self, shop):
        orders, updates = self.run_with(shop, lambda stock: stock.kill())
        once = {update["order"]: update for update in updates}
        assert len(updates) - len(once) <= self.BATCH
        self.assert_equal(orders, once.values())

    def assert_equal(self, orders, updates):
        assert by_item((o["item"], -o["count"]) for o in orders) == by_item((u["item"], u["change"]) for u in updates)
        assert {order["order"] for order in orders} == {update["order"] for update in updates}


class TestAllInOne:
    """run.py: what a newcomer starts."""

    def test_orders_are_sent_handled_and_shown(self, shop):
        run = shop.python("run.py", "--seconds", "3600")
        shop.watch.until_handled("stock", "orders", 300)
        until(lambda: any("left: " in line for line in run.said()), lambda: f"a board:\n{run.last_words()}")
        said = run.stop()
        sent = shop.watch.count("orders")
        assert f"{sent} orders sent, all acknowledged" in said
        assert said[-1].endswith(" orders handled")

    def test_without_a_broker_it_says_what_to_do(self, shop):
        nowhere = f"127.0.0.1:{brokers.free_port()}"
        run = shop.programs.start(sys.executable, "run.py", BOOTSTRAP=nowhere)
        assert run.end() == 1
        assert "cargo run --release --bin creel" in run.said()[-1]

    def test_its_libraries_are_those_that_are_tested(self):
        assert pins(SHOP / "requirements.txt") <= pins(brokers.ROOT / "clients/python/requirements.txt")


def pins(file):
    """The packages that a file of requirements names, with their versions."""
    return {line for line in file.read_text().split("\n") if "==" in line}


class TestService:
    """service.py, customers.py and three worker.py, of which one is killed."""

    def test_every_accepted_order_is_handled_in_its_customers_order_though_a_worker_is_killed(self, shop):
        url, watch = shop.serve(), shop.watch
        workers = [shop.python("worker.py") for _ in range(3)]
        customers = shop.python("customers.py", url)
        watch.until_shared("workers", members=3, partitions=[0, 1, 2])
        watch.until_handled("workers", "orders", 200)
        workers.pop().kill()
        watch.until_shared("workers", members=2, partitions=[0, 1, 2])
        watch.until_handled("workers", "orders", watch.count("orders") + 200)
        accepted = accepted_orders(customers.stop())
        watch.until_handled("workers", "orders", watch.count("orders"))
        for worker in workers:
            worker.stop()
        assert accepted == {order["order"] for order in shop.read("orders")}
        self.assert_handled(accepted, watch.read("invoices"))

    def assert_handled(self, accepted, partitions):
        """An invoice for every accepted order; without repeats, each customer's in the order of the orders."""
        first = {}
        for partition in partitions:
            for message in partition:
                invoice = json.loads(message.value)
                assert message.key.decode() == invoice["customer"]
                first.setdefault(invoice["order"], invoice)
        assert first.keys() == accepted
        numbers = collections.defaultdict(list)
        for invoice in first.values():
            numbers[invoice["customer"]].append(invoice["number"])
        assert dict(numbers) == {customer: list(range(1, len(all_of) + 1)) for customer, all_of in numbers.items()}


class TestWholeShop:
    """Everything at once, while the broker is killed."""

    def test_every_order_is_there_once_and_handled_by_all_though_the_broker_is_killed(self, own, shop):
        url, watch = shop.serve(), shop.watch
        orders, customers = shop.python("orders.py"), shop.python("customers.py", url)
        handlers = [shop.python(name) for name in ("stock.py", "worker.py", "worker.py")]
        self.until_handled(watch, 300)
        before = watch.count("orders")
        own.kill()
        own.start()
        self.until_handled(watch, before + 300)
        accepted = accepted_orders(customers.stop())
        said = orders.stop()[-1]
        placed = [order["order"] for order in shop.read("orders")]
        self.until_handled(watch, len(placed))
        for handler in handlers:
            handler.stop()
        assert len(set(placed)) == len(placed)
        assert said == f"{len(placed) - len(accepted)} orders sent, all acknowledged"
        assert set(placed) >= accepted
        assert set(placed) == {update["order"] for update in shop.read("stock")}
        assert set(placed) == {invoice["order"] for invoice in shop.read("invoices")}

    def until_handled(self, watch, count):
        for group in ("stock", "workers"):
            watch.until_handled(group, "orders", count)


class TestLogShipping:
    """rsyslog/shop.conf in a real rsyslogd: files that grow, and a broker that goes away in the middle."""

    @pytest.mark.parametrize("go_away", ["stop", "kill"])
    def test_every_line_lands_once_in_its_files_order_though_the_broker_goes_away(self, own, shop, tmp_path, go_away):
        folder, lines = tmp_path / "logs", records.log_files()
        folder.mkdir()
        grow(folder, lines, 0.0, 0.3)
        daemon = self.start(shop, folder, tmp_path / "work")
        shop.watch.until_count("logs", 1)
        grow(folder, lines, 0.3, 0.5)
        getattr(own, go_away)()
        grow(folder, lines, 0.5, 0.8)
        own.start()
        grow(folder, lines, 0.8, 1.0)
        shop.watch.until_count("logs", sum(map(len, lines.values())))
        daemon.stop()
        assert shipped(shop.watch.read("logs")) == lines

    def start(self, shop, folder, work):
        work.mkdir()
        return shop.programs.start(
            rsyslogd(),
            *("-n", "-f", "rsyslog/shop.conf", "-i", work / "rsyslogd.pid"),
            BOOTSTRAP=shop.bootstrap,
            LOG_FILES=folder / "*.log",
            WORK=work,
        )


def rsyslogd():
    """Debian's, with its Kafka output; /usr/sbin is not on every user's PATH."""
    found = shutil.which("rsyslogd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if not found:
        missing("rsyslogd")
    if not glob.glob("/usr/lib*/rsyslog/omkafka.so") + glob.glob("/usr/lib/*/rsyslog/omkafka.so"):
        missing("rsyslog's omkafka")
    return found


def grow(folder, files, start, end):
    """Appends this part of each file's lines, as its service would."""
    for name, lines in files.items():
        part = lines[int(start * len(lines)) : int(end * len(lines))]
        with open(folder / name, "ab") as file:
            file.writelines(line + b"\n" for line in part)


def shipped(partitions):
    """The lines that came, by their files' names, which are the keys' last parts."""
    found = collections.defaultdict(list)
    for partition in partitions:
        for message in partition:
            found[pathlib.PurePath(message.key.decode()).name].append(message.value)
    return dict(found)
