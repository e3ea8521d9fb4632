//! What the scheduler gave a thread of the load.

use std::fs;

/// What the scheduler gave a thread and what it kept from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThreadTimes {
    /// On a core.
    pub busy_ns: u64,
    /// Ready to run, while others had the core.
    pub starved_ns: u64,
}

impl ThreadTimes {
    /// Of the calling thread, since it began; zero where the kernel does not count.
    pub fn now() -> ThreadTimes {
        let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let mut fields = text.split_ascii_whitespace().map(|field| field.parse().unwrap_or(0));
        ThreadTimes { busy_ns: fields.next().unwrap_or(0), starved_ns: fields.next().unwrap_or(0) }
    }

    /// What passed since `earlier`.
    pub fn since(self, earlier: ThreadTimes) -> ThreadTimes {
        ThreadTimes {
            busy_ns: self.busy_ns.saturating_sub(earlier.busy_ns),
            starved_ns: self.starved_ns.saturating_sub(earlier.starved_ns),
        }
    }
}
