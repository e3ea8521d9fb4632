//! What the outside world was told, and whether the broker keeps to it.
//!
//! A record is *known* once it was acknowledged as durable or served to anyone. From then on it stands at its offset for
//! good, unless retention moves the log's start past it; an offset never means another record; no record stands twice;
//! a producer's records stand in the order it sent them, without a gap if it is a careful one; of a careless one's, those
//! without an answer may come late (`unanswered`). A committed offset never goes back.

use std::collections::{BTreeMap, HashMap};

use super::content::RecordId;
use super::unanswered::Unanswered;

/// A partition's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    pub topic: &'static str,
    pub index: i32,
}

/// All that was promised.
#[derive(Default)]
pub struct Judge {
    parts: BTreeMap<Part, History>,
    commits: BTreeMap<(&'static str, i32), Commits>,
    /// Producers that never repeat a record whose fate they don't know.
    careless: Vec<u16>,
    pub counts: Counts,
}

/// How much was judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub acked: u64,
    pub served: u64,
    pub swept: u64,
    pub commits: u64,
    /// Records that retention took.
    pub retired: u64,
}

#[derive(Default)]
struct History {
    known: BTreeMap<i64, RecordId>,
    places: HashMap<RecordId, i64>,
    /// Of careless producers.
    unanswered: Unanswered,
    /// Where the log started when last looked.
    start: i64,
    keeps_everything: bool,
}

#[derive(Default)]
struct Commits {
    /// At least this is committed.
    floor: i64,
    /// The largest that was ever sent.
    sent: i64,
    /// The smallest whose connection broke: it may come to pass as long as this broker lives.
    loose: Option<i64>,
}

impl Judge {
    pub fn new(parts: impl IntoIterator<Item = (Part, bool)>, careless: Vec<u16>) -> Self {
        let history = |keeps_everything| History { keeps_everything, ..History::default() };
        let parts = parts.into_iter().map(|(part, keeps)| (part, history(keeps))).collect();
        Self { parts, careless, ..Self::default() }
    }

    fn history(&mut self, part: Part) -> &mut History {
        self.parts.get_mut(&part).unwrap()
    }

    /// A careless producer is about to send `count` records from `first` on.
    pub fn sending(&mut self, part: Part, first: RecordId, count: i32) {
        self.history(part).unanswered.sending(first, count);
    }

    /// The broker has answered to them, whatever it said.
    pub fn answered(&mut self, part: Part, first: RecordId, count: i32) {
        self.history(part).unanswered.answered(first, count);
    }

    /// The broker has acknowledged `count` records from `first` on, at `offset`.
    pub fn acked(&mut self, part: Part, first: RecordId, count: i32, offset: i64) {
        self.counts.acked += u64::from(count.unsigned_abs());
        for at in 0..count {
            let id = RecordId { number: first.number + at, ..first };
            self.history(part).know(part, offset + i64::from(at), id);
        }
    }

    /// The broker has served a record.
    pub fn served(&mut self, part: Part, offset: i64, id: RecordId) {
        self.counts.served += 1;
        self.history(part).know(part, offset, id);
    }

    /// Everything a partition holds, from its start to the end of what may be read.
    pub fn swept(&mut self, part: Part, start: i64, end: i64, found: &[(i64, RecordId)]) {
        let careless = self.careless.clone();
        self.counts.swept += found.len() as u64;
        let history = self.history(part);
        let retired = history.move_start(part, start);
        let offsets: Vec<i64> = found.iter().map(|(offset, _)| *offset).collect();
        assert!(offsets.iter().copied().eq(start..end), "{part:?}: {start}..{end} has a hole: {offsets:?}");
        let lost: Vec<_> = history.known.range(end..).collect();
        assert!(lost.is_empty(), "{part:?}: ends at {end}, and {lost:?} were acknowledged or served");
        found.iter().for_each(|(offset, id)| history.know(part, *offset, *id));
        let mut highest: HashMap<u16, i32> = HashMap::new();
        for (offset, id) in found {
            let before = highest.get(&id.producer).copied();
            let follows = match before {
                _ if careless.contains(&id.producer) => history.unanswered.may_follow(*id, before),
                Some(before) => id.number == before + 1,
                None => start > 0 || id.number == 0,
            };
            assert!(follows, "{part:?}: {id:?} at {offset} comes behind {before:?}");
            highest.insert(id.producer, before.map_or(id.number, |before| before.max(id.number)));
        }
        self.counts.retired += retired;
    }

    /// A group is about to commit `offset`.
    pub fn committing(&mut self, group: &'static str, index: i32, offset: i64) {
        let commits = self.commits.entry((group, index)).or_default();
        commits.sent = commits.sent.max(offset);
    }

    /// A group's offset was committed, or read as committed.
    pub fn committed(&mut self, group: &'static str, index: i32, offset: i64) {
        self.counts.commits += 1;
        let commits = self.commits.entry((group, index)).or_default();
        let (floor, sent) = (commits.at_least(), commits.sent);
        assert!((floor..=sent).contains(&offset), "{group}/{index} is at {offset}, not in {floor}..={sent}");
        commits.floor = offset;
    }

    /// The connection of a commit broke: it may come to pass at any time, also behind a later one.
    pub fn commit_is_loose(&mut self, group: &'static str, index: i32, offset: i64) {
        let commits = self.commits.entry((group, index)).or_default();
        commits.loose = Some(commits.loose.map_or(offset, |loose| loose.min(offset)));
    }

    /// The broker has ended: nothing is under way any more.
    pub fn broker_ended(&mut self) {
        for commits in self.commits.values_mut() {
            commits.floor = commits.at_least();
            commits.loose = None;
        }
        self.parts.values_mut().for_each(|history| history.unanswered.broker_ended());
    }
}

impl Commits {
    fn at_least(&self) -> i64 {
        self.loose.map_or(self.floor, |loose| loose.min(self.floor))
    }
}

impl History {
    fn know(&mut self, part: Part, offset: i64, id: RecordId) {
        if offset < self.start {
            return;
        }
        let before = *self.known.entry(offset).or_insert(id);
        assert_eq!(before, id, "{part:?}: offset {offset} meant {before:?}, and now {id:?}");
        let place = *self.places.entry(id).or_insert(offset);
        assert_eq!(place, offset, "{part:?}: {id:?} stands twice, at {place} and {offset}");
    }

    /// Records before the log's start are excused, if the topic may drop any. The number of them.
    fn move_start(&mut self, part: Part, start: i64) -> u64 {
        assert!(start >= self.start, "{part:?}: the log's start went back from {} to {start}", self.start);
        assert!(
            start == 0 || !self.keeps_everything,
            "{part:?} starts at {start} and was to keep everything"
        );
        self.start = start;
        let kept = self.known.split_off(&start);
        let gone = std::mem::replace(&mut self.known, kept);
        gone.values().for_each(|id| {
            self.places.remove(id);
        });
        gone.len() as u64
    }
}
