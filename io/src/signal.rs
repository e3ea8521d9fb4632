//! SIGTERM and SIGINT as an awaitable event.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::task::{Poll, Waker};

use crate::sim;

static SEEN: AtomicBool = AtomicBool::new(false);
static WAITING: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

/// Returns once the process has been asked to stop. Every core may wait; the runtime blocks both signals in all of
/// its threads, so that they end nothing by themselves. A simulated node is asked by its test.
pub async fn shutdown_signal() {
    if let Some(place) = sim::place() {
        return place.node.stop_signal().await;
    }
    poll_fn(|cx| {
        if SEEN.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        WAITING.lock().unwrap_or_else(PoisonError::into_inner).push(cx.waker().clone());
        if SEEN.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Blocks both signals for this thread and those it starts, and starts the thread that waits for them.
pub(crate) fn take_over() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let set = stop_signals();
        // SAFETY: `set` is initialised and outlives the call; a null old mask is allowed.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
        std::thread::Builder::new()
            .name("creel-signals".into())
            .spawn(move || wait(&set))
            .expect("a process at its start can start a thread");
    });
}

fn stop_signals() -> libc::sigset_t {
    // SAFETY: a sigset_t is plain data; sigemptyset initialises it before the others read it.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGTERM);
        libc::sigaddset(&raw mut set, libc::SIGINT);
        set
    }
}

fn wait(set: &libc::sigset_t) {
    let mut signal = 0;
    // SAFETY: both pointers are valid for the call; the signals are blocked in every thread, as sigwait asks.
    while unsafe { libc::sigwait(set, &raw mut signal) } == 0 {
        if SEEN.swap(true, Ordering::AcqRel) {
            // Asked twice: whoever asks means it.
            std::process::exit(130);
        }
        let waiting = std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }
}
