//! Where a creel broker's time went: its stage histograms at both ends of the window, from its admin listener, and
//! their difference. It only reads, so several loads can be measured at once, each by its own two snapshots.

use crate::error::HostError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use loadgen_result::latency::percentiles_of;
use loadgen_result::report::series::{BetweenCores, StageTime};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// In the order in which a request passes them.
const STAGES: [&str; 8] = ["receive", "parse", "queue", "recompress", "hop", "write", "fsync", "send"];
const PATIENCE: Duration = Duration::from_secs(5);
/// Significant ones, as the broker counts.
const DIGITS: u8 = 3;
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// All that a broker has counted since its start, over all its cores.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    stages: BTreeMap<String, Counted>,
    between: Between,
}

/// What its cores have sent each other.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Between {
    requests_asking: u64,
    record_bytes: u64,
    messages: u64,
    packets: u64,
    wakes: u64,
}

impl Between {
    fn add(&mut self, other: Between) {
        self.requests_asking += other.requests_asking;
        self.record_bytes += other.record_bytes;
        self.messages += other.messages;
        self.packets += other.packets;
        self.wakes += other.wakes;
    }
}

#[derive(Debug, Clone)]
struct Counted {
    sum_ns: u64,
    histogram: Histogram<u64>,
}

#[derive(Deserialize)]
struct Told {
    cores: Vec<ToldCore>,
}

#[derive(Deserialize)]
struct ToldCore {
    stages: BTreeMap<String, ToldStage>,
    #[serde(default)]
    between_cores: Between,
}

#[derive(Deserialize)]
struct ToldStage {
    sum_ns: u64,
    histogram: String,
}

impl Default for Counted {
    /// The histogram grows with what is added: each core's reaches as far as its own longest wait.
    fn default() -> Counted {
        Counted { sum_ns: 0, histogram: Histogram::new(DIGITS).expect("three digits fit") }
    }
}

impl Snapshot {
    /// Asks the admin listener at `address`.
    pub fn read(address: &str) -> Result<Snapshot, HostError> {
        let why = |why: String| HostError::Broker(format!("the admin listener at {address}: {why}"));
        let body = get(address, "/stages").map_err(|error| why(error.to_string()))?;
        let told: Told = serde_json::from_str(&body).map_err(|error| why(error.to_string()))?;
        Snapshot::of(told).ok_or_else(|| why("a histogram that can't be read".into()))
    }

    fn of(told: Told) -> Option<Snapshot> {
        let mut snapshot = Snapshot::default();
        told.cores.iter().for_each(|core| snapshot.between.add(core.between_cores));
        for (name, stage) in told.cores.into_iter().flat_map(|core| core.stages) {
            let bytes = BASE64.decode(stage.histogram).ok()?;
            let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).ok()?;
            let counted = snapshot.stages.entry(name).or_default();
            counted.sum_ns += stage.sum_ns;
            counted.histogram.add(histogram).ok()?;
        }
        Some(snapshot)
    }

    /// What was counted since `earlier`, stage by stage; those with nothing are left out.
    pub fn since(&self, earlier: &Snapshot) -> Vec<StageTime> {
        let mut counted = Vec::new();
        for name in STAGES {
            let Some(Counted { mut sum_ns, mut histogram }) = self.stages.get(name).cloned() else {
                continue;
            };
            if let Some(before) = earlier.stages.get(name) {
                sum_ns = sum_ns.saturating_sub(before.sum_ns);
                // Not the same broker any more: then there is no difference to tell.
                if histogram.subtract(&before.histogram).is_err() {
                    return Vec::new();
                }
            }
            counted.push((name, sum_ns, histogram));
        }
        let whole: u64 = counted.iter().map(|(_, sum_ns, _)| sum_ns).sum();
        let told = counted.into_iter().filter_map(|(name, sum_ns, histogram)| {
            Some(StageTime {
                stage: name.into(),
                percentiles: percentiles_of(&histogram)?,
                share: sum_ns as f64 / whole.max(1) as f64,
                distribution: portable(&histogram),
            })
        });
        told.collect()
    }

    /// What the cores asked of each other since `earlier`. `None`: nothing, or there were no requests.
    pub fn between_cores_since(&self, earlier: &Snapshot) -> Option<BetweenCores> {
        let counted = |name| self.counted(name).checked_sub(earlier.counted(name));
        let (requests, hops) = (counted("parse")?, counted("hop")?);
        let since = |of: fn(&Between) -> u64| of(&self.between).checked_sub(of(&earlier.between));
        let (asking, packets) = (since(|it| it.requests_asking)?, since(|it| it.packets)?);
        if requests == 0 || packets == 0 {
            return None;
        }
        let per_request = |count: u64| count as f64 / requests as f64;
        Some(BetweenCores {
            hops_per_request: per_request(hops),
            local_share: 1.0 - per_request(asking),
            record_bytes: since(|it| it.record_bytes)?,
            messages_per_packet: since(|it| it.messages)? as f64 / packets as f64,
            wakes_per_request: per_request(since(|it| it.wakes)?),
        })
    }

    fn counted(&self, stage: &str) -> u64 {
        self.stages.get(stage).map_or(0, |counted| counted.histogram.len())
    }
}

fn portable(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes).expect("memory takes what is written");
    BASE64.encode(bytes)
}

/// One request and its answer, to the connection's end.
fn get(address: &str, path: &str) -> std::io::Result<String> {
    let address = address.to_socket_addrs()?.next();
    let address = address.ok_or_else(|| std::io::Error::other("no such host"))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(std::io::Error::other(format!("it said {:?}", answer.lines().next().unwrap_or_default()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(stages: &[(&str, &[u64])]) -> Snapshot {
        let counted = stages.iter().map(|(name, values)| {
            let mut histogram = Histogram::new(3).unwrap();
            values.iter().for_each(|ns| histogram.record(*ns).unwrap());
            ((*name).to_owned(), Counted { sum_ns: values.iter().sum(), histogram })
        });
        Snapshot { stages: counted.collect(), ..Snapshot::default() }
    }

    #[test]
    fn only_what_lies_between_two_snapshots_counts() {
        let earlier = snapshot(&[("queue", &[1_000_000]), ("send", &[5_000]), ("hop", &[])]);
        let later =
            snapshot(&[("queue", &[1_000_000, 2_000, 4_000]), ("send", &[5_000, 2_000]), ("hop", &[])]);
        let told = later.since(&earlier);
        let seen: Vec<_> = told.iter().map(|one| (one.stage.as_str(), one.percentiles.count)).collect();
        assert_eq!(seen, [("queue", 2), ("send", 1)]);
        assert!((told[0].share - 0.75).abs() < 1e-9 && (told[1].share - 0.25).abs() < 1e-9, "{told:?}");
        assert!((told[0].percentiles.p50_us - 2.0).abs() < 0.01, "{told:?}");
        assert_eq!(later.since(&later), []);
    }

    #[test]
    fn what_cores_asked_of_each_other_is_told_per_request() {
        let at = |requests: &[u64], hops: &[u64], text: &str| Snapshot {
            between: serde_json::from_str(text).unwrap(),
            ..snapshot(&[("parse", requests), ("hop", hops)])
        };
        let earlier =
            at(&[5], &[9], r#"{"requests_asking":1,"record_bytes":70,"messages":6,"packets":6,"wakes":3}"#);
        let later = at(
            &[5, 5, 5, 5, 5],
            &[9, 9, 9, 9],
            r#"{"requests_asking":2,"record_bytes":370,"messages":12,"packets":8,"wakes":5}"#,
        );
        let told = later.between_cores_since(&earlier).unwrap();
        assert_eq!((told.hops_per_request, told.local_share), (0.75, 0.75));
        assert_eq!((told.record_bytes, told.messages_per_packet, told.wakes_per_request), (300, 3.0, 0.5));
        assert_eq!(later.between_cores_since(&later), None);
        // It began anew meanwhile.
        assert_eq!(earlier.between_cores_since(&later), None);
    }

    #[test]
    fn a_broker_that_began_anew_has_no_difference() {
        let earlier = snapshot(&[("queue", &[1_000, 2_000])]);
        assert_eq!(snapshot(&[("queue", &[4_000])]).since(&earlier), []);
    }

    #[test]
    fn cores_whose_longest_waits_differ_are_added() {
        let stage = |longest_ns: u64| {
            let mut histogram = Histogram::<u64>::new(3).unwrap();
            histogram.record(longest_ns).unwrap();
            let histogram = portable(&histogram);
            format!(
                r#"{{"stages":{{"send":{{"count":1,"sum_ns":{longest_ns},"histogram":"{histogram}"}}}}}}"#
            )
        };
        for longest_ns in [[9_000, 7_000_000_000], [7_000_000_000, 9_000]] {
            let text = format!(r#"{{"cores":[{},{}]}}"#, stage(longest_ns[0]), stage(longest_ns[1]));
            let read = Snapshot::of(serde_json::from_str(&text).unwrap()).unwrap();
            let told = read.since(&Snapshot::default());
            assert_eq!(told[0].percentiles.count, 2, "{longest_ns:?}");
            assert!(told[0].percentiles.max_us > 6_900_000.0, "{told:?}");
        }
    }

    #[test]
    fn cores_are_added_and_nonsense_is_refused() {
        let text = |histogram: &str| {
            let stage =
                format!(r#"{{"stages":{{"send":{{"count":1,"sum_ns":7,"histogram":"{histogram}"}}}}}}"#);
            format!(r#"{{"cores":[{stage},{stage}]}}"#)
        };
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        histogram.record(7).unwrap();
        let read = |text: &str| Snapshot::of(serde_json::from_str(text).unwrap());
        let told = read(&text(&portable(&histogram))).unwrap().since(&Snapshot::default());
        assert_eq!((told[0].percentiles.count, told[0].share), (2, 1.0));
        assert!(read(&text("bm9uc2Vuc2U=")).is_none() && read(&text("%")).is_none());
    }
}
