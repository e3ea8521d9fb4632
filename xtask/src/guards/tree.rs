//! The files that Git knows or would add: their names, and the text of those that a guard reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// What ends a name whose text is read.
const READ: [&str; 3] = [".rs", ".md", ".toml"];

/// Paths are relative to the root, with `/` between the parts.
pub(super) struct Tree {
    texts: BTreeMap<String, String>,
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    /// Folders that Git ignores: they are there only after a build or a run.
    ignored: Vec<String>,
}

impl Tree {
    /// The files of a checkout, new ones included.
    pub(super) fn of_checkout(root: &Path) -> io::Result<Self> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
        let output = git.output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let names = String::from_utf8_lossy(&output.stdout).into_owned();
        // A file may be deleted in the checkout and still be known to Git.
        let names = names.split_terminator('\0').filter(|name| root.join(name).is_file());
        let mut texts = BTreeMap::new();
        let mut files = BTreeSet::new();
        for name in names {
            if READ.iter().any(|end| name.ends_with(end)) {
                texts.insert(name.to_owned(), fs::read_to_string(root.join(name))?);
            }
            files.insert(name.to_owned());
        }
        let ignore = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        Ok(Self::new(texts, files, &ignore))
    }

    /// A tree for a test.
    #[cfg(test)]
    pub(super) fn made_up(files: &[(&str, &str)]) -> Self {
        let texts: BTreeMap<_, _> =
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let files = texts.keys().cloned().collect();
        let ignore = texts.get(".gitignore").cloned().unwrap_or_default();
        Self::new(texts, files, &ignore)
    }

    fn new(texts: BTreeMap<String, String>, files: BTreeSet<String>, ignore: &str) -> Self {
        let mut folders = BTreeSet::new();
        for file in &files {
            let mut end = file.as_str();
            while let Some((folder, _)) = end.rsplit_once('/') {
                folders.insert(folder.to_owned());
                end = folder;
            }
        }
        // Only whole folders, counted from the root: patterns are not looked at.
        let ignored = ignore.lines().filter_map(|line| line.strip_prefix('/'));
        let ignored = ignored.filter(|line| line.ends_with('/') && !line.contains('*'));
        let ignored = ignored.map(str::to_owned).collect();
        Self { texts, files, folders, ignored }
    }

    /// The text of a file, if it is there and of a kind that is read.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// Name and text of all files whose names end like this.
    pub(super) fn texts<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let texts = self.texts.iter().filter(move |(name, _)| name.ends_with(end));
        texts.map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// True if there is such a file or folder.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains(path) || self.folders.contains(path)
    }

    /// True if there is such a file.
    pub(super) fn has_file(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// True if there is such a folder in the root.
    pub(super) fn has_top_folder(&self, name: &str) -> bool {
        !name.contains('/') && self.folders.contains(name)
    }

    /// True if some file or folder has a path that ends with these parts.
    pub(super) fn has_ending(&self, end: &str) -> bool {
        let fits = |path: &String| {
            path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        self.files.iter().any(fits) || self.folders.iter().any(fits)
    }

    /// True if Git ignores it, whether it is there or not.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let path = format!("{path}/");
        self.ignored.iter().any(|folder| path.starts_with(folder.as_str()))
    }
}

/// The folder that a file lies in; empty for the root.
pub(super) fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `path` as seen from `folder`, without `.` and `..`; `None` if it leaves the tree.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_without_dots_and_stay_in_the_tree() {
        assert_eq!(join("a/b", "../c.rs").as_deref(), Some("a/c.rs"));
        assert_eq!(join("", "./c/d").as_deref(), Some("c/d"));
        assert_eq!(join("a", "../../c"), None);
    }

    #[test]
    fn an_ending_begins_with_a_whole_part() {
        let tree = Tree::made_up(&[("a/bc/d.rs", "")]);
        assert!(tree.has_ending("bc/d.rs"));
        assert!(tree.has_ending("bc"));
        assert!(!tree.has_ending("c/d.rs"));
        assert!(tree.has("a/bc") && !tree.has_file("a/bc"));
    }
}
