//! How well a producer keeps its schedule.

/// How well a producer keeps its schedule. It says when it means to go on, and learns how late it was.
#[derive(Debug, Default)]
pub struct Punctuality {
    planned_ns: Option<u64>,
}

impl Punctuality {
    /// It means to go on at `instant`.
    pub fn plan(&mut self, instant: u64) {
        self.planned_ns = Some(instant);
    }

    /// It waits for the broker, which is not lateness of its own.
    pub fn excuse(&mut self) {
        self.planned_ns = None;
    }

    /// It goes on at `now_ns`: how late that is, once the planned instant has come.
    pub fn lateness(&mut self, now_ns: u64) -> Option<u64> {
        let planned = self.planned_ns.take_if(|planned| *planned <= now_ns)?;
        Some(now_ns - planned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_counts_from_the_plan_and_is_told_once() {
        let mut punctuality = Punctuality::default();
        assert_eq!(punctuality.lateness(5), None, "nothing was planned");
        punctuality.plan(100);
        assert_eq!(punctuality.lateness(99), None, "woken early, by an ack");
        assert_eq!(punctuality.lateness(130), Some(30));
        assert_eq!(punctuality.lateness(150), None);
        punctuality.plan(200);
        punctuality.excuse();
        assert_eq!(punctuality.lateness(300), None, "it waited for the broker");
    }
}
