//! SIGTERM, SIGINT and SIGHUP as an event that tasks can await.
//!
//! Owns the thread that waits for signals, and the wakers of those who wait for a stop. Must not know what a stop
//! means.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use crate::sim;

static SEEN: AtomicBool = AtomicBool::new(false);
static WAITING: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

/// The signals that ask for a stop.
const STOP_SIGNALS: [i32; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// A signal that comes sooner than this after the first counts as the same request. GNU timeout signals its program,
/// and then the program's group.
const ASKED_ANEW_AFTER: Duration = Duration::from_secs(1);

/// Returns once the process has been asked to stop. Every core may wait. The runtime blocks these signals in all of its
/// threads, so they end nothing by themselves. A simulated node is asked by its test.
///
/// A signal that was ignored when the process began stays ignored. `nohup` asks for that, and so does a shell that
/// starts a program in the background of a script.
///
/// A second SIGTERM or SIGINT, a second later or more, ends the process at once. Its exit code is 128 plus the signal's
/// number. A SIGHUP never does so, because a terminal that goes away may send several, and systemd sends one after its
/// SIGTERM.
/// several, and systemd one behind its SIGTERM.
pub async fn shutdown_signal() {
    if let Some(sim) = sim::context() {
        return sim.node.stop_signal().await;
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

/// Blocks the signals for this thread and those that it starts, and starts the thread that waits for them. `hurried` is
/// called with the signal that ends the process at once.
pub(crate) fn take_over(hurried: fn(i32)) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let set = stop_signals();
        // SAFETY: `set` is initialised and outlives the call; a null old mask is allowed.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
        std::thread::Builder::new()
            .name("creel-signals".into())
            .spawn(move || wait(&set, hurried))
            .expect("a process at its start can start a thread");
    });
}

fn stop_signals() -> libc::sigset_t {
    // SAFETY: a sigset_t is plain data; sigemptyset initialises it before the others read it.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in STOP_SIGNALS.into_iter().filter(|signal| !is_ignored(*signal)) {
            libc::sigaddset(&raw mut set, signal);
        }
        set
    }
}

/// Whether the signal was ignored when this process was started. (If it were blocked, it would come all the same.)
fn is_ignored(signal: i32) -> bool {
    // SAFETY: a sigaction is plain data, filled by the call, which changes nothing when no new one is given.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}

fn wait(set: &libc::sigset_t, hurried: fn(i32)) {
    let mut signal = 0;
    let mut asked: Option<Instant> = None;
    // SAFETY: both pointers are valid for the call; the signals are blocked in every thread, as sigwait asks.
    while unsafe { libc::sigwait(set, &raw mut signal) } == 0 {
        if signal != libc::SIGHUP && asked.get_or_insert_with(Instant::now).elapsed() >= ASKED_ANEW_AFTER {
            hurried(signal);
            std::process::exit(128 + signal);
        }
        SEEN.store(true, Ordering::Release);
        let waiting = std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }
}
