//! Waiting for a condition.

use std::time::{Duration, Instant};

/// Far above what a healthy run needs, and never the verdict.
const SAFETY_NET: Duration = Duration::from_secs(120);

/// Returns once `condition` holds; after the safety net it fails with `what`.
pub async fn until(mut condition: impl FnMut() -> bool, what: impl Fn() -> String) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < SAFETY_NET, "never came: {}", what());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What comes of `future`; after the safety net it fails with `what`.
pub async fn within<T>(future: impl Future<Output = T>, what: &str) -> T {
    tokio::time::timeout(SAFETY_NET, future).await.unwrap_or_else(|_| panic!("never came: {what}"))
}
