"""Apache Kafka's own command line tools: what they do to the broker, and what they say about it."""

import collections
import json
import re

import pytest

from adapters import confluent, kafka_tools
from conftest import missing
from harness import broker as brokers
from harness import records
from harness.records import unique
from harness.wait import until


@pytest.fixture(scope="module")
def tools(broker):
    if not kafka_tools.installed():
        missing("java")
    return kafka_tools.Tools(broker.bootstrap)


@pytest.fixture(scope="module")
def served(tools):
    """The APIs that kafka-broker-api-versions finds usable."""
    said = tools("kafka-broker-api-versions")
    return set(re.findall(r"^\t(\w+)\(\d+\): .*\[usable: \d+\]", said, re.MULTILINE))


@pytest.fixture
def topic():
    return unique("tools")


@pytest.fixture
def filled(broker, topic):
    """A topic of three partitions with 90 records, and how many each partition holds."""
    return topic, fill(broker, topic)


def fill(broker, topic):
    producer = confluent.Producer(broker.bootstrap)
    for record in records.numbered(0, 90):
        producer.send(topic, record)
    return dict(collections.Counter(partition for partition, _ in producer.flush()))


class TestTopics:
    def test_topic_is_created_grown_listed_and_deleted(self, tools, topic):
        assert tools("kafka-topics", "--create", "--topic", topic, "--partitions", 2, "--config", "retention.ms=3600000")
        assert self.described(tools, topic)["PartitionCount"] == "2"
        tools("kafka-topics", "--alter", "--topic", topic, "--partitions", 5)
        grown = self.described(tools, topic)
        assert grown["PartitionCount"] == "5"
        assert grown["ReplicationFactor"] == "1"
        assert "retention.ms=3600000" in grown["Configs"].split(",")
        assert grown["leaders"] == {str(partition): "1" for partition in range(5)}
        assert topic in tools("kafka-topics", "--list").split()
        tools("kafka-topics", "--delete", "--topic", topic)
        assert topic not in tools("kafka-topics", "--list").split()

    @staticmethod
    def described(tools, topic):
        """What kafka-topics --describe says: the line of the topic, and who leads each partition."""
        said = tools("kafka-topics", "--describe", "--topic", topic)
        whole, *partitions = [dict(re.findall(r"(\w+): (\S+)", line)) for line in said.splitlines()]
        return {**whole, "leaders": {one["Partition"]: one["Leader"] for one in partitions}}


class TestConfigs:
    def test_topic_config_is_set_shown_and_taken_back(self, tools, filled):
        of_topic = ["--entity-type", "topics", "--entity-name", filled[0]]
        tools("kafka-configs", *of_topic, "--alter", "--add-config", "max.message.bytes=2000000,cleanup.policy=[compact,delete]")
        shown = self.described(tools, *of_topic)
        assert shown["max.message.bytes"] == "2000000"
        assert shown["cleanup.policy"] == "compact,delete"
        tools("kafka-configs", *of_topic, "--alter", "--delete-config", "max.message.bytes")
        shown = self.described(tools, *of_topic)
        assert "max.message.bytes" not in shown
        assert shown["cleanup.policy"] == "compact,delete"
        everything = self.described(tools, *of_topic, "--all")
        assert everything["max.message.bytes"] == "1048588"

    def test_broker_shows_what_it_was_started_with(self, broker, tools):
        shown = self.described(tools, "--entity-type", "brokers", "--entity-name", 1, "--all")
        assert {name: shown[name] for name in brokers.SETTINGS} == brokers.SETTINGS

    @staticmethod
    def described(tools, *of_what):
        """The settings that kafka-configs shows."""
        said = tools("kafka-configs", *of_what, "--describe")
        return dict(re.findall(r"^  ([\w.]+)=(.*?) sensitive=", said, re.MULTILINE))


class TestGroups:
    @pytest.fixture
    def reader(self, broker, filled):
        """A group that has read and committed everything: its name, and its member, which is still there."""
        topic, _ = filled
        group = unique("group")
        consumer = confluent.GroupConsumer(broker.bootstrap, group, topic)
        read = []
        until(lambda: read.extend(consumer.poll()) or len(read) == 90, lambda: f"90 records; came: {len(read)}")
        consumer.commit()
        yield group, consumer
        consumer.close()

    def test_group_with_a_member_is_listed_and_described(self, broker, tools, filled, reader):
        topic, ends = filled
        group, _ = reader
        more = fill(broker, topic)
        assert {"GROUP": group, "STATE": "Stable"} in tools.table("kafka-consumer-groups", "--list", "--state")
        rows = tools.table("kafka-consumer-groups", "--describe", "--group", group)
        assert {(int(row["PARTITION"]), int(row["CURRENT-OFFSET"]), int(row["LAG"])) for row in rows} == {
            (partition, ends[partition], more[partition]) for partition in ends
        }
        [member] = tools.table("kafka-consumer-groups", "--describe", "--group", group, "--members")
        assert (member["HOST"], member["CLIENT-ID"], member["#PARTITIONS"]) == ("/127.0.0.1", "rdkafka", "3")

    def test_offsets_of_a_group_are_moved_and_deleted_and_then_the_group(self, tools, filled, reader):
        topic, ends = filled
        group, member = reader
        member.close()
        move = ["--group", group, "--reset-offsets", "--execute", "--topic"]
        assert self.moved(tools, *move, topic, "--to-earliest") == {partition: 0 for partition in ends}
        assert self.moved(tools, *move, f"{topic}:1", "--to-offset", 5) == {1: 5}
        assert self.moved(tools, *move, f"{topic}:1", "--shift-by", 3) == {1: 8}
        assert self.moved(tools, *move, f"{topic}:2", "--to-datetime", "2100-01-01T00:00:00.000") == {2: ends[2]}
        rows = tools.table("kafka-consumer-groups", "--describe", "--group", group)
        assert {int(row["PARTITION"]): int(row["CURRENT-OFFSET"]) for row in rows} == {0: 0, 1: 8, 2: ends[2]}
        assert {int(row["PARTITION"]): int(row["LAG"]) for row in rows} == {0: ends[0], 1: ends[1] - 8, 2: 0}
        deleted = tools.table("kafka-consumer-groups", "--group", group, "--delete-offsets", "--topic", f"{topic}:1")
        assert deleted == [{"TOPIC": topic, "PARTITION": "1", "STATUS": "Successful"}]
        assert "was successful" in tools("kafka-consumer-groups", "--group", group, "--delete")
        assert group not in tools("kafka-consumer-groups", "--list").split()

    @staticmethod
    def moved(tools, *arguments):
        """Where --reset-offsets says that each partition's offset is now."""
        rows = tools.table("kafka-consumer-groups", *arguments)
        return {int(row["PARTITION"]): int(row["NEW-OFFSET"]) for row in rows}


class TestConsole:
    def test_group_reads_keys_and_headers_and_goes_on_where_it_was(self, tools, topic):
        group = unique("group")
        self.produce(tools, topic, "a:1,b:2\tkey\tfirst\nNULL\tkey\tsecond\n")
        assert self.read(tools, topic, group, 2) == [["a:1,b:2", "key", "first"], ["NO_HEADERS", "key", "second"]]
        self.produce(tools, topic, "NULL\tkey\tthird\n")
        assert self.read(tools, topic, group, 1) == [["NO_HEADERS", "key", "third"]]

    @staticmethod
    def produce(tools, topic, lines):
        settings = ["parse.key=true", "parse.headers=true", "null.marker=NULL"]
        properties = [word for setting in settings for word in ("--reader-property", setting)]
        tools("kafka-console-producer", "--topic", topic, *properties, input=lines)

    @staticmethod
    def read(tools, topic, group, count):
        shown = ["--formatter-property", "print.key=true", "--formatter-property", "print.headers=true"]
        arguments = ["--topic", topic, "--group", group, "--from-beginning", "--max-messages", count]
        said = tools("kafka-console-consumer", *arguments, *shown)
        return [line.split("\t") for line in said.splitlines()]


class TestVerifiable:
    COUNT = 5_000

    def test_consumer_finds_and_commits_what_the_producer_had_acknowledged(self, tools, topic):
        produced = self.events(tools("kafka-verifiable-producer", "--topic", topic, "--max-messages", self.COUNT, "--acks", -1))
        [summary] = produced["tool_data"]
        assert (summary["sent"], summary["acked"]) == (self.COUNT, self.COUNT)
        assert "producer_send_error" not in produced
        acked = {(one["partition"], one["offset"]) for one in produced["producer_send_success"]}

        group = ["--topic", topic, "--group-id", unique("group"), "--reset-policy", "earliest"]
        consumed = self.events(tools("kafka-verifiable-consumer", *group, "--max-messages", self.COUNT))
        assert sum(one["count"] for one in consumed["records_consumed"]) == self.COUNT
        assert all(one["success"] for one in consumed["offsets_committed"])
        committed = {
            offset["partition"]: offset["offset"] for one in consumed["offsets_committed"] for offset in one["offsets"]
        }
        assert acked == {(partition, offset) for partition, end in committed.items() for offset in range(end)}

    @staticmethod
    def events(said):
        """The tool's lines, by the name of what happened."""
        found = collections.defaultdict(list)
        for line in said.splitlines():
            event = json.loads(line)
            found[event["name"]].append(event)
        return dict(found)


class TestPerformance:
    COUNT = 50_000

    def test_consumer_perf_test_counts_what_the_producer_perf_test_sent(self, tools, topic):
        load = ["--num-records", self.COUNT, "--record-size", 100, "--throughput", -1, "--command-property", "acks=all"]
        said = tools("kafka-producer-perf-test", "--topic", topic, *load)
        assert f"\n{self.COUNT} records sent" in f"\n{said}"
        offsets = TestOffsets.at(tools, topic, "latest")
        assert sum(offsets.values()) == self.COUNT
        figures = tools("kafka-consumer-perf-test", "--topic", topic, "--num-records", self.COUNT).splitlines()[-1]
        assert int(figures.split(", ")[4]) == self.COUNT

    def test_latency_is_measured_from_end_to_end(self, tools, topic):
        arguments = ["--topic", topic, "--num-records", 50, "--producer-acks", "all", "--record-size", 100]
        assert "Percentiles: 50th = " in tools("kafka-e2e-latency", *arguments)


class TestOffsets:
    def test_ends_of_partitions_are_found(self, tools, filled):
        topic, ends = filled
        assert self.at(tools, topic, "earliest") == {partition: 0 for partition in ends}
        assert self.at(tools, f"{topic}:1-3", "latest") == {partition: ends[partition] for partition in (1, 2)}
        assert self.at(tools, topic, 0) == {partition: 0 for partition in ends}

    def test_records_before_an_offset_are_deleted(self, tools, filled, tmp_path):
        topic, ends = filled
        what = tmp_path / "offsets.json"
        what.write_text(json.dumps({"version": 1, "partitions": [{"topic": topic, "partition": 1, "offset": 7}]}))
        said = tools("kafka-delete-records", "--offset-json-file", what)
        assert f"partition: {topic}-1\tlow_watermark: 7" in said
        assert self.at(tools, topic, "earliest") == {**{partition: 0 for partition in ends}, 1: 7}

    @staticmethod
    def at(tools, partitions, time):
        said = tools("kafka-get-offsets", "--topic-partitions", partitions, "--time", time)
        return {int(partition): int(offset) for _, partition, offset in (line.split(":") for line in said.split())}


class TestCluster:
    def test_every_api_that_is_listed_can_be_used(self, served):
        assert {"Produce", "Fetch", "JoinGroup", "CreateTopics", "DescribeConfigs", "InitProducerId"} <= served

    def test_cluster_has_an_id(self, tools):
        said = kafka_tools.run("kafka-cluster", "cluster-id", "--bootstrap-server", tools.bootstrap).stdout
        assert re.fullmatch(r"Cluster ID: [\w-]{22}", said.strip())

    def test_log_directories_hold_the_partitions(self, tools, filled):
        topic, ends = filled
        said = tools("kafka-log-dirs", "--describe", "--topic-list", topic)
        [found] = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        [directory] = found["brokers"][0]["logDirs"]
        assert {one["partition"] for one in directory["partitions"]} == {f"{topic}-{partition}" for partition in ends}
        assert all(one["size"] > 0 and one["offsetLag"] == 0 for one in directory["partitions"])

    def test_java_clients_find_every_feature_they_count_on(self, tools, served, topic):
        """Kafka's own check of brokers of other ages: produce, consume by time, admin, cluster id."""
        expected = {
            "offsets-for-times-supported": True,
            "cluster-id-supported": True,
            "idempotent-producer-supported": True,
            "create-topics-supported": True,
            "describe-configs-supported": True,
            "describe-acls-supported": "DescribeAcls" in served,
            # Only brokers before KIP-74 had readers stumble over a large record.
            "expect-record-too-large-exception": False,
        }
        arguments = [word for name, value in expected.items() for word in (f"--{name}", value)]
        assert "SUCCESS" in tools("kafka-client-compatibility", "--topic", topic, "--num-cluster-nodes", 1, *arguments)
