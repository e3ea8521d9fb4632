//! How far a start has come with opening the partitions. After a stop that was not clean, recovery can take minutes.

use crate::core::Core;
use crate::core::Question;
use crate::core::ask_all_cores;
use crate::limits::START_TOLD;
use crate::peers::questions::Progress;
use crate::peers::questions::ReadProgress;
use crate::tasks::race::First;
use crate::tasks::race::race;
use creel_io::now;
use creel_io::sleep;
use std::fmt;
use std::future::Future;
use std::rc::Rc;

impl Question for ReadProgress {
    async fn answer_here(self, core: Rc<Core>) -> Progress {
        core.start_progress.read(core.turn_writer.recovered_bytes())
    }
}

fn add(one: Progress, other: Progress) -> Progress {
    Progress {
        partitions: one.partitions + other.partitions,
        opened: one.opened + other.opened,
        bytes: one.bytes.saturating_add(other.bytes),
        recovered: one.recovered.saturating_add(other.recovered),
    }
}

/// Runs the opening of everything, and says every few seconds how far all cores are.
pub(crate) async fn with_progress_logged<T>(core: &Rc<Core>, opening: impl Future<Output = T>) -> T {
    match race(opening, log_progress(core)).await {
        First::Left(opened) => opened,
        First::Right(never) => match never {},
    }
}

async fn log_progress(core: &Rc<Core>) -> std::convert::Infallible {
    let began = now();
    loop {
        sleep(START_TOLD).await;
        let all = ask_all_cores(core, || ReadProgress).await;
        let Progress { partitions, opened, bytes, recovered } =
            all.into_iter().fold(Progress::default(), add);
        let seconds = now().saturating_since(began).as_secs();
        if bytes == 0 {
            tracing::info!(opened, partitions, seconds, "opening partitions");
            continue;
        }
        let percent = u128::from(recovered) * 100 / u128::from(bytes);
        tracing::info!(
            percent, recovered = %Bytes(recovered), of = %Bytes(bytes), opened, partitions, seconds,
            "recovering partitions: the last stop was not clean"
        );
    }
}

/// A number of bytes as people read it.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: u64 = 1 << 10;
        const LARGER: [(u64, &str); 3] = [(KIB << 20, "GiB"), (KIB << 10, "MiB"), (KIB, "KiB")];
        match LARGER.iter().find(|(unit, _)| self.0 >= *unit) {
            Some((unit, name)) => write!(f, "{:.1}{name}", self.0 as f64 / *unit as f64),
            None => write!(f, "{}B", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        let told = |bytes| Bytes(bytes).to_string();
        assert_eq!((told(0), told(1023)), ("0B".to_owned(), "1023B".to_owned()));
        assert_eq!((told(1 << 10), told(1536 << 10)), ("1.0KiB".to_owned(), "1.5MiB".to_owned()));
        assert_eq!(told(40 << 30), "40.0GiB");
    }
}
