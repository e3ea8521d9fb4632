import shutil

import pytest

from adapters import kcat
from conftest import missing
from harness import records
from harness.members import Group
from stories import PARTITIONS, Stories


@pytest.fixture(autouse=True)
def installed():
    if not shutil.which("kcat"):
        missing("kcat")


class TestKcat(Stories):
    adapter = kcat
    varied_records = staticmethod(records.texts)

    def group_of_processes(self, bootstrap, group, topic):
        return Group(kcat.member_command(bootstrap, group, topic), kcat.member_event)

    def assert_resumes(self, broker, topic, group, between):
        """kcat has no commit of its own will: it commits what it has printed when it leaves the group."""
        self.produce(broker, topic, records.numbered(0, 200))
        before = kcat.read_in_group(broker.bootstrap, group, topic, 80)
        between()
        after = kcat.read_in_group(broker.bootstrap, group, topic, 120)
        assert sorted(before + after, key=int) == self.values(0, 200)

    def test_listing_shows_the_broker_and_its_topics(self, broker, topic):
        self.produce(broker, topic, records.numbered(0, 10))
        listing = kcat.metadata(broker.bootstrap)
        assert [node["name"] for node in listing["brokers"]] == [broker.bootstrap]
        [found] = [one for one in listing["topics"] if one["topic"] == topic]
        assert [one["partition"] for one in found["partitions"]] == PARTITIONS
        leaders = {one["leader"] for one in found["partitions"]}
        assert leaders == {node["id"] for node in listing["brokers"]}
