//! The background tasks of one partition: one count of all of them, and one place to wait for a change.
//!
//! Owns the counts. Knows neither what a task does nor what it is owned by: who runs holds a [`Run`], and its end, however
//! it comes, is the end of the count.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;

use creel_io::local::Notify;

/// What a task is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A sync of what was written.
    Commit,
    /// It waits until the next sync is due.
    CommitAlarm,
    /// Side files of a sealed segment are made safe.
    SideFiles,
    /// The cut behind a refused write is made safe.
    Rollback,
    /// The log's end is cut, as was asked for.
    Truncate,
    /// Retention looks for segments that may go.
    Retention,
    /// Segments are removed.
    Reclaim,
    /// A file for the next segment is prepared, or given back.
    Spare,
    /// The durability mark waits for a quiet moment.
    DurabilityMark,
}

const KINDS: usize = Work::DurabilityMark as usize + 1;

/// What a log that is still needs no task for: these write what its files must hold.
const WRITES: [Work; 4] = [Work::Commit, Work::SideFiles, Work::Rollback, Work::Truncate];

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

    /// Waits until no task writes what the log's files must hold.
    pub(crate) async fn quiet(&self) {
        while !self.is_quiet() {
            self.changed().await;
        }
    }

    /// Waits until no task runs at all. None begins meanwhile: the log is closed.
    pub(crate) async fn ended(&self) {
        while self.counts.iter().any(|count| count.get() > 0) {
            self.changed().await;
        }
    }

    /// Waits for the end of any task.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + '_ {
        self.changed.notified()
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

/// A task runs for as long as this is held.
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
    /// Begins to count.
    pub(crate) fn begin(owner: O, work: Work) -> Self {
        (*owner).as_ref().add(work);
        Self { owner, work }
    }

    /// Whose task it is.
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
        Work::CommitAlarm,
        Work::SideFiles,
        Work::Rollback,
        Work::Truncate,
        Work::Retention,
        Work::Reclaim,
        Work::Spare,
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
            }
        }
    }
}
