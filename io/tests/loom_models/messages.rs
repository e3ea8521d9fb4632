//! Messages between cores: whoever waits for one, or for room, is woken.

use loom::future::block_on;
use loom::thread;

use crate::core_id::CoreId;
use crate::mailbox::mesh::{Endpoint, mesh};
use crate::weakened;

const RECEIVER: CoreId = CoreId(0);

fn send_all(endpoint: Endpoint<u8>, messages: &[u8]) {
    let mailbox = endpoint.open();
    messages.iter().for_each(|message| block_on(mailbox.send(RECEIVER, *message)));
}

/// A ring of one message: the receiver waits for the first, the sender for room for the second.
fn both_sides_wait() {
    let mut endpoints = mesh(2, 1).into_iter();
    let receiver = endpoints.next().unwrap();
    let sender = endpoints.next().unwrap();
    let sender = thread::spawn(move || send_all(sender, &[1, 2]));
    let mailbox = receiver.open();
    assert_eq!([1, 2].map(|_| block_on(mailbox.recv()).1), [1, 2]);
    sender.join().unwrap();
}

/// Two senders and one who waits for both: each may find it awake that the other one has woken.
fn two_senders_wake_one_receiver() {
    let mut endpoints = mesh(3, 1).into_iter();
    let receiver = endpoints.next().unwrap();
    let senders: Vec<_> = endpoints.map(|sender| thread::spawn(move || send_all(sender, &[1]))).collect();
    let mailbox = receiver.open();
    let total: u8 = (0..2).map(|_| block_on(mailbox.recv()).1).sum();
    assert_eq!(total, 2);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

#[test]
fn nobody_waits_for_ever_and_each_fence_is_needed() {
    weakened::check_each_order(
        "messages::nobody_waits_for_ever_and_each_fence_is_needed",
        &[both_sides_wait, two_senders_wake_one_receiver],
        &["parking.rs"],
        2,
    );
}
