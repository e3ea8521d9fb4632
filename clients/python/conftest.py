import os

import pytest

from harness import broker as brokers


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """The broker that all client suites share; every test has topics and groups of its own."""
    running = brokers.from_environment(tmp_path_factory.mktemp("broker"))
    running.start()
    yield running
    running.end()


@pytest.fixture
def restartable(broker):
    """The shared broker, for a test that restarts it."""
    if not broker.can_restart:
        pytest.skip("this broker was started by someone else")
    return broker


@pytest.fixture
def own(tmp_path):
    """A broker of the test's own."""
    broker = brokers.from_environment(tmp_path)
    if not broker.can_restart:
        pytest.skip("this broker was started by someone else")
    yield broker.start()
    broker.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows the broker's last words beside a failure."""
    report = yield
    if report.failed:
        for broker in {b for b in getattr(item, "funcargs", {}).values() if hasattr(b, "last_words")}:
            report.sections.append((f"the last words of {broker}", broker.last_words()))
    return report


def missing(what):
    """Leaves a test out for want of a tool; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")
