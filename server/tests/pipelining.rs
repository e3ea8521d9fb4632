//! Many requests in flight: appended and answered in the order they were sent.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_wire::ErrorCode;
use creel_wire::api::fetch::FetchRequest;
use creel_wire::api::produce::ProduceRequest;
use support::{batch, fetch_request, produce_request, story, values};

#[test]
fn replies_leave_in_the_order_of_requests_and_batches_keep_theirs() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        let mut sent = Vec::new();
        for number in 0..60 {
            let text = number.to_string();
            // Some wait for the disk and some do not: the fast ones must not overtake.
            let acks = if number % 2 == 0 { -1 } else { 1 };
            let request = produce_request("orders", number % 3, batch(&[&text]).bytes().clone(), acks);
            sent.push((client.send(9, &request).await, number));
        }
        for (correlation_id, number) in sent {
            let (answered, response) = client.receive::<ProduceRequest>(9).await;
            assert_eq!(answered, correlation_id);
            let ack = &response.responses[0].partition_responses[0];
            assert_eq!((ack.error_code, ack.base_offset), (ErrorCode::None, i64::from(number / 3)));
        }
        for partition in 0..3 {
            let texts: Vec<_> = values(&client.fetch("orders", partition, 0).await)
                .into_iter()
                .map(|(_, text)| text)
                .collect();
            let expected: Vec<_> = (0..20).map(|at| (3 * at + partition).to_string()).collect();
            // The last acks=1 batches may not be durable yet, hence not readable.
            assert!(texts.len() >= 19 && texts[..] == expected[..texts.len()], "{texts:?}");
        }
    });
}

#[test]
fn a_produce_behind_a_parked_fetch_wakes_it() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let fetch = client.send(12, &fetch_request("orders", 0, 0, 600_000)).await;
        let produce = client.send(9, &produce_request("orders", 0, batch(&["a"]).bytes().clone(), -1)).await;
        let (first, found) = client.receive::<FetchRequest>(12).await;
        let (second, _) = client.receive::<ProduceRequest>(9).await;
        assert_eq!((first, second), (fetch, produce));
        assert_eq!(values(&support::one(found)).len(), 1);
    });
}
