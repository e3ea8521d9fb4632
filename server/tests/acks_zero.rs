//! acks=0: no reply; an error closes the connection.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_engine::COMMIT_LINGER;
use creel_io::sleep;
use creel_wire::api::metadata::MetadataRequest;
use support::{batch, produce_request, story, values};

#[test]
fn what_is_sent_without_acks_arrives_and_is_not_answered() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        for partition in 0..3 {
            client.send(9, &produce_request("orders", partition, batch(&["a"]).bytes().clone(), 0)).await;
        }
        // The next reply is that of the next request.
        client.call(1, &MetadataRequest::default()).await;
        sleep(2 * COMMIT_LINGER).await;
        for partition in 0..3 {
            assert_eq!(values(&client.fetch("orders", partition, 0).await).len(), 1);
        }
    });
}

#[test]
fn an_error_without_acks_closes_the_connection() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.send(9, &produce_request("nowhere", 0, batch(&["a"]).bytes().clone(), 0)).await;
        assert_eq!(client.receive_frame().await, None);
    });
}
