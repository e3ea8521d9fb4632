//! A small log of two segments, every bit of its files flipped and every file cut at every length, one at a time; and
//! what opening it makes of that. Never a panic, never a batch served that was damaged where recovery looks, never a
//! batch gone that nobody says is gone.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::*;
use creel_engine::{
    AppendOrigin, Batch, BatchBuilder, BatchHeader, CheckpointFiles, CheckpointPart, LastStop, LogChecker,
    LogConfig, LogReport, Offset, OpenLog, Partition, ReadError, TurnWriter,
};
use creel_io::sim::{self, Config, NodeId};

const DATA: &str = "/data";
const BATCHES: i64 = 8;
/// Of the zeros claimed ahead so many bytes are flipped; the others are like them.
const ZEROS: usize = 64;
/// Before the files of the test there is nothing; a producer sent all of the batches.
const PRODUCER: i64 = 5;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// How the log's last life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Killed, and nothing was written down: all is looked through.
    Killed,
    /// Killed, everything synced: the checkpoint says so.
    KilledAfterCheckpoint,
    /// Stopped in order: nothing is looked through.
    Stopped,
}

const ENDS: [End; 3] = [End::Killed, End::KilledAfterCheckpoint, End::Stopped];

fn config() -> LogConfig {
    LogConfig { segment_bytes: 350, index_interval_bytes: 90, preallocate: true, ..LogConfig::default() }
}

fn sent(at: i64) -> Batch {
    let now = Config::calm().epoch_ms;
    let builder = BatchBuilder::new(now).producer(PRODUCER, 0, at as i32);
    builder.record(now, None, Some(&[b'a' + at as u8; 9])).build().unwrap()
}

/// The files of a log that ended so.
fn files(end: End) -> Files {
    sim::run_with(1, Config::calm(), move |handle| async move {
        let partition = open_with(Path::new(DATA), config()).await;
        for at in 0..BATCHES {
            append(&partition, &sent(at)).await;
        }
        creel_io::sleep(std::time::Duration::from_secs(1)).await;
        if end != End::Killed {
            let mut checkpoint = CheckpointPart::default();
            checkpoint.add(&name(), partition.recovery_point(), Offset::ZERO);
            CheckpointFiles::of(Path::new(DATA)).write(vec![checkpoint]).await.unwrap();
        }
        if end == End::Stopped {
            partition.close().await.unwrap();
        }
        let disk = handle.disk(NodeId::FIRST);
        let read = |path: PathBuf| {
            let bytes = disk.read(&path).unwrap();
            (path, bytes)
        };
        disk.files().into_iter().map(read).collect()
    })
}

/// What became of the log.
#[derive(Debug)]
struct Found {
    /// Batches served as they were sent.
    whole: Vec<i64>,
    refused: Vec<i64>,
    /// Batches served otherwise; a client sees it by the checksum.
    spoilt: Vec<i64>,
    end: i64,
    /// Damage was reported, or something cut.
    is_reported: bool,
    knows_producer: bool,
}

fn open_files(end: End, files: &Files) -> Found {
    open_and_flip(end, files, None)
}

/// The same, with a bit that flips once the log is open.
fn open_and_flip(end: End, files: &Files, flip: Option<(&Path, usize)>) -> Found {
    let files = files.clone();
    let flip = flip.map(|(path, bit)| (path.to_owned(), bit));
    sim::run_with(1, Config::calm(), move |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        files.iter().for_each(|(path, bytes)| disk.place(path, bytes).unwrap());
        let checkpoint = CheckpointFiles::of(Path::new(DATA)).read().unwrap();
        let recovery_point = checkpoint.recovery_points.get(&name()).copied();
        let opening = opening(Path::new(DATA), config());
        let last_stop = if end == End::Stopped { LastStop::Clean } else { LastStop::Unclean };
        let opening = OpenLog { last_stop, recovery_point, ..opening };
        let partition = Partition::open(&TurnWriter::new(), opening).await.unwrap();
        if let Some((path, bit)) = flip {
            disk.corrupt(path, bit as u64 / 8, (bit % 8) as u8).unwrap();
        }
        look(&partition).await
    })
}

async fn look(partition: &Partition) -> Found {
    let (mut whole, mut refused, mut spoilt) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..BATCHES.min(partition.log_end().get()) {
        match read_bytes(partition, at, 1).await {
            Ok(bytes) if is_sent(&bytes, at) => whole.push(at),
            Ok(_) => spoilt.push(at),
            Err(ReadError::Corrupt { .. } | ReadError::Storage(_)) => refused.push(at),
            Err(other) => panic!("offset {at}: {other}"),
        }
    }
    let recovery = partition.recovery();
    let is_reported = !partition.bad_ranges().is_empty() || recovery.torn_bytes > 0;
    let retry = partition.append(&sent(BATCHES - 1), AppendOrigin::Client);
    let knows_producer = retry.is_ok_and(|ticket| ticket.base_offset() == Offset::of(BATCHES - 1));
    Found { whole, refused, spoilt, end: partition.log_end().get(), is_reported, knows_producer }
}

/// The batch with its own offset, and all that its checksum covers.
fn is_sent(bytes: &[u8], at: i64) -> bool {
    let sent = sent(at);
    let offset = bytes.first_chunk().map(|bytes| i64::from_be_bytes(*bytes));
    offset == Some(at) && bytes.get(16..sent.bytes().len()) == Some(&sent.bytes()[16..])
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}

/// The bytes of a file that say something, and a few more.
fn telling(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.len().min(last + ZEROS)
}

#[test]
fn every_bit_flipped() {
    let mut flipped = 0;
    for end in ENDS {
        let sound = files(end);
        assert_eq!(open_files(end, &sound).whole.len() as i64, BATCHES, "{end:?}");
        for (path, bytes) in &sound {
            for bit in 0..telling(bytes) * 8 {
                let mut files = sound.clone();
                files.get_mut(path).unwrap()[bit / 8] ^= 1 << (bit % 8);
                let found = open_files(end, &files);
                let what = format!("{end:?}, bit {bit} of {}: {found:?}", path.display());
                match is_log(path) {
                    true => judge_log(end, &found, &what),
                    false => judge_side_file(&found, &what),
                }
                flipped += 1;
            }
        }
    }
    eprintln!("{flipped} bits flipped");
}

/// A start looks at the end of each index. What flips there later, a reader finds out.
#[test]
fn every_bit_of_an_index_flipped_while_the_log_is_open() {
    let sound = files(End::Stopped);
    let mut flipped = 0;
    let is_index = |path: &Path| path.extension().is_some_and(|extension| extension == "index");
    for (path, bytes) in sound.iter().filter(|(path, _)| is_index(path)) {
        for bit in 0..bytes.len() * 8 {
            let found = open_and_flip(End::Stopped, &sound, Some((path, bit)));
            judge_side_file(&found, &format!("bit {bit} of {}: {found:?}", path.display()));
            flipped += 1;
        }
    }
    assert!(flipped > 0);
}

/// One batch at most is not what it was, and if recovery looked at it, it is refused, or reported as cut: nothing on
/// the disk says whether the very last one had been synced.
fn judge_log(end: End, found: &Found, what: &str) {
    let missing = BATCHES as usize - found.whole.len();
    if end == End::Killed {
        assert!(missing <= 1 && found.spoilt.is_empty(), "{what}");
        assert!(missing == 0 || found.is_reported, "{what}");
        let is_last_cut = found.end == BATCHES - 1 && !found.whole.contains(&(BATCHES - 1));
        assert!(is_last_cut || found.end == BATCHES && missing == found.refused.len(), "{what}");
    } else {
        assert_eq!(found.end, BATCHES, "{what}");
        assert_eq!(missing, found.refused.len() + found.spoilt.len(), "{what}");
    }
}

/// Everything is served; the producer is known.
fn judge_side_file(found: &Found, what: &str) {
    assert_eq!(found.whole.len() as i64, BATCHES, "{what}");
    assert!(found.end >= BATCHES, "{what}");
    assert!(found.knows_producer || found.end > BATCHES, "{what}");
}

#[test]
fn every_file_cut_at_every_length() {
    let mut cut = 0;
    for end in ENDS {
        let sound = files(end);
        for (path, bytes) in &sound {
            for length in 0..telling(bytes) {
                let mut files = sound.clone();
                files.get_mut(path).unwrap().truncate(length);
                let found = open_files(end, &files);
                let what = format!("{end:?}, {} cut at {length}: {found:?}", path.display());
                if is_log(path) {
                    judge_cut(end, &found, &what);
                } else {
                    judge_side_file(&found, &what);
                }
                cut += 1;
            }
        }
    }
    eprintln!("{cut} cuts");
}

/// The last segment's end is known, unless nothing was written down. In the middle of a log nobody looks again at what
/// was once written down as safe: there, as with Kafka, a reader goes on behind the hole.
fn judge_cut(end: End, found: &Found, what: &str) {
    let missing = BATCHES as usize - found.whole.len();
    match end {
        End::Killed => assert!(found.spoilt.is_empty(), "{what}"),
        End::KilledAfterCheckpoint | End::Stopped => {
            assert!(found.end >= BATCHES, "{what}");
            assert_eq!(missing, found.refused.len() + found.spoilt.len(), "{what}");
        }
    }
}

/// What a check says of files, which it leaves as they are.
fn check(end: End, files: &Files) -> LogReport {
    let files = files.clone();
    sim::run_with(1, Config::calm(), move |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        files.iter().for_each(|(path, bytes)| disk.place(path, bytes).unwrap());
        let checkpoint = CheckpointFiles::of(Path::new(DATA)).read().unwrap();
        let recovery_point = checkpoint.recovery_points.get(&name()).copied();
        let last_stop = if end == End::Stopped { LastStop::Clean } else { LastStop::Unclean };
        let log = OpenLog { last_stop, recovery_point, ..opening(Path::new(DATA), config()) };
        let report = LogChecker::default().check(&log).await.unwrap();
        let left: Files =
            disk.files().into_iter().map(|path| (path.clone(), disk.read(&path).unwrap())).collect();
        assert_eq!(left, files, "a check changes nothing");
        report
    })
}

/// Where the batches of a sound segment end.
fn batches_end(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Ok(header) = BatchHeader::parse(&bytes[end..]) {
        end += header.size_bytes;
    }
    end
}

/// Whether a check must find a flip of this bit.
fn is_checked(end: End, path: &Path, bit: usize) -> bool {
    match path.extension().and_then(|extension| extension.to_str()) {
        // Nothing on the disk says which leader epoch is right, if a crash may have kept it from being written down.
        Some("log") => end == End::Stopped || !(12..16).contains(&(bit / 8 % sent(0).size_bytes())),
        // All batches have the same time, so an entry may name any of them.
        Some("timeindex") => end == End::Stopped && bit / 8 % 12 < 8,
        Some("index") => end == End::Stopped,
        Some("snapshot") => true,
        _ => end == End::Stopped && path.ends_with("leader-epoch-checkpoint"),
    }
}

#[test]
fn a_check_finds_each_bit_that_flips_where_no_crash_explains_it() {
    let (mut found, mut silent) = (0, 0);
    for end in [End::KilledAfterCheckpoint, End::Stopped] {
        let sound = files(end);
        let report = check(end, &sound);
        assert!(!report.is_damaged, "{report:?}");
        assert_eq!(
            (report.batches as i64, report.records as i64, report.end.get()),
            (BATCHES, BATCHES, BATCHES)
        );
        for (path, bytes) in &sound {
            // What lies behind the batches is the mark, and room.
            let length = if is_log(path) { batches_end(bytes) } else { bytes.len() };
            for bit in 0..length * 8 {
                let mut files = sound.clone();
                files.get_mut(path).unwrap()[bit / 8] ^= 1 << (bit % 8);
                let report = check(end, &files);
                if is_checked(end, path, bit) {
                    assert!(report.is_damaged, "{end:?}, bit {bit} of {}: {report:?}", path.display());
                    found += 1;
                } else {
                    silent += u64::from(!report.is_damaged);
                }
            }
        }
    }
    eprintln!("{found} flips found, {silent} not, which may be");
    assert!(found > 4000, "{found}");
}

#[test]
fn a_check_finds_each_cut_of_a_log_that_had_been_synced() {
    for end in [End::KilledAfterCheckpoint, End::Stopped] {
        let sound = files(end);
        for (path, bytes) in sound.iter().filter(|(path, _)| is_log(path)) {
            for length in 0..batches_end(bytes) {
                let mut files = sound.clone();
                files.get_mut(path).unwrap().truncate(length);
                let report = check(end, &files);
                assert!(report.is_damaged, "{end:?}, {} cut at {length}: {report:?}", path.display());
            }
        }
    }
}

#[test]
fn what_a_kill_leaves_is_no_damage() {
    let sound = files(End::Killed);
    assert!(!check(End::Killed, &sound).is_damaged);
    let (last, bytes) = sound.iter().rfind(|(path, _)| is_log(path)).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    for length in 0..end {
        let mut files = sound.clone();
        files.get_mut(last).unwrap().truncate(length);
        let report = check(End::Killed, &files);
        assert!(!report.is_damaged, "cut at {length}: {report:?}");
        // A start finds the same end.
        assert_eq!(open_files(End::Killed, &files).end, report.end.get(), "cut at {length}");
    }
}

/// The tests can fail: with a bug planted, they do.
#[cfg(feature = "planted-bugs")]
mod planted {
    use creel_engine::fault_points::{Bug, activate};

    fn must_fail(bug: Bug, test: fn()) {
        activate(Some(bug));
        let outcome = std::panic::catch_unwind(test);
        activate(None);
        assert!(outcome.is_err(), "{bug:?} was not found");
    }

    #[test]
    fn a_trusted_index_is_found() {
        must_fail(Bug::IndexTrusted, super::every_bit_of_an_index_flipped_while_the_log_is_open);
    }

    #[test]
    fn a_cut_at_a_bad_batch_is_found() {
        must_fail(Bug::TruncateAtBadBatch, super::every_bit_flipped);
    }
}
