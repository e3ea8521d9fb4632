//! Names: what is visible, what is durable, and the changes between the two.
//!
//! Owns the directories. Must not know what a file holds.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use super::file_state::Survival;
use crate::sim::rng::Rng;

/// Identifies a file or a directory, as an inode number does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ino(pub(crate) u64);

pub(super) type Entries = BTreeMap<OsString, Ino>;

/// All directories of a disk. A change of names is durable only once a directory that it touches was synced. A sync of
/// the file itself does not make its name durable (on ext4 it happens to do so), because programs must not rely on
/// that.
#[derive(Clone, Default)]
pub(super) struct Names {
    now: BTreeMap<Ino, Entries>,
    durable: BTreeMap<Ino, Entries>,
    pending: Vec<(NameChangeId, NameChange)>,
    next: NameChangeId,
}

/// Numbers the changes of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameChangeId(u64);

/// Edits that happen together or not at all. A rename is two edits.
type NameChange = Vec<Edit>;

#[derive(Clone)]
pub(super) struct Edit {
    pub(super) directory: Ino,
    pub(super) name: OsString,
    pub(super) to: Option<Ino>,
}

impl Names {
    /// Adds an empty directory that has no name yet. It is on the medium from the start; its name need not be.
    pub(super) fn add_directory(&mut self, ino: Ino) {
        self.now.insert(ino, Entries::new());
        self.durable.insert(ino, Entries::new());
    }

    pub(super) fn entries(&self, directory: Ino) -> Option<&Entries> {
        self.now.get(&directory)
    }

    pub(super) fn durable_entries(&self, directory: Ino) -> Option<&Entries> {
        self.durable.get(&directory)
    }

    pub(super) fn find(&self, directory: Ino, name: &OsStr) -> Option<Ino> {
        self.now.get(&directory)?.get(name).copied()
    }

    pub(super) fn change(&mut self, edits: Vec<Edit>) {
        edits.iter().for_each(|edit| apply(&mut self.now, edit));
        self.pending.push((self.next, edits));
        self.next.0 += 1;
    }

    pub(super) fn mark(&self) -> NameChangeId {
        self.next
    }

    /// Makes the names of a directory durable as they were at `mark`, with everything that these changes depend on.
    pub(super) fn settle(&mut self, directory: Ino, mark: NameChangeId) {
        let mut directories = BTreeSet::from([directory]);
        let mut taken = BTreeSet::new();
        for (id, edits) in self.pending.iter().rev().filter(|(id, _)| *id < mark) {
            if edits.iter().any(|edit| directories.contains(&edit.directory)) {
                directories.extend(edits.iter().map(|edit| edit.directory));
                taken.insert(*id);
            }
        }
        let (settled, rest) =
            std::mem::take(&mut self.pending).into_iter().partition(|(id, _)| taken.contains(id));
        self.pending = rest;
        self.commit(settled);
    }

    /// Makes all names durable as they were at `mark`.
    pub(super) fn settle_all(&mut self, mark: NameChangeId) {
        let (settled, rest) = std::mem::take(&mut self.pending).into_iter().partition(|(id, _)| *id < mark);
        self.pending = rest;
        self.commit(settled);
    }

    /// The power is cut: some of the changes since the last sync are durable, others are not.
    pub(super) fn crash(&mut self, survival: Survival, rng: &Rng) {
        let pending = std::mem::take(&mut self.pending);
        let cut = rng.up_to(pending.len());
        let survivors = pending.into_iter().enumerate().filter(|(index, _)| match survival {
            Survival::Nothing => false,
            Survival::Everything => true,
            Survival::Prefix => *index < cut,
            Survival::Mixed => rng.chance(0.5),
        });
        let survivors = survivors.map(|(_, change)| change).collect();
        self.commit(survivors);
        self.now = self.durable.clone();
    }

    fn commit(&mut self, changes: Vec<(NameChangeId, NameChange)>) {
        for (_, edits) in changes {
            edits.iter().for_each(|edit| apply(&mut self.durable, edit));
        }
    }

    /// Every file or directory that has a name: a visible one, a durable one, or one in a pending change.
    pub(super) fn reachable(&self, root: Ino) -> BTreeSet<Ino> {
        let mut found = BTreeSet::from([root]);
        let mut open: Vec<Ino> =
            self.pending.iter().flat_map(|(_, edits)| edits).filter_map(|edit| edit.to).collect();
        open.push(root);
        while let Some(ino) = open.pop() {
            found.insert(ino);
            let both = self.now.get(&ino).into_iter().chain(self.durable.get(&ino));
            open.extend(both.flat_map(BTreeMap::values).filter(|child| !found.contains(child)));
        }
        found
    }

    /// Forgets directories for which `keep` is false.
    pub(super) fn retain(&mut self, keep: impl Fn(Ino) -> bool) {
        self.now.retain(|ino, _| keep(*ino));
        self.durable.retain(|ino, _| keep(*ino));
    }
}

fn apply(names: &mut BTreeMap<Ino, Entries>, edit: &Edit) {
    let entries = names.entry(edit.directory).or_default();
    match edit.to {
        Some(ino) => entries.insert(edit.name.clone(), ino),
        None => entries.remove(&edit.name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ino = Ino(1);
    const B: Ino = Ino(2);

    fn edit(directory: Ino, name: &str, to: Option<u64>) -> Edit {
        Edit { directory, name: name.into(), to: to.map(Ino) }
    }

    #[test]
    fn a_settled_rename_does_not_overtake_what_came_before_it() {
        let mut names = Names::default();
        [A, B].into_iter().for_each(|ino| names.add_directory(ino));
        names.change(vec![edit(B, "x", Some(10))]);
        names.change(vec![edit(A, "y", Some(11))]);
        names.change(vec![edit(A, "y", None), edit(B, "x", Some(11))]);
        names.settle(A, names.mark());
        names.settle(B, names.mark());
        assert_eq!(names.durable[&B][OsStr::new("x")], Ino(11));
    }

    #[test]
    fn a_rename_is_whole_or_not_there() {
        for seed in 0..100 {
            let mut names = Names::default();
            names.add_directory(A);
            names.change(vec![edit(A, "x", Some(10))]);
            names.settle(A, names.mark());
            names.change(vec![edit(A, "x", None), edit(A, "y", Some(10))]);
            names.crash(Survival::Mixed, &Rng::new(seed, 0));
            assert_eq!(names.now[&A].len(), 1);
        }
    }
}
