#!/usr/bin/env python3
"""Records Kafka frames between a client and a broker.

    record.py LISTEN_PORT BROKER_PORT OUT     forward 127.0.0.1:LISTEN_PORT to BROKER_PORT until SIGTERM, then write OUT

OUT gets one frame a line, `request|response NAME VERSION HEX` (without the size prefix), sorted, at most three of different
lengths per API, version and direction, none above 2 KiB. README.md beside this says how the files here were made.
"""
import asyncio
import signal
import struct
import sys

NAMES = {
    0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 8: "OffsetCommit", 9: "OffsetFetch",
    10: "FindCoordinator", 11: "JoinGroup", 12: "Heartbeat", 13: "LeaveGroup", 14: "SyncGroup", 15: "DescribeGroups",
    16: "ListGroups", 17: "SaslHandshake", 18: "ApiVersions", 19: "CreateTopics", 20: "DeleteTopics",
    21: "DeleteRecords", 22: "InitProducerId", 23: "OffsetForLeaderEpoch", 24: "AddPartitionsToTxn",
    25: "AddOffsetsToTxn", 26: "EndTxn", 27: "WriteTxnMarkers", 28: "TxnOffsetCommit", 32: "DescribeConfigs",
    33: "AlterConfigs", 35: "DescribeLogDirs", 36: "SaslAuthenticate", 37: "CreatePartitions", 42: "DeleteGroups",
    44: "IncrementalAlterConfigs", 47: "OffsetDelete", 60: "DescribeCluster", 61: "DescribeProducers",
    65: "DescribeTransactions", 66: "ListTransactions", 68: "ConsumerGroupHeartbeat", 69: "ConsumerGroupDescribe",
    75: "DescribeTopicPartitions",
}
LONGEST = 2048
KEPT = 3
frames = {}


def keep(direction, key, version, frame):
    # Credentials never pass here: the broker that is recorded asks for none.
    if key in NAMES and len(frame) <= LONGEST:
        seen = frames.setdefault((direction, NAMES[key], version), {})
        if len(seen) < KEPT:
            seen.setdefault(len(frame), frame.hex())


async def forward(reader, writer, seen):
    try:
        while True:
            prefix = await reader.readexactly(4)
            frame = await reader.readexactly(struct.unpack(">i", prefix)[0])
            seen(frame)
            writer.write(prefix + frame)
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        writer.close()


async def connection(client_reader, client_writer, broker):
    broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", broker)
    asked = {}

    def request(frame):
        key, version, correlation = struct.unpack_from(">hhi", frame)
        asked[correlation] = (key, version)
        keep("request", key, version, frame)

    def response(frame):
        key, version = asked.pop(struct.unpack_from(">i", frame)[0])
        keep("response", key, version, frame)

    await asyncio.gather(
        forward(client_reader, broker_writer, request), forward(broker_reader, client_writer, response)
    )


async def main():
    listen, broker, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(lambda r, w: connection(r, w, broker), "127.0.0.1", listen)
    await stop.wait()
    server.close()
    with open(out, "w") as file:
        for (direction, name, version), seen in sorted(frames.items(), key=lambda item: (item[0][1], item[0])):
            for frame in seen.values():
                file.write(f"{direction} {name} {version} {frame}\n")


asyncio.run(main())
