"""Kafka's own command line tools, run as their start scripts run them."""

import shutil
import subprocess

from harness.broker import ROOT, xtask

JARS = ROOT / "clients/.tools/kafka"

# kafka-topics.sh and its like are one line each: this name behind kafka-run-class.sh.
CLASSES = {
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-client-compatibility": "org.apache.kafka.tools.ClientCompatibilityTest",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-e2e-latency": "org.apache.kafka.tools.EndToEndLatency",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
    "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
}

# A tool lives for a second: what makes a long-lived JVM fast makes it slow.
SHORT_LIVED = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]


def installed():
    if not shutil.which("java"):
        return False
    if not (JARS / "pom.xml").exists():
        subprocess.run([*xtask(), "kafka", "--install-only"], check=True)
    return True


def run(tool, *arguments, input="", check=True):
    """The finished run of a tool; with `check`, only one that ended well."""
    command = ["java", *SHORT_LIVED, "-cp", f"{JARS}/*", CLASSES[tool], *map(str, arguments)]
    done = subprocess.run(command, input=input, capture_output=True, text=True)
    assert done.returncode == 0 or not check, f"{tool} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done


class Tools:
    """The tools, told which broker they talk to."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    def __call__(self, tool, *arguments, input=""):
        """What a tool that ends well says on its standard output."""
        return run(tool, "--bootstrap-server", self.bootstrap, *arguments, input=input).stdout

    def table(self, tool, *arguments):
        """The rows of a table that a tool prints, as dictionaries by the words of its first line."""
        lines = [line.split() for line in self(tool, *arguments).splitlines() if line.strip()]
        heading = next(number for number, words in enumerate(lines) if words[0] in ("GROUP", "TOPIC"))
        return [dict(zip(lines[heading], words)) for words in lines[heading + 1 :]]
