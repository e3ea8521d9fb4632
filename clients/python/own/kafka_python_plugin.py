"""A pytest plugin for kafka-python's own tests.

A consumer that is told its topics while its first metadata request is under way takes the answer, without them, for the
whole truth until the next refresh (seen in one start of 150, with Apache Kafka as with Creel). Here that is a second.
"""

from kafka import KafkaConsumer

KafkaConsumer.DEFAULT_CONFIG["metadata_max_age_ms"] = 1_000
