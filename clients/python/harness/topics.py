"""What topics hold and how far groups have come, asked of the broker by someone who takes no part. And topics with settings."""

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from .wait import until


def create(bootstrap, topic, partitions, settings):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": settings}
    admin.create_topics({topic: wanted}, wait_for_metadata=True)
    admin.close()


class Watch:
    def __init__(self, bootstrap):
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self._reader = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")

    def close(self):
        self._admin.close()
        self._reader.close()

    def count(self, topic):
        """How many records a topic has; 0 for one that is not there yet."""
        return sum(self._ends(topic).values())

    def handled(self, group, topic):
        """How many of a topic's records a group has committed."""
        committed = self._admin.list_group_offsets(group)[group]
        return sum(max(at.offset, 0) for partition, at in committed.items() if partition.topic == topic)

    def shares(self, group):
        """The partitions of each member of a settled group; nothing while it rebalances."""
        found = self._admin.describe_groups([group])[group]
        if found["group_state"] != "Stable":
            return []
        assignments = [member["member_assignment"]["assigned_partitions"] for member in found["members"]]
        return [[one for topic in topics for one in topic["partitions"]] for topics in assignments]

    def until_count(self, topic, least):
        self._until(lambda: self.count(topic), lambda count: count >= least, f"{least} records in {topic}")

    def until_handled(self, group, topic, least):
        self._until(lambda: self.handled(group, topic), lambda count: count >= least, f"{least} handled by {group}")

    def until_shared(self, group, members, partitions):
        """That many members, none idle, share the partitions."""

        def is_shared(shares):
            return len(shares) == members and all(shares) and sorted(sum(shares, [])) == partitions

        self._until(lambda: self.shares(group), is_shared, f"{partitions} shared by {members} in {group}")

    def _until(self, look, is_enough, what):
        """While topics and coordinators are made, and while a broker restarts, a question may fail: it is asked again."""
        last = None

        def seen():
            nonlocal last
            try:
                last = look()
            except KafkaError as error:
                last = repr(error)
                return False
            return is_enough(last)

        until(seen, lambda: f"{what}; last seen: {last}")

    def read(self, topic):
        """Every record up to the ends of now: a list per partition, each in order."""
        ends = self._ends(topic)
        found = {partition: [] for partition in ends}
        self._reader.assign(list(ends))
        self._reader.seek_to_beginning()

        def read_on():
            for partition, records in self._reader.poll(timeout_ms=200).items():
                found[partition].extend(records)
            return all(len(found[partition]) >= end for partition, end in ends.items())

        until(read_on, lambda: f"the ends {ends}; came: { {p.partition: len(r) for p, r in found.items()} }")
        return list(found.values())

    def _ends(self, topic):
        partitions = self._reader.partitions_for_topic(topic) or []
        return self._reader.end_offsets([TopicPartition(topic, one) for one in partitions]) if partitions else {}
