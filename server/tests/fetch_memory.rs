//! What the worst fetches that the decoder lets through take in memory, and what sessions keep.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use creel_io::sleep;
use creel_wire::ErrorCode;
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use support::{Connector, World, encoded};

/// Nothing here is stopped by the bound on steps.
fn world(cores: u16) -> World {
    let manners = creel_io::sim::Config { steps_max: u64::MAX, ..creel_io::sim::Config::calm() };
    World::with(1, manners, cores, &["max.incremental.fetch.session.cache.slots=1000"])
}

/// Distinct partitions, none of which exists.
fn partitions(range: std::ops::Range<i32>) -> Vec<FetchPartition> {
    range.map(|partition| FetchPartition { partition, ..Default::default() }).collect()
}

fn of_one_topic(range: std::ops::Range<i32>) -> FetchRequest {
    let topic = FetchTopic { topic: "none".into(), partitions: partitions(range), ..Default::default() };
    FetchRequest { max_bytes: 1 << 20, topics: vec![topic], ..Default::default() }
}

/// As many topics, each with a name of its own.
fn of_topics(count: usize) -> FetchRequest {
    let topic = |at: usize| FetchTopic {
        topic: format!("{at:x}").into(),
        partitions: partitions(0..1),
        ..Default::default()
    };
    FetchRequest { max_bytes: 1 << 20, topics: (0..count).map(topic).collect(), ..Default::default() }
}

/// What the world allocates while the broker answers a frame; with it the client's copy of frame and answer.
fn answering(request: &FetchRequest) -> (usize, AllocationInfo) {
    let frame = encoded(4, request);
    let bytes = frame.len();
    let mut world = world(1);
    let used = measure(move || {
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            client.send_raw(&frame).await;
            drop(frame);
            assert!(client.receive_frame().await.unwrap().len() > bytes);
        });
        drop(world);
    });
    (bytes, used)
}

#[test]
fn the_worst_fetch_takes_a_bounded_multiple_of_its_frame() {
    for request in [of_one_topic(0..200_000), of_topics(120_000)] {
        let (bytes, used) = answering(&request);
        let times = used.bytes_max / bytes as u64;
        assert!(times <= 32, "{} bytes, {times} times those of its frame", used.bytes_max);
    }
}

/// Sends these frames on connections of their own and keeps those open until `over`; how many sessions were made.
fn hold_sessions(world: &mut World, requests: Vec<FetchRequest>, over: &Rc<Cell<bool>>) -> usize {
    let (made, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    let (connector, over, clients) = (world.connector(), over.clone(), world.clients());
    let story = Cell::new(Some((requests, made.clone(), done.clone())));
    world.sim.start(clients, move |_| hold(connector, story.take(), over.clone()));
    world.sim.run_until(|| done.get()).unwrap();
    made.get()
}

type Story = (Vec<FetchRequest>, Rc<Cell<usize>>, Rc<Cell<bool>>);

async fn hold(connector: Connector, story: Option<Story>, over: Rc<Cell<bool>>) {
    let Some((requests, made, done)) = story else { return };
    let mut open = Vec::new();
    for request in requests {
        let mut client = connector.connect().await;
        let answer = client.call(12, &request).await;
        assert_eq!(answer.error_code, ErrorCode::None);
        made.set(made.get() + usize::from(answer.session_id != 0));
        open.push(client);
    }
    done.set(true);
    while !over.get() {
        sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn what_sessions_keep_is_bounded_and_ends_with_their_connections() {
    let mut world = world(1);
    let session = |of: FetchRequest| FetchRequest { session_id: 0, session_epoch: 0, ..of };
    let requests: Vec<_> = (0..8)
        .map(|at| if at % 2 == 0 { of_one_topic(0..60_000) } else { of_topics(26_000) })
        .map(session)
        .collect();
    // The broker's buffers have had a frame of that size, so that they are not counted.
    hold_sessions(&mut world, vec![requests[0].clone()], &Rc::new(Cell::new(true)));
    world.sim.run_until_ended(world.clients()).unwrap();
    world.sim.run_for(Duration::from_secs(1)).unwrap();
    let over = Rc::new(Cell::new(false));
    let mut made = 0;
    let held = measure(|| made = hold_sessions(&mut world, requests, &over));
    assert!((3..8).contains(&made), "{made} sessions");
    assert!(held.bytes_current < 40 << 20, "{} bytes are kept for {made} sessions", held.bytes_current);
    let freed = measure(|| {
        over.set(true);
        world.sim.run_until_ended(world.clients()).unwrap();
        world.sim.run_for(Duration::from_secs(1)).unwrap();
    });
    let left = held.bytes_current + freed.bytes_current;
    assert!(left < 2 << 20, "{left} bytes are left of the sessions");
}
