//! The words of a run's tables, a line each: at the end of `loadgen run --help` and of `--details`.

use std::fmt::Write;

/// Of a word and its meaning. Labels of the tables are words as they stand there, without the colon.
pub const WORDS: [(&str, &str); 54] = [
    ("acked", "answered by the broker as --acks asks; sent, where nothing is answered (0)"),
    ("acks", "a record counts as delivered: 0 once sent, 1 once written, all once it is safe"),
    ("at 50 % of it", "second run, open loop at half of the highest rate: the latencies to go by"),
    ("batch", "the records that travel together, compressed together"),
    ("between cores", "how often a creel's cores asked each other, and woke each other, for a request"),
    ("broker", "what was measured, its version and its cores"),
    ("clients", "what producers and consumers were told, as their configuration would"),
    ("closed loop", "each connection sends as fast as its answers come: queues are always full"),
    ("codec", "how batches are compressed"),
    ("compression", "records before compression over the same after it"),
    ("CPU", "seconds a process used per million records, user and system; idle cores aside"),
    ("CPU pressure", "share of the time in which some task waited for a core, says the kernel (PSI)"),
    ("crash", "a kill -9 of --crash: how long nothing was acked, what became of the records"),
    ("disk", "bytes of the topic's files per record, headers and stamps included"),
    ("disk pressure", "share of the time in which some task waited for a disk, says the kernel (PSI)"),
    ("disk writes", "what the broker had the kernel write to disks, per byte acked"),
    ("drift", "how much a figure rose from the first window to the last, along a fitted line"),
    ("end to end", "from when a record was due to its arrival at a consumer"),
    ("first example", "one record for which the verification failed"),
    ("fsync", "inside the broker: until what was written was on the disk"),
    ("generator busy", "share of their time that loadgen's threads worked; near 100 % it is the limit"),
    ("hiccups", "how late a thread that only sleeps woke up: the machine's own pauses"),
    ("highest rate", "first run, closed loop: as fast as broker and generator go together"),
    ("hop", "inside the broker: the way to the core that owns the partition, and back"),
    ("in flight", "requests of a connection that are sent and not yet answered, up to --in-flight"),
    ("inside broker", "where requests spent their time in a creel, the largest shares first"),
    ("latency ms", "milliseconds, of all records that were due in what was measured"),
    ("linger", "how long a batch waits for more records before it is sent"),
    ("load", "how records lie in time: open loop, or closed loop at maximum"),
    ("machine", "what else went on here, each figure beside what a quiet machine stays below"),
    ("measured", "seconds that count, and the warm-up before them that does not"),
    ("memory", "resident memory of the broker at its most, without the page cache"),
    ("open loop", "each record has its time in a schedule that never waits; latency counts from it"),
    ("other programs", "share of all cores that went to neither loadgen nor the broker"),
    ("p50 p99 p99.9", "50, 99, 99.9 % (99.99 likewise) of the records took no longer; max: the slowest"),
    ("parse", "inside the broker: decoding a request"),
    ("queue", "until a request is in the socket: linger, in flight, loadgen; in broker: waits"),
    ("read back", "records that the consumers got per second"),
    ("receive", "inside the broker: from a request's first byte to its last"),
    ("records", "what was sent: their source and size, and the stamp beside it"),
    ("response", "from when a record was due to its ack"),
    ("schedule", "how late loadgen itself was, and what it never sent"),
    ("send", "inside the broker: until the socket had taken the answer"),
    ("service", "from the socket to the ack: broker and network"),
    ("stamp", "bytes in a header of each record, by which it is recognised and timed"),
    ("steady", "whether the rate was the same all the time, in windows of what was measured"),
    ("stolen", "share of the CPU that the hypervisor gave to others"),
    ("system calls", "of the broker per produce request; those through io_uring are not counted"),
    ("the kernel's own", "share of all cores that the kernel's threads used, as for writing to the disk"),
    ("topic", "its name, partitions and keys"),
    ("verified", "seq: acked records came back once, in order; full: unchanged, too (verification)"),
    ("warm-up", "load before what is measured: nothing of it counts"),
    ("wire", "bytes per record to and from the broker, all frames"),
    ("write", "inside the broker: until the kernel had the records"),
];

/// Wider than the longest word by two.
const WORD: usize = 18;

/// All of them.
pub fn text() -> String {
    let mut text = String::from("Words:\n");
    for (word, meaning) in WORDS {
        writeln!(text, "  {word:<WORD$}{meaning}").expect("text takes text");
    }
    text
}

/// Whether `label` is explained.
pub fn explains(label: &str) -> bool {
    let label = label.trim();
    WORDS.iter().any(|(word, _)| *word == label)
        || ["sent", "verification"].contains(&label) // with what they take the place of
        || (label.starts_with("at ") && label.ends_with(" % of it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_one_line_and_they_stand_in_order() {
        for pair in WORDS.windows(2) {
            assert!(pair[0].0.to_lowercase() < pair[1].0.to_lowercase(), "{pair:?}");
        }
        for (word, meaning) in WORDS {
            assert!(word.len() + 2 <= WORD && meaning.len() <= 80 && !meaning.contains('\n'), "{word}");
        }
        assert_eq!(text().lines().count(), WORDS.len() + 1);
    }
}
