//! What every client is asked to do (see clients/python/stories.py), done by Rust's: `stories [rdkafka] [rskafka]`.

mod broker;
mod group;
mod rdkafka;
mod rdkafka_stories;
mod records;
mod rskafka;
mod rskafka_stories;
mod wait;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use ::rskafka::client::partition::Compression;
use tokio::runtime::Runtime;

use crate::broker::Broker;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = Runtime::new().expect("a runtime");
    if let [first, bootstrap, group, topic] = &arguments[..]
        && first == "member"
    {
        runtime.block_on(group::be_member(bootstrap, group, topic));
    }
    let broker = Broker::start();
    let mut teller = Teller { runtime, failed: Vec::new() };
    for suite in &arguments {
        match suite.as_str() {
            "rdkafka" => tell_rdkafka(&mut teller, &broker),
            "rskafka" => tell_rskafka(&mut teller, &broker),
            unknown => teller.failed.push(format!("no suite is named {unknown}")),
        }
    }
    if !broker.end() {
        teller.failed.push("the broker did not stop cleanly".to_owned());
    }
    teller.verdict()
}

fn tell_rdkafka(teller: &mut Teller, broker: &Broker) {
    use rdkafka_stories as stories;
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let name = format!("rdkafka: records come back equal and in order: {codec}");
        teller.tell(&name, stories::records_come_back_equal_and_in_order(broker, codec));
    }
    teller.tell("rdkafka: JSON values come back", stories::json_values_come_back(broker));
    teller.tell(
        "rdkafka: idempotent producer writes once",
        stories::idempotent_producer_writes_every_record_once(broker),
    );
    teller.tell(
        "rdkafka: idempotent producer across a restart",
        stories::idempotent_producer_goes_on_across_a_restart(broker),
    );
    teller.tell("rdkafka: group rebalances", stories::group_rebalances(broker));
    teller.tell("rdkafka: resumes at its commit", stories::resumes_exactly_at_its_commit(broker, || {}));
    teller.tell(
        "rdkafka: resumes at its commit after a restart",
        stories::resumes_exactly_at_its_commit(broker, || broker.restart()),
    );
}

fn tell_rskafka(teller: &mut Teller, broker: &Broker) {
    use Compression::{Gzip, Lz4, NoCompression, Snappy, Zstd};
    use rskafka_stories as stories;
    for codec in [NoCompression, Gzip, Snappy, Lz4, Zstd] {
        let name = format!("rskafka: records come back equal and in order: {codec:?}");
        teller.tell(&name, stories::records_come_back_equal_and_in_order(broker, codec));
    }
    teller.tell("rskafka: JSON values come back", stories::json_values_come_back(broker));
    teller.tell("rskafka: clients go on across a restart", stories::clients_go_on_across_a_restart(broker));
}

/// Tells one story after the other, and remembers which failed.
struct Teller {
    runtime: Runtime,
    failed: Vec<String>,
}

impl Teller {
    fn tell(&mut self, name: &str, story: impl Future<Output = ()>) {
        // What the panic said is on standard error by then.
        match catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(story))) {
            Ok(()) => println!("ok      {name}"),
            Err(_) => {
                println!("FAILED  {name}");
                self.failed.push(name.to_owned());
            }
        }
    }

    fn verdict(self) -> ExitCode {
        if self.failed.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("failed: {}", self.failed.join("; "));
        ExitCode::FAILURE
    }
}
