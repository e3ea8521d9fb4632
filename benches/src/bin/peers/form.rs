//! The forms in which brokers are usually praised, so that everyone can repeat them.

use creel_benches::shape::{Acks, Shape, Work, produce};

use crate::figures::Cores;

/// A load, and what is said of it.
pub(crate) struct Form {
    /// A line.
    pub(crate) title: &'static str,
    /// How it is sent.
    pub(crate) about: &'static str,
    /// What is sent; its name is the form's.
    pub(crate) shape: Shape,
    /// One of the loads over which the CPU of a request is drawn.
    pub(crate) is_on_curve: bool,
    /// Forms that are set against each other have the same: their rounds alternate.
    pub(crate) family: &'static str,
    /// Who is measured in it.
    pub(crate) field: Field,
    /// The only kind of ack it is measured with, if there is one.
    pub(crate) only_acks: Option<Acks>,
}

/// Who is measured in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// The floor, the broker and Apache Kafka.
    Peers,
    /// The broker with several shards on one CPU, against itself with one shard there.
    Shards,
}

impl Form {
    const fn new(title: &'static str, about: &'static str, shape: Shape) -> Form {
        Form {
            title,
            about,
            shape,
            is_on_curve: false,
            family: shape.name,
            field: Field::Peers,
            only_acks: None,
        }
    }

    /// A load of requests of one record.
    const fn on_curve(title: &'static str, about: &'static str, shape: Shape) -> Form {
        Form { is_on_curve: true, ..Form::new(title, about, shape) }
    }

    /// Durable small batches over so many partitions.
    const fn durable(title: &'static str, name: &'static str, partitions: i32) -> Form {
        let shape = batches(name, 10, 100, Load { connections: 16, in_flight: 5, partitions });
        Form { family: "durable", only_acks: Some(Acks::Durable), ..Form::new(title, DURABLE, shape) }
    }

    /// Whether it is measured so.
    pub(crate) fn admits(&self, cores: Cores, acks: Acks) -> bool {
        let on_these = self.field == Field::Peers || cores == Cores::OneEach;
        on_these && self.only_acks.is_none_or(|only| only == acks)
    }

    /// Requests leave at a fixed rate.
    pub(crate) fn is_paced(&self) -> bool {
        matches!(self.shape.work, Work::Paced { .. })
    }

    /// Its name.
    pub(crate) const fn name(&self) -> &'static str {
        self.shape.name
    }
}

const DURABLE: &str = "10 records of 100 B a batch, 16 connections with 5 requests in flight each; only the number of partitions differs";

/// Bytes of a batch of records without keys and headers, `value` bytes each: ten bytes around each, 61 in front.
const fn batch_bytes(records: u32, value: usize) -> usize {
    61 + records as usize * (value + 10)
}

const fn batches(name: &'static str, records: u32, value: usize, load: Load) -> Shape {
    let Load { connections, in_flight, partitions } = load;
    let shape = produce(name, batch_bytes(records, value), records, connections, in_flight);
    Shape { partitions, ..shape }
}

/// Of producers.
struct Load {
    connections: usize,
    in_flight: usize,
    partitions: i32,
}

const RATED_RECORDS: u32 = 64;

/// Batches of 64 records of 1 KiB, so many megabytes of them a second.
const fn at_rate(name: &'static str, mb_per_second: u64) -> Shape {
    let load = Load { connections: 8, in_flight: usize::MAX, partitions: 4 };
    let shape = batches(name, RATED_RECORDS, 1024, load);
    let per_second = (mb_per_second * 1_000_000 / shape.batch_bytes as u64) as u32;
    Shape { work: Work::Paced { per_second }, ..shape }
}

const RATED: &str = "open loop: batches of 64 records leave on time whatever the answers do, over 8 connections to 4 partitions; \
     response counts from the instant at which a batch was due";

/// Requests of one record of 1 KiB, so many a second.
const fn one_by_one(name: &'static str, per_second: u32) -> Shape {
    let load = Load { connections: 16, in_flight: usize::MAX, partitions: 4 };
    Shape { work: Work::Paced { per_second }, ..batches(name, 1, 1024, load) }
}

const ONE_BY_ONE: &str = "open loop: requests of one record leave on time whatever the answers do, over 16 connections to 4 partitions";

/// All of them.
pub(crate) static FORMS: [Form; 16] = [
    Form::new(
        "100 B records at the highest rate",
        "batches of 16 KB (148 records), 16 connections with 5 requests in flight each, 6 partitions",
        batches("flood", 148, 100, Load { connections: 16, in_flight: 5, partitions: 6 }),
    ),
    Form::new(
        "1 KB records, 1,000 a batch",
        "8 closed-loop connections (one request in flight each), 8 partitions",
        batches("1000x1KB", 1000, 1000, Load { connections: 8, in_flight: 1, partitions: 8 }),
    ),
    Form::new(
        "8 closed-loop producers of small batches on one partition",
        "batches of 10 records of 1 KB, one request in flight each",
        batches("8-producers", 10, 1000, Load { connections: 8, in_flight: 1, partitions: 1 }),
    ),
    Form::new("1 KiB records at 50 MB/s", RATED, at_rate("50MB/s", 50)),
    Form::new("1 KiB records at 500 MB/s", RATED, at_rate("500MB/s", 500)),
    Form::new("1 KiB records at 1 GB/s", RATED, at_rate("1GB/s", 1000)),
    Form::new(
        "keyed producers, many partitions",
        "what keys do to batches: 10 records of 100 B for one of 64 partitions in turn, 16 connections with 5 requests in flight each",
        batches("keyed", 10, 100, Load { connections: 16, in_flight: 5, partitions: 64 }),
    ),
    Form::on_curve("1,000 requests/s of one record", ONE_BY_ONE, one_by_one("curve-1k", 1_000)),
    Form::on_curve("5,000 requests/s of one record", ONE_BY_ONE, one_by_one("curve-5k", 5_000)),
    Form::on_curve("20,000 requests/s of one record", ONE_BY_ONE, one_by_one("curve-20k", 20_000)),
    Form::on_curve(
        "requests of one record, as many as it takes",
        "closed loop: requests of one record of 1 KiB, 16 connections with 5 in flight each, 4 partitions",
        batches("curve-full", 1, 1024, Load { connections: 16, in_flight: 5, partitions: 4 }),
    ),
    Form::new(
        "2,000 batches of 16 KB a second",
        "open loop: batches of 148 records of 100 B leave on time whatever the answers do, over 8 connections to one partition",
        Shape {
            work: Work::Paced { per_second: 2_000 },
            ..batches(
                "16KB-at-2000/s",
                148,
                100,
                Load { connections: 8, in_flight: usize::MAX, partitions: 1 },
            )
        },
    ),
    Form::durable("durable small batches, 1 partition", "durable-1", 1),
    Form::durable("durable small batches, 16 partitions", "durable-16", 16),
    Form::durable("durable small batches, 100 partitions", "durable-100", 100),
    Form {
        field: Field::Shards,
        ..Form::new(
            "shards that share one CPU, keyed small batches",
            "10 records of 100 B for one of 64 partitions in turn, 16 connections with 5 requests in flight each; all shards \
             on the one CPU",
            batches("shards", 10, 100, Load { connections: 16, in_flight: 5, partitions: 64 }),
        )
    },
];

/// The form of this name.
#[cfg(test)]
pub(crate) fn named(name: &str) -> &'static Form {
    FORMS.iter().find(|form| form.name() == name).expect("a form of this name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use creel_benches::frames;

    #[test]
    fn a_batch_is_as_large_as_its_records_of_that_size_are() {
        for Form { shape, .. } in &FORMS {
            assert_eq!(frames::batch(shape).len(), shape.batch_bytes, "{}", shape.name);
        }
    }

    #[test]
    fn a_rate_counts_millions_of_bytes() {
        let shape = &named("500MB/s").shape;
        let mb = shape.work.rate().unwrap_or(0.0) * shape.batch_bytes as f64 / 1e6;
        assert!((499.0..=500.0).contains(&mb), "{mb}");
    }
}
