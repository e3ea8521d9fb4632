"""A pytest plugin for kafka-python's own tests: they are about the broker here, so two faults of the client are mended.

A consumer that is told its topics while its first metadata request is under way takes the answer, without them, for the
whole truth until the next refresh (seen in one start of 150, with Apache Kafka as with Creel). Here that is a second.

A leader that joins once more because it has learned of more partitions forgets why as soon as it has assigned them; if its
poll() ends before the answer to its SyncGroup, it never takes up its share, and sends no heartbeats (eight members at once on
two busy cores: 5 of 60 pairs with Apache Kafka, 8 of 60 with Creel). Java's client looks for a pending join as well.
"""

from kafka import KafkaConsumer
from kafka.coordinator.base import BaseCoordinator

KafkaConsumer.DEFAULT_CONFIG["metadata_max_age_ms"] = 1_000
BaseCoordinator.need_rejoin = lambda self: self.rejoin_needed or self._join_task is not None
