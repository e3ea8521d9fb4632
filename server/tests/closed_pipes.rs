//! Who reads what the broker prints may go at any time, as `head` does.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod real;
mod support;

use std::io::Read;
use std::process::Stdio;

use creel_wire::api::metadata::MetadataRequest;
use real::{Broker, command, free_address, on_core};
use support::Connector;

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    for arguments in [&["--print-config"][..], &["--help"], &["--version"]] {
        let mut creel = command();
        creel.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = creel.spawn().unwrap();
        drop(process.stdout.take());
        let mut said = String::new();
        process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((process.wait().unwrap().code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn who_is_refused_without_a_reader_is_refused_all_the_same() {
    let mut creel = command();
    let mut process = creel.args(["--set", "num.partitions=0"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(process.stderr.take());
    assert_eq!(process.wait().unwrap().code(), Some(2));
}

#[test]
fn a_broker_whose_log_nobody_reads_any_more_serves_on() {
    on_core(|| async {
        let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
        let mut broker = Broker::start_with_log(address, dir.path(), &[]);
        assert!(broker.comes_up());
        drop(broker.log());
        for _ in 0..3 {
            // Each of the cores has something to say about that.
            let mut rude = Connector::to(address).connect().await;
            rude.send_raw(b"GET / HTTP/1.1\r\n\r\n").await;
            assert_eq!(rude.take_some().await, 0);
        }
        let mut client = Connector::to(address).connect().await;
        assert_eq!(client.call(12, &MetadataRequest::default()).await.brokers.len(), 1);
        broker.signal("TERM");
        assert_eq!(broker.end(), Some(0));
    });
}
