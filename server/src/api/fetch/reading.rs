//! What a fetch wants, where it is, and what was found there. Everything is read once. Partitions that move while the
//! fetch waits are read again.

use std::rc::Rc;
use std::time::Duration;

use creel_engine::{Isolation, Partition};
use creel_io::{CoreId, Instant, now, pace};
use creel_wire::{ErrorCode, Uuid};

use super::read::{Budget, size};
use crate::answers::KafkaError;
use crate::api::fetch::parked::Parked;
use crate::budget::descriptors::FileHold;
use crate::core::Core;
use crate::fetch_sessions::fetch_list::{FetchItem, FetchList};
use crate::peers::questions::{FetchLimits, FetchShare, FoundPartition, PartitionRead};
use crate::peers::{Awaited, Scatter};
use crate::tasks::gradual_vec::{AT_ONCE, GradualVec};
use crate::topics::{LocalTopic, Location};

/// What is asked of all partitions together.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchTerms {
    pub(super) isolation: Isolation,
    pub(super) bytes_max: usize,
    pub(super) bytes_min: usize,
    pub(super) wait: Duration,
}

/// Whether there is such a partition.
#[derive(Clone, Copy, Debug)]
pub(super) enum Located<T> {
    Missing(ErrorCode),
    Somewhere(T),
}

/// A partition that there is.
struct Site {
    wanted: FetchItem,
    owner: PartitionOwner,
    found: FoundPartition,
}

enum PartitionOwner {
    Local(Partition),
    Remote(CoreId, Uuid),
}

/// A fetch at work. Its sites are numbered in the order in which they are asked for.
pub(super) struct Reading<'a> {
    core: &'a Rc<Core>,
    terms: FetchTerms,
    /// For each partition asked for, the number of its site.
    located: Vec<Located<u32>>,
    sites: GradualVec<Site>,
    total: Total,
    /// The files of what was found.
    hold: FileHold,
    /// Some are on other cores.
    asks_others: bool,
    /// Spent parked, and on the way to other cores and back.
    pub(super) elsewhere: Duration,
}

// What a fetch that waits holds of each partition, see `fetch`.
const _: () = assert!(size_of::<FetchItem>() + size_of::<Located<u32>>() <= 32);
const _: () = assert!(size_of::<Site>() + size_of::<creel_engine::Watching>() <= 144);

/// What was found in all sites.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    failed: usize,
    full: usize,
    with_records: usize,
    bytes: usize,
    /// The same, but no site counts for more than was asked of it.
    bytes_asked: usize,
}

impl Total {
    fn add(&mut self, site: &Site) {
        let bytes = site.found.size_bytes();
        self.failed += usize::from(site.found.has_failed());
        self.full += usize::from(site.found.is_full());
        self.with_records += usize::from(bytes > 0);
        self.bytes += bytes;
        self.bytes_asked += bytes.min(size(site.wanted.bytes_max));
    }

    fn take_away(&mut self, site: &Site) {
        let bytes = site.found.size_bytes();
        self.failed -= usize::from(site.found.has_failed());
        self.full -= usize::from(site.found.is_full());
        self.with_records -= usize::from(bytes > 0);
        self.bytes -= bytes;
        self.bytes_asked -= bytes.min(size(site.wanted.bytes_max));
    }
}

/// What is shown of a partition whose core ended before it answered.
fn unread() -> FoundPartition {
    FoundPartition::failed(ErrorCode::NotLeaderOrFollower)
}

impl<'a> Reading<'a> {
    /// For so many partitions. Where they are is not known yet.
    #[inline]
    pub(super) fn new(core: &'a Rc<Core>, terms: FetchTerms, partitions: usize) -> Self {
        let located = Vec::with_capacity(partitions);
        let (mut sites, total, elsewhere) = <(GradualVec<Site>, Total, Duration)>::default();
        // Of very many it is not known yet how many exist.
        sites.reserve_exact(partitions.min(AT_ONCE));
        let hold = core.held_files.hold();
        Self { core, terms, located, sites, total, hold, elsewhere, asks_others: false }
    }

    /// Finds out where everything is.
    pub(super) async fn locate(&mut self, list: &FetchList, by_id: bool) {
        let core = self.core;
        let missing = if by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
        let mut topic = None;
        let mut local = None;
        for wanted in &list.partitions {
            if topic != Some(wanted.topic) {
                topic = Some(wanted.topic);
                local = local_topic(core, list, wanted, by_id);
            }
            match local.as_ref().map(|local| (local, core.topics.locate(local, wanted.partition))) {
                None => self.located.push(Located::Missing(missing)),
                Some((_, Location::Unavailable(error))) => self.located.push(Located::Missing(error.code())),
                Some((_, Location::Local(partition))) => self.add(wanted, PartitionOwner::Local(partition)),
                Some((local, Location::Remote(core))) => {
                    self.add(wanted, PartitionOwner::Remote(core, local.topic.id))
                }
            }
            pace(1).await;
        }
    }

    fn add(&mut self, wanted: &FetchItem, owner: PartitionOwner) {
        self.asks_others |= matches!(owner, PartitionOwner::Remote(..));
        let site = Site { wanted: *wanted, owner, found: unread() };
        self.total.add(&site);
        self.located.push(Located::Somewhere(self.sites.len() as u32));
        self.sites.push(site);
    }

    /// What was found of the partition that was asked for as number `at`.
    pub(super) fn located(&mut self, at: usize) -> Located<&mut FoundPartition> {
        match self.located.get(at) {
            Some(Located::Missing(code)) => Located::Missing(*code),
            Some(Located::Somewhere(number)) => match self.sites.get_mut(*number as usize) {
                Some(site) => Located::Somewhere(&mut site.found),
                None => Located::Missing(ErrorCode::UnknownServerError),
            },
            None => Located::Missing(ErrorCode::UnknownServerError),
        }
    }

    /// Reads, and again whatever has moved, until there is enough to answer.
    pub(super) async fn wait_and_read(&mut self) {
        if self.asks_others {
            self.core.stages.asks_others();
        }
        let deadline = now() + self.terms.wait;
        self.read(0..self.sites.len() as u32).await;
        if !self.is_enough() && now() < deadline && !self.core.stopping.has_begun() {
            // Boxed: few fetches need it, and it would make every fetch's own future larger.
            Box::pin(self.wait(deadline)).await;
        }
    }

    async fn wait(&mut self, deadline: Instant) {
        let mut since = now();
        let mut parked = self.park().await;
        loop {
            let moved = parked.moved(deadline).await;
            self.elsewhere += since.elapsed();
            let is_over = moved.is_none();
            let moved = moved.unwrap_or_else(|| parked.take_moved());
            self.read_again(&moved).await;
            if is_over || self.is_enough() {
                return;
            }
            since = now();
            self.park_again(&mut parked, &moved).await;
        }
    }

    /// A topic that does not exist is no reason to answer at once, unless there is nothing else: a client that asks
    /// for it again and again must not run in a tight loop. A fetch that has no room for more does not wait.
    fn is_enough(&self) -> bool {
        let total = &self.total;
        self.sites.is_empty()
            || total.failed > 0
            || total.full > 0
            || total.bytes_asked >= self.terms.bytes_min
    }

    async fn park(&self) -> Parked {
        let mut parked = Parked::new(self.core, self.sites.len());
        let mut elsewhere = Scatter::default();
        for (number, site) in self.sites.iter().enumerate() {
            let (number, seen) = (number as u32, site.found.seen());
            match &site.owner {
                PartitionOwner::Local(partition) => parked.watch(number, partition, seen),
                PartitionOwner::Remote(core, topic) => {
                    elsewhere.add(*core, number, (*topic, site.wanted.partition, seen));
                }
            }
            pace(1).await;
        }
        parked.watch_there(elsewhere).await;
        parked
    }

    /// Watches again what has been read again. Other cores do so by themselves.
    async fn park_again(&self, parked: &mut Parked, moved: &[u32]) {
        for number in moved {
            let site = self.sites.get(*number as usize);
            if let Some(Site { owner: PartitionOwner::Local(partition), found, .. }) = site {
                parked.watch(*number, partition, found.seen());
            }
            pace(1).await;
        }
    }

    /// Reads the partitions that have moved, within what the others leave of the limits.
    async fn read_again(&mut self, moved: &[u32]) {
        for number in moved {
            self.note(*number, unread());
        }
        self.read(moved.iter().copied()).await;
    }

    /// Reads these sites: other cores' by asking, this core's meanwhile.
    async fn read(&mut self, numbers: impl Iterator<Item = u32> + Clone) {
        let FetchTerms { isolation, bytes_max, .. } = self.terms;
        let Total { bytes, with_records, .. } = self.total;
        let limits = FetchLimits {
            isolation,
            bytes_max: bytes_max.saturating_sub(bytes),
            files_max: self.core.held_files.room(self.core.files.answered),
            has_some: with_records > 0,
        };
        let awaited = self.ask_others(limits, numbers.clone()).await;
        let mut budget = Budget::new(self.core, limits);
        for number in numbers {
            let site = self.sites.get(number as usize);
            if let Some(Site { owner: PartitionOwner::Local(partition), wanted, .. }) = site {
                let found = budget.read(partition, PartitionRead::from(wanted)).await;
                self.note(number, found);
            }
            pace(1).await;
        }
        let mut longest = Duration::ZERO;
        for (numbers, awaited) in awaited {
            let (shares, hop) = awaited.timed().await.unwrap_or_default();
            longest = longest.max(hop);
            for (number, found) in numbers.into_iter().zip(shares) {
                self.core.stages.carries(found.size_bytes());
                self.note(number, found);
                pace(1).await;
            }
        }
        self.elsewhere += longest;
    }

    fn note(&mut self, number: u32, found: FoundPartition) {
        if let Some(site) = self.sites.get_mut(number as usize) {
            self.total.take_away(site);
            site.found = found;
            self.total.add(site);
            self.hold.set(self.total.with_records);
        }
    }

    /// How many partitions have records.
    pub(super) fn with_records(&self) -> usize {
        self.total.with_records
    }

    /// What holds the files until they are sent.
    pub(super) fn take_hold(&mut self) -> FileHold {
        std::mem::replace(&mut self.hold, self.core.held_files.hold())
    }

    /// Asks the other cores for their shares; with each answer, the numbers of its sites.
    async fn ask_others(
        &self,
        limits: FetchLimits,
        numbers: impl Iterator<Item = u32>,
    ) -> Vec<(Vec<u32>, Awaited<FetchShare>)> {
        if !self.asks_others {
            return Vec::new();
        }
        let mut elsewhere = Scatter::default();
        for number in numbers {
            let site = self.sites.get(number as usize);
            if let Some(Site { owner: PartitionOwner::Remote(core, topic), wanted, .. }) = site {
                elsewhere.add(*core, number, (*topic, wanted.partition, PartitionRead::from(wanted)));
            }
            pace(1).await;
        }
        let question = |partitions| FetchShare { limits, partitions };
        elsewhere.ask(&self.core.peers, usize::MAX, question).await
    }

    /// Each core has kept within the limits by itself; together they must too.
    pub(super) async fn keep_within_budget(&mut self) {
        if !self.asks_others {
            return;
        }
        let mut left = self.terms.bytes_max;
        let mut is_first = true;
        for site in &mut *self.sites {
            let bytes = site.found.size_bytes();
            if bytes > 0 && !is_first && bytes > left.min(size(site.wanted.bytes_max)) {
                site.found.slice = None;
            } else if bytes > 0 {
                is_first = false;
                left = left.saturating_sub(bytes);
            }
            pace(1).await;
        }
    }
}

fn local_topic(core: &Core, list: &FetchList, wanted: &FetchItem, by_id: bool) -> Option<Rc<LocalTopic>> {
    let key = list.topic(wanted)?;
    if by_id { core.topics.by_id(&key.id) } else { core.topics.by_name(&key.name) }
}
