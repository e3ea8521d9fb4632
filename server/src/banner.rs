//! What the broker says when it is up.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use crate::config::HostPort;

/// The facts of a start; `Display` is the banner.
#[derive(Clone, Debug)]
pub struct Banner {
    /// The broker's version.
    pub version: &'static str,
    /// The CPUs its cores run on.
    pub cpus: Vec<usize>,
    /// Its data directory.
    pub data_dir: PathBuf,
    /// The address it listens on.
    pub address: SocketAddr,
    /// The address clients are told, where it is another one.
    pub advertised: Option<HostPort>,
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
        match &self.advertised {
            Some(advertised) => writeln!(f, "  address  {} (clients: {advertised})", self.address)?,
            None => writeln!(f, "  address  {}", self.address)?,
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
        let banner = Banner {
            version: "0.1.0",
            cpus: vec![0, 1],
            data_dir: "./creel-data".into(),
            address: "127.0.0.1:9092".parse().unwrap(),
            advertised: HostPort::read("creel.example:9092"),
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
    }
}
