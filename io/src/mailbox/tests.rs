//! The ring between two cores, on real threads. `tests/loom_models/` checks every order of events.

use std::sync::Arc;

use super::spsc::spsc;

#[test]
fn keeps_order_and_bound() {
    let (tx, rx) = spsc(4);
    for i in 0..4 {
        tx.push(i).unwrap();
    }
    assert_eq!(tx.push(9), Err(9));
    assert_eq!(rx.pop(), Some(0));
    tx.push(4).unwrap();
    assert_eq!(std::iter::from_fn(|| rx.pop()).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn drops_what_was_never_taken() {
    let item = Arc::new(());
    let (tx, rx) = spsc(4);
    tx.push(item.clone()).unwrap();
    drop((tx, rx));
    assert_eq!(Arc::strong_count(&item), 1);
}

#[test]
fn carries_everything_across_threads() {
    let (tx, rx) = spsc(64);
    let producer = std::thread::spawn(move || {
        for i in 0..100_000_u32 {
            let mut item = i;
            while let Err(back) = tx.push(item) {
                item = back;
                std::thread::yield_now();
            }
        }
    });
    let mut expected = 0;
    while expected < 100_000 {
        match rx.pop() {
            Some(i) => {
                assert_eq!(i, expected);
                expected += 1;
            }
            None => std::thread::yield_now(),
        }
    }
    producer.join().unwrap();
}
