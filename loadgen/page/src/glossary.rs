//! The words of a run's tables: at the end of `loadgen run --help` and of `--details`.

use std::fmt::Write;

use loadgen_result::text::wrapped;

/// Of a word and its meaning. Labels of the tables are words as they stand there, without the colon.
pub const WORDS: [(&str, &str); 57] = [
    ("acked", "answered by the broker, as --acks asks"),
    (
        "acks",
        "when a record counts as delivered: 0 sent, 1 written by the leader, all on all in-sync replicas",
    ),
    ("at 50 % of it", "second run: an open loop at half of the highest rate. Go by its latencies"),
    ("batch", "records that are sent together and compressed together"),
    ("between cores", "how often a creel's cores asked each other, and woke each other, per request"),
    ("broker", "what was measured: its version, address and cores"),
    ("clients", "settings of the producers and consumers, as their configuration has them"),
    ("closed loop", "each connection sends again when an answer comes. So the queues are always full"),
    ("codec", "how batches are compressed"),
    ("compression", "size of the records before compression, divided by their size after it"),
    ("CPU", "CPU seconds, user and system, that a process used per million records"),
    ("CPU pressure", "share of the time in which a task waited for a core, by the kernel's count (PSI)"),
    ("crash", "a kill -9 of --crash: how long no ack came, and what became of the records"),
    ("disk", "bytes of the topic's segment files per acked record, with headers and stamps"),
    ("disk pressure", "share of the time in which a task waited for a disk, by the kernel's count (PSI)"),
    ("disk writes", "bytes that the broker had the kernel write to disks, per byte of keys and values acked"),
    ("drift", "how much a figure rose from the first window to the last, along a fitted line"),
    ("end to end", "time from when a record was due to its arrival at a consumer"),
    ("first example", "one record that failed the verification"),
    ("fsync", "inside broker: time until what was written is on the disk"),
    (
        "generator busy",
        "share of the time in which loadgen's threads worked. Near 100 % loadgen is the limit",
    ),
    ("hiccups", "how late a thread that only sleeps woke up: the machine's own pauses"),
    ("highest rate", "first run: a closed loop, as fast as broker and loadgen go together"),
    ("hop", "inside broker: time to the core that owns the partition, and back"),
    ("in flight", "requests of a connection that are sent and not yet answered: at most --in-flight"),
    ("inside broker", "where requests spend their time in a creel. The largest shares come first"),
    ("kernel threads", "share of all cores that threads of the kernel used, such as for writing to the disk"),
    ("latency ms", "milliseconds, over all records that were due in the measured time"),
    ("linger", "how long a batch may wait for more records"),
    ("load", "an open loop at a rate, or a closed loop"),
    ("machine", "what else happened on the machine, each figure beside the bound of a quiet machine"),
    ("measured", "seconds that count, and seconds of warm-up before them"),
    ("memory", "peak resident memory of the broker, without the page cache"),
    ("open loop", "each record is due at its time in a schedule that never waits. Latency counts from then"),
    ("other programs", "share of all cores that neither loadgen nor the broker used"),
    ("p50 p99 p99.9", "50, 99, 99.9 % of the records took no longer (p99.99 likewise); max: the slowest"),
    ("parse", "inside broker: decoding a request"),
    (
        "queue",
        "part of response: until the request is handed to the socket (linger, in flight, late loadgen)",
    ),
    ("queue (broker)", "queue inside broker: a request waits for its turn, and is handled"),
    ("read back", "records per second that the consumers got"),
    ("receive", "inside broker: from a request's first byte to its last"),
    ("records", "what was sent: source and size of the values, and the stamp beside them"),
    ("response", "time from when a record was due to its ack"),
    ("schedule", "how late loadgen itself was, and how many records it never sent"),
    ("send", "inside broker: until the socket has taken the answer"),
    ("sent", "with acks 0, in place of acked and of response: handed to the socket"),
    ("service", "part of response: from the socket to the ack (broker and network)"),
    ("stamp", "bytes in a header of each record that identify it and hold the time when it was due"),
    ("steady", "whether the rate stayed the same, by windows of the measured time"),
    ("stolen", "share of the CPU time that the hypervisor gave to others"),
    ("system calls", "of the broker, per produce request. Those through io_uring are not counted"),
    ("topic", "its name, its partitions, and how many keys there are"),
    ("verification", "in place of verified, if it failed: how many records were lost or wrong"),
    ("verified", "seq: every acked record came back once and in order; full: also unchanged"),
    ("warm-up", "load before the measured time. Only disk, compression, memory and verification count it"),
    ("wire", "bytes sent to the broker per acked record, and received from it per record read, all frames"),
    ("write", "inside broker: until the kernel has the records"),
];

/// Wider than the longest word by two.
const WORD: usize = 16;

/// All of them.
pub fn text() -> String {
    let mut text = String::from("Words:\n");
    for (word, meaning) in WORDS {
        writeln!(text, "  {word:<WORD$}{}", wrapped(meaning, WORD + 2)).expect("text takes text");
    }
    text
}

/// Whether `label` is explained.
pub fn explains(label: &str) -> bool {
    let label = label.trim();
    WORDS.iter().any(|(word, _)| *word == label) || (label.starts_with("at ") && label.ends_with(" % of it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_result::text::COLUMNS;

    #[test]
    fn words_stand_in_order_and_have_two_lines_at_most() {
        for pair in WORDS.windows(2) {
            assert!(pair[0].0.to_lowercase() < pair[1].0.to_lowercase(), "{pair:?}");
        }
        for (word, meaning) in WORDS {
            assert!(word.len() + 2 <= WORD && !meaning.contains('\n'), "{word}");
            assert!(wrapped(meaning, WORD + 2).lines().count() <= 2, "{word}");
        }
        assert!(text().lines().all(|line| line.chars().count() <= COLUMNS));
    }
}
