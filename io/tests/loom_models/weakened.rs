//! Weakens one memory order at a time, and sees whether a model notices.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::Location;
use std::process::Command;

use loom::sync::atomic::Ordering;

/// Names the place whose order is weakened, in a process that has to fail.
const WEAKENED: &str = "CREEL_WEAKENED_ORDER";

// loom runs all threads of a model on the thread that calls it: these belong to one model.
thread_local! {
    static CURRENT: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The places that have asked for an order.
    static SEEN: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// The order that the caller gets for the one that it asks for.
#[track_caller]
pub(crate) fn order(wanted: Ordering) -> Ordering {
    if wanted == Ordering::Relaxed {
        return wanted;
    }
    let site = Location::caller().to_string();
    let is_weakened = CURRENT.with_borrow(|current| current.as_ref() == Some(&site));
    SEEN.with_borrow_mut(|seen| seen.insert(site));
    if is_weakened { Ordering::Relaxed } else { wanted }
}

/// Goes through the executions of `model` with up to three preemptions; panics if one is wrong.
pub(crate) fn check(model: fn()) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(3);
    builder.check(model);
}

/// Checks the models, and that one of them fails whenever one of the orders in `files` is weakened, of which there are `sites`.
/// `test` is the name of the calling test: what has to fail runs in a process of its own, which loom may have to abort.
pub(crate) fn check_each_order(test: &str, models: &[fn()], files: &[&str], sites: usize) {
    let current = std::env::var(WEAKENED).ok();
    CURRENT.set(current.clone());
    models.iter().copied().for_each(check);
    if current.is_some() {
        return;
    }
    let ours: Vec<String> =
        SEEN.take().into_iter().filter(|site| files.iter().any(|file| site.contains(file))).collect();
    assert_eq!(ours.len(), sites, "{ours:?}");
    let unnoticed: Vec<String> = ours.into_iter().filter(|site| holds(test, site)).collect();
    assert!(unnoticed.is_empty(), "weakened and not noticed: {unnoticed:?}");
}

/// Whether the test's models hold with an order weakened.
fn holds(test: &str, site: &str) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", test]).env(WEAKENED, site).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("running 1 test"), "there is no test {test}: {text}");
    output.status.success()
}
