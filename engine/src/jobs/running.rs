//! The background tasks of one partition: how many run, and one place to wait for a change.
//!
//! Owns the counts. Knows neither what a task does nor who owns it. A running task holds a [`Run`], and is counted
//! until that is dropped, whatever ends the task.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;

use creel_io::local::Notify;

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Syncs written batches.
    Commit,
    /// Makes written batches durable by the core's journal.
    Journal,
    /// Makes the side files of a sealed segment durable.
    SideFiles,
    /// Syncs the cut after a refused write.
    Rollback,
    /// Truncates the log, as was asked for.
    Truncate,
    /// Looks for segments that retention may drop.
    Retention,
    /// Removes segments.
    Reclaim,
    /// Prepares a file for the next segment, or gives it back.
    Spare,
    /// Has the kernel begin to write pages to the medium.
    WriteBack,
    /// Writes the durability mark once the log is at rest.
    DurabilityMark,
}

const KINDS: usize = Work::DurabilityMark as usize + 1;

/// Tasks that write what the log's files must hold. A log that is in use cannot do without them.
const WRITES: [Work; 5] = [Work::Commit, Work::Journal, Work::SideFiles, Work::Rollback, Work::Truncate];

/// See the module.
#[derive(Default)]
pub(crate) struct Running {
    counts: [Cell<u32>; KINDS],
    changed: Notify,
}

impl Running {
    pub(crate) fn has(&self, work: Work) -> bool {
        self.counts[work as usize].get() > 0
    }

    /// Whether no task writes what the log's files must hold.
    pub(crate) fn is_quiet(&self) -> bool {
        !WRITES.iter().any(|work| self.has(*work))
    }

    /// The same, where a task of this kind does not count: it asks on its own behalf.
    pub(crate) fn is_quiet_besides(&self, own: Work) -> bool {
        !WRITES.iter().any(|work| *work != own && self.has(*work))
    }

    /// Waits until no task writes what the log's files must hold.
    pub(crate) async fn quiet(&self) {
        while !self.is_quiet() {
            self.changed().await;
        }
    }

    /// Waits until no task runs at all. No task begins meanwhile, because the log is closed.
    pub(crate) async fn ended(&self) {
        while self.counts.iter().any(|count| count.get() > 0) {
            self.changed().await;
        }
    }

    /// Waits for the end of any task, or for the partition's.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + '_ {
        self.changed.notified()
    }

    /// Wakes whoever waits for a change: the partition is about to be closed.
    pub(crate) fn wake(&self) {
        self.changed.notify_all();
    }

    fn add(&self, work: Work) {
        let count = &self.counts[work as usize];
        count.set(count.get() + 1);
    }

    fn end(&self, work: Work) {
        let count = &self.counts[work as usize];
        count.set(count.get() - 1);
        self.changed.notify_all();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl AsRef<Running> for Running {
    fn as_ref(&self) -> &Running {
        self
    }
}

/// A running task: it counts as running for as long as this is held.
pub(crate) struct Run<O>
where
    O: Deref,
    O::Target: AsRef<Running>,
{
    owner: O,
    work: Work,
}

impl<O> Run<O>
where
    O: Deref,
    O::Target: AsRef<Running>,
{
    /// Begins to count the task.
    pub(crate) fn begin(owner: O, work: Work) -> Self {
        (*owner).as_ref().add(work);
        Self { owner, work }
    }

    /// The owner of the task.
    pub(crate) fn owner(&self) -> &O {
        &self.owner
    }
}

impl<O> Drop for Run<O>
where
    O: Deref,
    O::Target: AsRef<Running>,
{
    fn drop(&mut self) {
        (*self.owner).as_ref().end(self.work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random::Random;

    const ALL: [Work; KINDS] = [
        Work::Commit,
        Work::Journal,
        Work::SideFiles,
        Work::Rollback,
        Work::Truncate,
        Work::Retention,
        Work::Reclaim,
        Work::Spare,
        Work::WriteBack,
        Work::DurabilityMark,
    ];

    #[test]
    fn what_runs_is_what_has_begun_and_not_ended() {
        for seed in 0..50 {
            let (mut random, running) = (Random::new(seed), Running::default());
            let mut model: Vec<Run<&Running>> = Vec::new();
            for _ in 0..200 {
                if model.is_empty() || random.below(2) == 0 {
                    let work = ALL[random.below(KINDS as u64) as usize];
                    model.push(Run::begin(&running, work));
                } else {
                    model.swap_remove(random.below(model.len() as u64) as usize);
                }
                for work in ALL {
                    assert_eq!(running.has(work), model.iter().any(|run| run.work == work), "seed {seed}");
                }
                let writes = model.iter().any(|run| WRITES.contains(&run.work));
                assert_eq!(running.is_quiet(), !writes, "seed {seed}");
                let own = WRITES[random.below(WRITES.len() as u64) as usize];
                let besides = model.iter().any(|run| run.work != own && WRITES.contains(&run.work));
                assert_eq!(running.is_quiet_besides(own), !besides, "seed {seed}");
            }
        }
    }
}
