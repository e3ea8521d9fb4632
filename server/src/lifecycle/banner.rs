//! What the broker says when it is up.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use crate::config::HostPort;

/// A listener that is up.
#[derive(Clone, Debug)]
pub struct Listening {
    /// Its name.
    pub name: String,
    /// The address it listens on.
    pub address: SocketAddr,
    /// The address its clients are told, where it is another one.
    pub advertised: Option<HostPort>,
    /// The node id of the broker that clients see there, if they see several.
    pub node: Option<i32>,
}

/// The facts of a start; `Display` is the banner.
#[derive(Clone, Debug)]
pub struct Banner {
    /// The broker's version.
    pub version: &'static str,
    /// The CPUs its cores run on.
    pub cpus: Vec<usize>,
    /// Its data directory.
    pub data_dir: PathBuf,
    /// Where it listens.
    pub listeners: Vec<Listening>,
    /// The node's id and the cluster's.
    pub node: (i32, String),
    /// Partitions found and recovered.
    pub partitions: usize,
    /// How long that took, from the process's start to here.
    pub took: Duration,
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus: Vec<_> = self.cpus.iter().map(usize::to_string).collect();
        let (node, cluster) = &self.node;
        writeln!(f, "creel {}", self.version)?;
        writeln!(f, "  cores    {} (CPU {})", self.cpus.len(), cpus.join(", "))?;
        writeln!(f, "  data     {}", self.data_dir.display())?;
        for one in &self.listeners {
            // The one that everybody has needs no name.
            let is_alone = self.listeners.iter().all(|other| other.name == one.name);
            let name = (!is_alone || one.name != "PLAINTEXT").then(|| one.name.clone());
            let node = one.node.map(|id| format!("broker {id}"));
            let clients = one.advertised.as_ref().map(|advertised| format!("clients: {advertised}"));
            let remarks: Vec<_> = name.into_iter().chain(node).chain(clients).collect();
            write!(f, "  address  {}", one.address)?;
            match remarks.is_empty() {
                true => writeln!(f)?,
                false => writeln!(f, " ({})", remarks.join(", "))?,
            }
        }
        writeln!(f, "  node     {node}, cluster {cluster}")?;
        let noun = if self.partitions == 1 { "partition" } else { "partitions" };
        write!(f, "  ready    {} {noun} recovered, {:.1} ms", self.partitions, self.took.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_banner_says_what_was_started() {
        let listening = |name: &str, address: &str, advertised| Listening {
            name: name.into(),
            address: address.parse().unwrap(),
            advertised: HostPort::read(advertised),
            node: None,
        };
        let mut banner = Banner {
            version: "0.1.0",
            cpus: vec![0, 1],
            data_dir: "./creel-data".into(),
            listeners: vec![listening("PLAINTEXT", "127.0.0.1:9092", "creel.example:9092")],
            node: (1, "4L6g3nShT-eMCtK--X86sw".into()),
            partitions: 12,
            took: Duration::from_micros(15_300),
        };
        expect![[r#"
            creel 0.1.0
              cores    2 (CPU 0, 1)
              data     ./creel-data
              address  127.0.0.1:9092 (clients: creel.example:9092)
              node     1, cluster 4L6g3nShT-eMCtK--X86sw
              ready    12 partitions recovered, 15.3 ms"#]]
        .assert_eq(&banner.to_string());
        banner.listeners = vec![
            listening("INTERNAL", "[::]:9092", ""),
            listening("EXTERNAL", "127.0.0.1:9093", "creel.example:9093"),
        ];
        let shown = banner.to_string();
        assert!(shown.contains("\n  address  [::]:9092 (INTERNAL)\n"), "{shown}");
        assert!(
            shown.contains("\n  address  127.0.0.1:9093 (EXTERNAL, clients: creel.example:9093)\n"),
            "{shown}"
        );
    }
}
