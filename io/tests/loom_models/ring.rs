//! The ring between two cores: what goes in comes out once, whole and in order, and what stays inside is dropped once.

use crate::mailbox::spsc::spsc;
use crate::weakened;

/// One slot, so that the second item has to wait until the first one is out of it.
fn a_slot_is_used_again() {
    let (tx, rx) = spsc(1);
    let producer = loom::thread::spawn(move || {
        let pushed = (0..3).try_fold(0, |next, _| Some(next + usize::from(tx.push(Box::new(next)).is_ok())));
        pushed.unwrap_or(0)
    });
    let mut taken: Vec<usize> = (0..3).filter_map(|_| rx.pop()).map(|item| *item).collect();
    let pushed = producer.join().unwrap();
    taken.extend(std::iter::from_fn(|| rx.pop()).map(|item| *item));
    assert_eq!(taken, (0..pushed).collect::<Vec<_>>());
}

/// The ends go away in either order, with an item between them.
fn an_item_is_dropped_with_the_ring() {
    let item = loom::sync::Arc::new(());
    let (tx, rx) = spsc(1);
    let sent = item.clone();
    let producer = loom::thread::spawn(move || assert!(tx.push(sent).is_ok()));
    drop(rx);
    producer.join().unwrap();
    assert_eq!(loom::sync::Arc::strong_count(&item), 1);
}

#[test]
fn the_ring_holds_and_each_of_its_orders_is_needed() {
    weakened::check_each_order(
        "ring::the_ring_holds_and_each_of_its_orders_is_needed",
        &[a_slot_is_used_again, an_item_is_dropped_with_the_ring],
        &["spsc.rs"],
        4,
    );
}
