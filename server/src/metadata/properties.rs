//! `meta.properties`: the file in a data directory in which Kafka notes whose data it holds.

use std::{io, path::Path};

use creel_io::fs;

use super::topics::TopicId;

const NAME: &str = "meta.properties";
const VERSION: &str = "1";
/// What the version begins with while the journals of cores may hold records that the partitions lack.
const WITH_JOURNALS: &str = "creel-journals-";

/// Whose data a directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster's id.
    pub cluster_id: String,
    /// The node's.
    pub node_id: i32,
    /// The directory's own.
    pub directory_id: String,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PropertiesError {
    /// It cannot be read or written.
    #[error("{NAME}: {0}")]
    Io(#[from] io::Error),
    /// It is not what Kafka or Creel writes.
    #[error("{NAME}: {0}")]
    Malformed(String),
    /// The directory belongs to someone else.
    #[error("{NAME}: the directory holds the data of {name} {found}, but {asked} is configured")]
    SomeoneElses {
        /// `node.id` or `cluster.id`.
        name: &'static str,
        /// The directory's.
        found: String,
        /// The configuration's.
        asked: String,
    },
}

impl MetaProperties {
    /// Reads a directory's file. `None` before its first use.
    pub fn load(
        data_dir: &Path,
        node_id: i32,
        cluster_id: Option<&str>,
    ) -> Result<Option<Self>, PropertiesError> {
        let path = data_dir.join(NAME);
        if !fs::exists(&path) {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        Self::read(&text)?.of(node_id, cluster_id).map(Some)
    }

    /// Makes the file, at the directory's first use.
    pub async fn create(
        data_dir: &Path,
        node_id: i32,
        cluster_id: Option<&str>,
    ) -> Result<Self, PropertiesError> {
        let path = data_dir.join(NAME);
        let cluster_id = cluster_id.map_or_else(random_id, str::to_owned);
        let made = Self { cluster_id, node_id, directory_id: random_id() };
        fs::write_atomically(&path, made.text().as_bytes()).await?;
        Ok(made)
    }

    /// Marks the directory, durably, as one whose records lie in part in the journals of cores; or takes the mark away. Kafka
    /// and a Creel without journals refuse a directory with the mark. They would open it without those records.
    pub async fn mark_journals(data_dir: &Path, are_used: bool) -> io::Result<()> {
        let path = data_dir.join(NAME);
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let marked = with_mark(&text, are_used);
        if marked == text { Ok(()) } else { fs::write_atomically(&path, marked.as_bytes()).await }
    }

    fn of(self, node_id: i32, cluster_id: Option<&str>) -> Result<Self, PropertiesError> {
        let someone_elses =
            |name, found: String, asked: String| Err(PropertiesError::SomeoneElses { name, found, asked });
        match cluster_id {
            Some(asked) if asked != self.cluster_id => {
                someone_elses("cluster.id", self.cluster_id, asked.to_owned())
            }
            _ if node_id != self.node_id => {
                someone_elses("node.id", self.node_id.to_string(), node_id.to_string())
            }
            _ => Ok(self),
        }
    }

    pub(crate) fn text(&self) -> String {
        let Self { cluster_id, node_id, directory_id } = self;
        format!(
            "#\n#Written by Creel\ncluster.id={cluster_id}\ndirectory.id={directory_id}\n\
             node.id={node_id}\nversion={VERSION}\n"
        )
    }

    /// Version 0 is that of ZooKeeper's time: it calls the node a broker, and its directories have no ids.
    pub(crate) fn read(text: &str) -> Result<Self, PropertiesError> {
        let value = |name: &str| {
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!']));
            let mut pairs = lines.filter_map(|line| line.split_once('='));
            pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
        };
        let is_known = |version: &str| ["0", VERSION].contains(&without_mark(version));
        if let Some(version) = value("version").filter(|version| !is_known(version)) {
            let reason = format!("version={version} is unknown: Creel knows 0 and {VERSION}");
            return Err(PropertiesError::Malformed(reason));
        }
        let missing = |name: &str| PropertiesError::Malformed(format!("{name} is missing"));
        let node_id = value("node.id").or_else(|| value("broker.id")).ok_or_else(|| missing("node.id"))?;
        let node_id = node_id
            .parse()
            .map_err(|_| PropertiesError::Malformed(format!("node.id={node_id} is not a number")))?;
        let cluster_id = value("cluster.id").ok_or_else(|| missing("cluster.id"))?;
        let directory_id = value("directory.id").unwrap_or_else(random_id);
        Ok(Self { cluster_id, node_id, directory_id })
    }
}

fn without_mark(version: &str) -> &str {
    version.strip_prefix(WITH_JOURNALS).unwrap_or(version)
}

/// The same file, with or without the mark. Everything else in it stays.
fn with_mark(text: &str, are_used: bool) -> String {
    let mark = if are_used { WITH_JOURNALS } else { "" };
    let mut has_version = false;
    let mut marked = String::new();
    for line in text.lines() {
        match line.split_once('=').filter(|(key, _)| key.trim() == "version") {
            Some((_, version)) => {
                has_version = true;
                marked.extend(["version=", mark, without_mark(version.trim())]);
            }
            None => marked.push_str(line),
        }
        marked.push('\n');
    }
    if are_used && !has_version {
        marked.extend(["version=", mark, VERSION, "\n"]);
    }
    marked
}

/// A random id in the form of a topic's.
fn random_id() -> String {
    loop {
        let mut entropy = [0; 16];
        creel_io::random_bytes(&mut entropy);
        if let Some(id) = TopicId::from_entropy(entropy) {
            return id.to_string();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_own_file_is_read_and_ours_is_read_back() {
        let kafkas = "#\n#Sat Nov 21 04:17:29 UTC 2026\nnode.id=1\ndirectory.id=puE2J8yPVEhid_WjqCKpwA\n\
                      version=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAQ\n";
        let read = MetaProperties::read(kafkas).unwrap();
        assert_eq!(read.node_id, 1);
        assert_eq!(read.cluster_id, "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(MetaProperties::read(&read.text()).unwrap(), read);
    }

    #[test]
    fn the_mark_of_the_journals_comes_and_goes_and_changes_nothing_else() {
        for version in ["0", "1"] {
            let text =
                format!("#a comment\nnode.id=1\nversion={version}\ncluster.id=A\ndirectory.id=D\nother=x\n");
            let marked = with_mark(&text, true);
            assert_eq!(
                marked,
                text.replace(&format!("version={version}"), &format!("version=creel-journals-{version}"))
            );
            assert_eq!(with_mark(&marked, true), marked);
            assert_eq!(with_mark(&marked, false), text);
            assert_eq!(with_mark(&text, false), text);
            assert_eq!(MetaProperties::read(&marked).unwrap(), MetaProperties::read(&text).unwrap());
        }
        assert_eq!(with_mark("node.id=1\n", true), "node.id=1\nversion=creel-journals-1\n");
        assert!(MetaProperties::read("cluster.id=A\nnode.id=1\nversion=creel-journals-2\n").is_err());
    }

    #[test]
    fn someone_elses_directory_is_refused() {
        let text = "cluster.id=A\nnode.id=1\ndirectory.id=D\nversion=1\n";
        let found = || MetaProperties::read(text).unwrap();
        assert!(found().of(1, None).is_ok() && found().of(1, Some("A")).is_ok());
        let error = found().of(2, None).unwrap_err().to_string();
        assert_eq!(error, "meta.properties: the directory holds the data of node.id 1, but 2 is configured");
        assert!(found().of(1, Some("B")).is_err());
        assert!(MetaProperties::read("version=1\n").is_err());
        let newer = MetaProperties::read(&text.replace("version=1", "version=2")).unwrap_err().to_string();
        assert_eq!(newer, "meta.properties: version=2 is unknown: Creel knows 0 and 1");
    }
}
