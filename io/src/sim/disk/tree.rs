//! A node's disk: one tree of files and directories. It keeps what is visible and what is durable apart.
//!
//! Owns that state and nothing else: `file.rs` and `directory.rs`, one layer above, add time, faults and the trace.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::file_state::{ChangeId, FileState, Survival};
use super::names::{Edit, Ino, NameChangeId, Names};
use crate::sim::os_error::os_error;
use crate::sim::rng::Rng;

const ROOT: Ino = Ino(1);
/// Space is counted in blocks of this size.
const BLOCK: u64 = 4096;
/// The longest name, in bytes, on the usual file systems.
const NAME_MAX: usize = 255;

#[derive(Clone)]
pub(crate) struct Disk {
    files: BTreeMap<Ino, SimInode>,
    names: Names,
    next: u64,
    capacity: Option<u64>,
    locks: BTreeSet<Ino>,
    removals: u32,
}

#[derive(Clone)]
struct SimInode {
    state: FileState,
    /// When it was last written to. A crash does not change it.
    modified_ms: i64,
    /// Cloned into every open handle. A file without a name exists as long as a handle is open.
    open: Arc<()>,
}

/// An open file or directory.
#[derive(Clone, Debug)]
pub(crate) struct OpenedFile {
    pub(crate) ino: Ino,
    _open: Arc<()>,
}

/// What a sync that begins now has to cover.
#[derive(Clone, Copy)]
pub(crate) struct SyncMark {
    data: ChangeId,
    names: NameChangeId,
}

/// What a sync of the whole disk that begins now has to cover.
pub(crate) struct AllMark {
    files: Vec<(Ino, ChangeId)>,
    names: NameChangeId,
}

/// How to open a file.
#[derive(Clone, Copy, Default)]
pub(crate) struct OpenMode {
    pub(crate) write: bool,
    pub(crate) create: bool,
    pub(crate) create_new: bool,
    pub(crate) truncate: bool,
}

impl Disk {
    /// A disk with the directories `/data` and `/tmp`.
    pub(crate) fn new(capacity: Option<u64>) -> Disk {
        let mut disk = Disk {
            files: BTreeMap::new(),
            names: Names::default(),
            next: ROOT.0 + 1,
            capacity,
            locks: BTreeSet::new(),
            removals: 0,
        };
        disk.names.add_directory(ROOT);
        for path in ["/data", "/tmp"] {
            disk.create_dir_all(Path::new(path)).expect("the root is a directory");
        }
        disk.names.settle(ROOT, disk.names.mark());
        disk
    }

    fn new_ino(&mut self) -> Ino {
        self.next += 1;
        Ino(self.next)
    }

    /// The file or directory of a name.
    pub(crate) fn find(&self, path: &Path) -> io::Result<Ino> {
        self.walk(path)
    }

    pub(crate) fn is_file(&self, ino: Ino) -> bool {
        !self.is_directory(ino)
    }

    fn is_directory(&self, ino: Ino) -> bool {
        self.names.entries(ino).is_some()
    }

    // --- paths

    fn walk(&self, path: &Path) -> io::Result<Ino> {
        let mut at = ROOT;
        for name in components(path)? {
            if !self.is_directory(at) {
                return Err(os_error(libc::ENOTDIR));
            }
            at = self.names.find(at, &name).ok_or_else(|| os_error(libc::ENOENT))?;
        }
        Ok(at)
    }

    fn parent_and_name(&self, path: &Path) -> io::Result<(Ino, OsString)> {
        let mut names = components(path)?;
        let name = names.pop().ok_or_else(|| os_error(libc::EINVAL))?;
        let parent = self.walk(&names.iter().collect::<PathBuf>())?;
        if self.is_directory(parent) { Ok((parent, name)) } else { Err(os_error(libc::ENOTDIR)) }
    }

    pub(crate) fn open(&mut self, path: &Path, mode: OpenMode) -> io::Result<OpenedFile> {
        let ino = match self.walk(path) {
            Ok(_) if mode.create_new => return Err(os_error(libc::EEXIST)),
            Ok(ino) if self.is_directory(ino) && (mode.write || mode.create) => {
                return Err(os_error(libc::EISDIR));
            }
            Ok(ino) => ino,
            Err(error) if error.kind() == io::ErrorKind::NotFound && (mode.create || mode.create_new) => {
                self.create_file(path)?
            }
            Err(error) => return Err(error),
        };
        if mode.truncate && self.length(ino) > 0 {
            self.set_length(ino, 0)?;
        }
        let open = self.files.get(&ino).map(|file| file.open.clone()).unwrap_or_default();
        Ok(OpenedFile { ino, _open: open })
    }

    fn create_file(&mut self, path: &Path) -> io::Result<Ino> {
        let (parent, name) = self.parent_and_name(path)?;
        let ino = self.new_ino();
        self.files
            .insert(ino, SimInode { state: FileState::default(), modified_ms: 0, open: Arc::default() });
        self.names.change(vec![Edit { directory: parent, name, to: Some(ino) }]);
        Ok(ino)
    }

    pub(crate) fn create_dir_all(&mut self, path: &Path) -> io::Result<()> {
        let mut at = ROOT;
        for name in components(path)? {
            at = match self.names.find(at, &name) {
                Some(ino) => ino,
                None => {
                    let ino = self.new_ino();
                    self.names.add_directory(ino);
                    self.names.change(vec![Edit { directory: at, name, to: Some(ino) }]);
                    ino
                }
            };
            if !self.is_directory(at) {
                return Err(os_error(libc::ENOTDIR));
            }
        }
        Ok(())
    }

    pub(crate) fn read_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let entries = self.names.entries(self.walk(path)?).ok_or_else(|| os_error(libc::ENOTDIR))?;
        Ok(entries.keys().cloned().collect())
    }

    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.walk(path).is_ok()
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let ino = self.walk(from)?;
        let (from_directory, from_name) = self.parent_and_name(from)?;
        let (to_directory, to_name) = self.parent_and_name(to)?;
        if let Some(target) = self.names.find(to_directory, &to_name) {
            if target == ino {
                return Ok(());
            }
            self.check_replaceable(ino, target)?;
        }
        self.names.change(vec![
            Edit { directory: from_directory, name: from_name, to: None },
            Edit { directory: to_directory, name: to_name, to: Some(ino) },
        ]);
        self.sweep_now_and_then();
        Ok(())
    }

    fn check_replaceable(&self, ino: Ino, target: Ino) -> io::Result<()> {
        match (self.is_directory(ino), self.names.entries(target)) {
            (true, None) => Err(os_error(libc::ENOTDIR)),
            (false, Some(_)) => Err(os_error(libc::EISDIR)),
            (true, Some(entries)) if !entries.is_empty() => Err(os_error(libc::ENOTEMPTY)),
            _ => Ok(()),
        }
    }

    pub(crate) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        if self.is_directory(self.walk(path)?) {
            return Err(os_error(libc::EISDIR));
        }
        self.unlink(path)
    }

    fn unlink(&mut self, path: &Path) -> io::Result<()> {
        let (directory, name) = self.parent_and_name(path)?;
        self.names.change(vec![Edit { directory, name, to: None }]);
        self.sweep_now_and_then();
        Ok(())
    }

    pub(crate) fn remove_dir_all(&mut self, path: &Path) -> io::Result<()> {
        if !self.is_directory(self.walk(path)?) {
            return Err(os_error(libc::ENOTDIR));
        }
        for name in self.read_dir(path)? {
            let child = path.join(name);
            if self.is_directory(self.walk(&child)?) {
                self.remove_dir_all(&child)?;
            } else {
                self.unlink(&child)?;
            }
        }
        self.unlink(path)
    }

    // --- files

    fn state(&self, ino: Ino) -> io::Result<&FileState> {
        self.files.get(&ino).map(|file| &file.state).ok_or_else(|| os_error(libc::EISDIR))
    }

    fn state_mut(&mut self, ino: Ino) -> io::Result<&mut FileState> {
        self.files.get_mut(&ino).map(|file| &mut file.state).ok_or_else(|| os_error(libc::EISDIR))
    }

    pub(crate) fn length(&self, ino: Ino) -> u64 {
        self.files.get(&ino).map_or(0, |file| file.state.now().length())
    }

    pub(crate) fn modified_ms(&self, ino: Ino) -> i64 {
        self.files.get(&ino).map_or(0, |file| file.modified_ms)
    }

    /// Sets when a file was last written to.
    pub(crate) fn touch(&mut self, ino: Ino, modified_ms: i64) {
        if let Some(file) = self.files.get_mut(&ino) {
            file.modified_ms = modified_ms;
        }
    }

    pub(crate) fn read(&self, ino: Ino, position: u64, out: &mut [u8]) -> io::Result<usize> {
        Ok(self.state(ino)?.now().read(position, out))
    }

    /// Writes as much as the disk has space for. ENOSPC if that is nothing.
    pub(crate) fn write(&mut self, ino: Ino, position: u64, bytes: &Bytes) -> io::Result<usize> {
        let length = self.state(ino)?.now().length();
        let end = position + bytes.len() as u64;
        let room = self.room_beyond(length);
        let fits = if end <= room { bytes.len() } else { room.saturating_sub(position) as usize };
        if fits == 0 && !bytes.is_empty() {
            return Err(os_error(libc::ENOSPC));
        }
        self.state_mut(ino)?.write(position, bytes.slice(..fits));
        Ok(fits)
    }

    /// Reserves disk space. The file then ends at `end` or later.
    pub(crate) fn allocate(&mut self, ino: Ino, end: u64) -> io::Result<()> {
        let length = self.state(ino)?.now().length();
        if end > self.room_beyond(length) {
            return Err(os_error(libc::ENOSPC));
        }
        if end > length { self.set_length(ino, end) } else { Ok(()) }
    }

    pub(crate) fn set_length(&mut self, ino: Ino, length: u64) -> io::Result<()> {
        self.state_mut(ino)?.set_length(length);
        Ok(())
    }

    pub(crate) fn mark(&self, ino: Ino) -> SyncMark {
        let data = self.files.get(&ino).map(|file| file.state.mark()).unwrap_or_default();
        SyncMark { data, names: self.names.mark() }
    }

    /// The sync that began at `mark` has succeeded.
    pub(crate) fn settle(&mut self, ino: Ino, mark: SyncMark) {
        match self.files.get_mut(&ino) {
            Some(file) => file.state.settle(mark.data),
            None => self.names.settle(ino, mark.names),
        }
    }

    /// The sync that began at `mark` has failed. Names of a directory stay pending, because they are in the file
    /// system's journal. A file system that can't write its journal takes no more changes; it does not forget some of
    /// them.
    pub(crate) fn fail_sync(&mut self, ino: Ino, mark: SyncMark, rng: &Rng) {
        if let Some(file) = self.files.get_mut(&ino) {
            file.state.fail_sync(mark.data, rng);
        }
    }

    /// What a sync of the whole disk has to cover that begins now.
    pub(crate) fn mark_all(&self) -> AllMark {
        let files = self.files.iter().map(|(ino, file)| (*ino, file.state.mark())).collect();
        AllMark { files, names: self.names.mark() }
    }

    /// The sync of the whole disk that began at `mark` has succeeded.
    pub(crate) fn settle_all(&mut self, mark: AllMark) {
        for (ino, data) in mark.files {
            if let Some(file) = self.files.get_mut(&ino) {
                file.state.settle(data);
            }
        }
        self.names.settle_all(mark.names);
    }

    /// The sync of the whole disk that began at `mark` has failed, for any of the files.
    pub(crate) fn fail_sync_of_all(&mut self, mark: AllMark, rng: &Rng) {
        for (ino, data) in mark.files {
            if let Some(file) = self.files.get_mut(&ino) {
                file.state.fail_sync(data, rng);
            }
        }
    }

    /// A write past the page cache has begun.
    pub(crate) fn begin_direct(&mut self, ino: Ino, position: u64, bytes: Bytes) -> io::Result<ChangeId> {
        Ok(self.state_mut(ino)?.begin_direct(position, bytes))
    }

    /// It has ended.
    pub(crate) fn settle_direct(&mut self, ino: Ino, write: ChangeId) {
        if let Some(file) = self.files.get_mut(&ino) {
            file.state.settle_direct(write);
        }
    }

    /// It has failed.
    pub(crate) fn fail_direct(&mut self, ino: Ino, write: ChangeId, rng: &Rng) {
        if let Some(file) = self.files.get_mut(&ino) {
            file.state.fail_direct(write, rng);
        }
    }

    /// Makes reads come from the medium again, where nothing is pending.
    pub(crate) fn drop_cached(&mut self, ino: Ino) {
        if let Some(file) = self.files.get_mut(&ino) {
            file.state.drop_cached();
        }
    }

    // --- space

    /// The capacity, if there is one, and how much of it is used.
    pub(crate) fn space(&mut self) -> (Option<u64>, u64) {
        (self.capacity, self.used())
    }

    pub(crate) fn set_capacity(&mut self, capacity: Option<u64>) {
        self.capacity = capacity;
    }

    /// The number of bytes in use, in whole blocks. Files that are open, or still on the medium, count as on a real
    /// disk.
    pub(crate) fn used(&mut self) -> u64 {
        self.sweep();
        self.files.values().map(|file| file.state.now().length().next_multiple_of(BLOCK)).sum()
    }

    /// The length to which a file of `length` bytes could grow.
    fn room_beyond(&mut self, length: u64) -> u64 {
        let Some(capacity) = self.capacity else { return u64::MAX };
        length.next_multiple_of(BLOCK) + capacity.saturating_sub(self.used()) / BLOCK * BLOCK
    }

    fn sweep_now_and_then(&mut self) {
        self.removals += 1;
        if self.removals.is_multiple_of(256) {
            self.sweep();
        }
    }

    /// Frees the files that nobody can reach any more.
    fn sweep(&mut self) {
        let reachable = self.names.reachable(ROOT);
        self.files.retain(|ino, file| reachable.contains(ino) || Arc::strong_count(&file.open) > 1);
        self.names.retain(|ino| reachable.contains(&ino));
    }

    // --- locks

    pub(crate) fn lock(&mut self, ino: Ino) -> io::Result<()> {
        if self.locks.insert(ino) { Ok(()) } else { Err(os_error(libc::EWOULDBLOCK)) }
    }

    pub(crate) fn unlock(&mut self, ino: Ino) {
        self.locks.remove(&ino);
    }

    // --- the end of a process, or of the power

    /// The process has ended, and its locks with it. What it wrote is still in the page cache. Of its writes past the
    /// page cache, chance decides what was done.
    pub(crate) fn process_ended(&mut self, rng: &Rng) {
        self.locks.clear();
        self.files.values_mut().for_each(|file| file.state.process_ended(rng));
    }

    /// The power is cut. Chance decides what remains of everything that was not synced.
    pub(crate) fn crash(&mut self, rng: &Rng) {
        self.locks.clear();
        let survival = Survival::draw(rng);
        self.names.crash(survival, rng);
        self.files.values_mut().for_each(|file| file.state.crash(survival, rng));
        self.sweep();
    }

    // --- for tests

    /// Creates a file, with durable content and a durable name.
    pub(crate) fn place(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            self.create_dir_all(parent)?;
        }
        let opened = self.open(path, OpenMode { create: true, ..OpenMode::default() })?;
        let file = self.files.get_mut(&opened.ino).ok_or_else(|| os_error(libc::EISDIR))?;
        file.state = FileState::durable_file(bytes);
        for directory in path.ancestors().skip(1) {
            let ino = self.walk(directory)?;
            self.names.settle(ino, self.names.mark());
        }
        Ok(())
    }

    pub(crate) fn visible(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.state(self.walk(path)?)?.now().to_vec())
    }

    pub(crate) fn durable(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut at = ROOT;
        for name in components(path)? {
            let entries = self.names.durable_entries(at).ok_or_else(|| os_error(libc::ENOTDIR))?;
            at = *entries.get(&name).ok_or_else(|| os_error(libc::ENOENT))?;
        }
        Ok(self.state(at)?.durable().to_vec())
    }

    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        self.list(ROOT, Path::new("/"), &mut found);
        found
    }

    fn list(&self, directory: Ino, at: &Path, found: &mut Vec<PathBuf>) {
        for (name, ino) in self.names.entries(directory).into_iter().flatten() {
            match self.is_directory(*ino) {
                true => self.list(*ino, &at.join(name), found),
                false => found.push(at.join(name)),
            }
        }
    }

    pub(crate) fn flip(&mut self, path: &Path, position: u64, bit: u8) -> io::Result<()> {
        let ino = self.walk(path)?;
        self.state_mut(ino)?.flip(position, bit);
        Ok(())
    }
}

/// A path's names, from the root on. A relative path also begins at the root.
fn components(path: &Path) -> io::Result<Vec<OsString>> {
    let mut names: Vec<OsString> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) if name.len() > NAME_MAX => return Err(os_error(libc::ENAMETOOLONG)),
            Component::Normal(name) => names.push(name.to_owned()),
            Component::ParentDir => {
                names.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Ok(names)
}

/// The path of the lock file in a directory.
pub(crate) fn lock_path(directory: &Path) -> PathBuf {
    directory.join(OsStr::new(".lock"))
}
