//! `meta.properties`: the file in a data directory in which Kafka notes whose data it holds.

use std::{io, path::Path};

use creel_io::fs;

use super::journals_mark::{self, JournalsMark};
use super::topics::TopicId;

const NAME: &str = "meta.properties";
const VERSION: &str = "1";
const DIRECTORY_ID: &str = "directory.id";

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
        let found = Self::look(data_dir)?;
        found.map(|found| found.of(node_id, cluster_id)).transpose()
    }

    /// Reads a directory's file, whosever it is. `None` before its first use.
    pub fn look(data_dir: &Path) -> Result<Option<Self>, PropertiesError> {
        let path = data_dir.join(NAME);
        if !fs::exists(&path) {
            return Ok(None);
        }
        Self::read(&text_of(&path)?).map(Some)
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

    /// What the directory says of the journals of its cores. Before its first use it has none.
    pub fn journals(data_dir: &Path) -> Result<JournalsMark, PropertiesError> {
        let path = data_dir.join(NAME);
        if !fs::exists(&path) {
            return Ok(JournalsMark::Unused);
        }
        let text = text_of(&path)?;
        // A version that is not known may mean anything.
        Self::read(&text)?;
        JournalsMark::read(&text).map_err(PropertiesError::Malformed)
    }

    /// Says, durably, where the journals of the cores lie whose records the partitions may lack. Kafka and a Creel without
    /// journals refuse the directory from then on, until it says that there are none. They would open it without
    /// those records.
    pub async fn mark_journals(data_dir: &Path, mark: &JournalsMark) -> io::Result<()> {
        let path = data_dir.join(NAME);
        let text = text_of(&path)?;
        let marked = mark.write(&text);
        if marked == text { Ok(()) } else { fs::write_atomically(&path, marked.as_bytes()).await }
    }

    /// The directory's own id, if it has one.
    pub fn known_directory_id(data_dir: &Path) -> io::Result<Option<String>> {
        let path = data_dir.join(NAME);
        if !fs::exists(&path) {
            return Ok(None);
        }
        Ok(journals_mark::value(&text_of(&path)?, DIRECTORY_ID))
    }

    /// The directory's own id. If it has none, as in Kafka's older releases, it gets one. The file must exist.
    pub async fn directory_id(data_dir: &Path) -> io::Result<String> {
        if let Some(known) = Self::known_directory_id(data_dir)? {
            return Ok(known);
        }
        let path = data_dir.join(NAME);
        let (mut text, made) = (text_of(&path)?, random_id());
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.extend([DIRECTORY_ID, "=", &made, "\n"]);
        fs::write_atomically(&path, text.as_bytes()).await?;
        Ok(made)
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
        let value = |name: &str| journals_mark::value(text, name);
        let is_known = |version: &str| ["0", VERSION].contains(&journals_mark::without_mark(version));
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
        let directory_id = value(DIRECTORY_ID).unwrap_or_else(random_id);
        Ok(Self { cluster_id, node_id, directory_id })
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

/// A random id in the form of a topic's.
pub(super) fn random_id() -> String {
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
    fn the_mark_of_the_journals_is_no_version() {
        for version in ["0", "1"] {
            let text = format!("node.id=1\nversion={version}\ncluster.id=A\ndirectory.id=D\n");
            let marked = JournalsMark::Inside.write(&text);
            assert_eq!(MetaProperties::read(&marked).unwrap(), MetaProperties::read(&text).unwrap());
        }
        for version in ["2", "elsewhere-2", "there-1"] {
            let text = format!("cluster.id=A\nnode.id=1\nversion=creel-journals-{version}\n");
            assert!(MetaProperties::read(&text).is_err(), "{version}");
        }
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
