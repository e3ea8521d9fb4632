//! Fetch sessions (KIP-227): told once, then only what changed.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_io::sleep;
use creel_wire::ErrorCode;
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic};
use support::{World, batch, story, values};

fn session(session_id: i32, session_epoch: i32, partitions: &[(i32, i64)]) -> FetchRequest {
    let asked = |(partition, fetch_offset): &(i32, i64)| FetchPartition {
        partition: *partition,
        fetch_offset: *fetch_offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    };
    let partitions: Vec<_> = partitions.iter().map(asked).collect();
    let topics = match partitions.is_empty() {
        true => Vec::new(),
        false => vec![FetchTopic { topic: "orders".into(), partitions, ..Default::default() }],
    };
    FetchRequest { session_id, session_epoch, max_bytes: 1 << 20, topics, ..Default::default() }
}

fn told(response: &FetchResponse) -> Vec<(i32, usize)> {
    let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
    partitions.map(|one| (one.partition_index, values(one).len())).collect()
}

#[test]
fn a_session_is_told_only_what_changed() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        client.produce("orders", 1, &batch(&["a"])).await;
        let full = client.call(12, &session(0, 0, &[(0, 0), (1, 0), (2, 0)])).await;
        assert_eq!(told(&full), [(0, 0), (1, 1), (2, 0)]);
        let id = full.session_id;
        assert_ne!(id, 0);

        let nothing = client.call(12, &session(id, 1, &[(1, 1)])).await;
        assert_eq!((nothing.session_id, told(&nothing)), (id, vec![]));
        client.produce("orders", 2, &batch(&["b", "c"])).await;
        let some = client.call(12, &session(id, 2, &[])).await;
        assert_eq!(told(&some), [(2, 2)]);
        // Not moved on, so told again; and nothing of what is forgotten.
        client.produce("orders", 0, &batch(&["d"])).await;
        let forgotten =
            vec![ForgottenTopic { topic: "orders".into(), partitions: vec![0], ..Default::default() }];
        let request = FetchRequest { forgotten_topics_data: forgotten, ..session(id, 3, &[]) };
        assert_eq!(told(&client.call(12, &request).await), [(2, 2)]);
    });
}

#[test]
fn wrong_epochs_and_unknown_sessions_are_told() {
    story(&["max.incremental.fetch.session.cache.slots=3"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let id = client.call(12, &session(0, 0, &[(0, 0)])).await.session_id;
        let wrong = client.call(12, &session(id, 7, &[])).await;
        assert_eq!((wrong.error_code, wrong.session_id), (ErrorCode::InvalidFetchSessionEpoch, 0));
        let unknown = client.call(12, &session(id ^ 1, 1, &[])).await;
        assert_eq!(unknown.error_code, ErrorCode::FetchSessionIdNotFound);
        let other_form = client.call(13, &session(id, 1, &[])).await;
        assert_eq!(other_form.error_code, ErrorCode::FetchSessionTopicIdError);
        // A last request ends the session.
        assert_eq!(client.call(12, &session(id, -1, &[])).await.error_code, ErrorCode::None);
        let gone = client.call(12, &session(id, 1, &[])).await;
        assert_eq!(gone.error_code, ErrorCode::FetchSessionIdNotFound);
        // Each core has its part of the places: when they are taken, a session is declined.
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(client.call(12, &session(0, 0, &[(0, 0)])).await.session_id);
        }
        assert_eq!(ids.last(), Some(&0), "{ids:?}");
    });
}

#[test]
fn a_session_belongs_to_its_connection_and_ends_with_it() {
    story(&["max.incremental.fetch.session.cache.slots=1"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let id = client.call(12, &session(0, 0, &[(0, 0)])).await.session_id;
        assert_ne!(id, 0);
        // Whoever else names it does not have it; its owner goes on.
        let mut other = broker.connect().await;
        let stranger = other.call(12, &session(id, 1, &[])).await;
        assert_eq!(stranger.error_code, ErrorCode::FetchSessionIdNotFound);
        assert_eq!(client.call(12, &session(id, 1, &[])).await.session_id, id);
        drop(client);
        sleep(Duration::from_secs(1)).await;
        // On whichever core it is now: there is a place again, and the old id is not found.
        for _ in 0..3 {
            let mut again = broker.connect().await;
            let gone = again.call(12, &session(id, 2, &[(0, 0)])).await;
            assert_eq!(gone.error_code, ErrorCode::FetchSessionIdNotFound);
            // Clients name the session that they have lost.
            assert_ne!(again.call(12, &session(id, 0, &[(0, 0)])).await.session_id, 0);
            drop(again);
            sleep(Duration::from_secs(1)).await;
        }
    });
}

#[test]
fn a_session_that_grows_beyond_the_room_is_given_up_and_its_client_goes_on_without() {
    let manners = creel_io::sim::Config { steps_max: u64::MAX, ..creel_io::sim::Config::calm() };
    World::with(1, manners, 1, &[]).client(|broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        client.produce("orders", 0, &batch(&["a"])).await;
        let range = |from, to| (from..to).map(|partition| (partition, 0)).collect::<Vec<_>>();
        let id = client.call(12, &session(0, 0, &range(0, 60_000))).await.session_id;
        assert_ne!(id, 0);
        let grown = client.call(12, &session(id, 1, &range(60_000, 120_000))).await;
        assert_eq!((grown.error_code, told(&grown)), (ErrorCode::FetchSessionIdNotFound, vec![]));
        // It makes a full fetch then, and is told that there is no session for it.
        let full = client.call(12, &session(0, 0, &range(0, 120_000))).await;
        assert_eq!((full.session_id, full.responses[0].partitions.len()), (0, 120_000));
        assert_eq!(told(&full)[0], (0, 1));
        // Others have the room now.
        let mut other = broker.connect().await;
        assert_ne!(other.call(12, &session(0, 0, &range(0, 60_000))).await.session_id, 0);
    });
}

#[test]
fn one_connection_takes_a_part_of_the_places_and_of_the_room() {
    let manners = creel_io::sim::Config { steps_max: u64::MAX, ..creel_io::sim::Config::calm() };
    let settings = ["max.incremental.fetch.session.cache.slots=8"];
    World::with(1, manners, 1, &settings).client(|broker| async move {
        let mut greedy = broker.connect().await;
        greedy.create_topic("orders", 1).await;
        let many: Vec<_> = (0..50_000).map(|partition| (partition, 0)).collect();
        assert_ne!(greedy.call(12, &session(0, 0, &many)).await.session_id, 0);
        assert_eq!(greedy.call(12, &session(0, 0, &many)).await.session_id, 0, "no more room");
        let mut others = Vec::new();
        for _ in 0..3 {
            let mut other = broker.connect().await;
            assert_ne!(other.call(12, &session(0, 0, &many)).await.session_id, 0);
            others.push(other);
        }
        let mut greedy = broker.connect().await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(greedy.call(12, &session(0, 0, &[(0, 0)])).await.session_id);
        }
        assert_eq!(ids.iter().map(|id| *id != 0).collect::<Vec<_>>(), [true, true, false], "no more places");
        let mut other = broker.connect().await;
        assert_ne!(other.call(12, &session(0, 0, &[(0, 0)])).await.session_id, 0);
        // Whoever has had its part keeps it, however long it says nothing: nobody makes way for one that may have no more.
        sleep(Duration::from_secs(500)).await;
        assert_eq!(greedy.call(12, &session(0, 0, &[(0, 0)])).await.session_id, 0);
        assert_eq!(
            other.call(12, &session(ids[0], 1, &[])).await.error_code,
            ErrorCode::FetchSessionIdNotFound
        );
        for (at, id) in ids.into_iter().take(2).enumerate() {
            assert_eq!(greedy.call(12, &session(id, 1, &[])).await.session_id, id, "{at}");
        }
    });
}
