//! When each record is meant to be sent.
//!
//! Open loop: record `i` of the whole run belongs to instant `start + i / rate`, whatever the broker does; latency
//! counts from there, so a stall costs every record that should have been sent during it. Maximum: a record's instant
//! is when there was room to make it: a closed loop, and the report says so.

/// The load's form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// Records per second over all producers, at instants fixed beforehand.
    Open {
        /// Records per second.
        rate: f64,
    },
    /// As fast as the in-flight cap lets through.
    Maximum,
}

/// The instants of one producer.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// Every `step_ns` from `first_ns` on.
    Constant {
        /// Of the first record, on the process's clock.
        first_ns: u64,
        /// Between two records of this producer.
        step_ns: f64,
        /// Records taken so far.
        taken: u64,
    },
    /// Always now.
    Maximum,
}

impl Schedule {
    /// The schedule of producer `index` of `producers`; together they make an even stream.
    pub fn new(load: Load, start_ns: u64, index: usize, producers: usize) -> Schedule {
        match load {
            Load::Maximum => Schedule::Maximum,
            Load::Open { rate } => {
                let gap_ns = 1e9 / rate;
                let first_ns = start_ns + (gap_ns * index as f64) as u64;
                Schedule::Constant { first_ns, step_ns: gap_ns * producers as f64, taken: 0 }
            }
        }
    }

    /// Whether records wait for their instants.
    pub fn is_open_loop(&self) -> bool {
        matches!(self, Schedule::Constant { .. })
    }

    /// The instant of the record `ahead` of the next one; `None` at maximum, where there is no later instant.
    #[inline]
    pub fn instant_ahead(&self, ahead: u64) -> Option<u64> {
        match self {
            Schedule::Constant { first_ns, step_ns, taken } => {
                Some(first_ns + ((taken + ahead) as f64 * step_ns) as u64)
            }
            Schedule::Maximum => None,
        }
    }

    /// The next record's instant if it is due at `now_ns`; it stays next until [`Self::take`].
    #[inline]
    pub fn due(&self, now_ns: u64) -> Option<u64> {
        match self.instant_ahead(0) {
            Some(instant) => (instant <= now_ns).then_some(instant),
            None => Some(now_ns),
        }
    }

    /// The next record was made.
    #[inline]
    pub fn take(&mut self) {
        if let Schedule::Constant { taken, .. } = self {
            *taken += 1;
        }
    }

    /// Records meant to be sent before `end_ns` and not yet taken.
    pub fn overdue(&self, end_ns: u64) -> u64 {
        match self {
            Schedule::Constant { first_ns, step_ns, taken } => {
                let due = (end_ns.saturating_sub(*first_ns) as f64 / step_ns).ceil() as u64;
                due.saturating_sub(*taken)
            }
            Schedule::Maximum => 0,
        }
    }
}

/// How well a producer keeps its schedule: it says when it means to go on, and is told how late it was.
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

    #[test]
    fn producers_together_keep_the_rate() {
        let mut instants = Vec::new();
        for index in 0..3 {
            let mut schedule = Schedule::new(Load::Open { rate: 1_000.0 }, 5_000, index, 3);
            while let Some(at) = schedule.due(5_000 + 999_999_999) {
                instants.push(at);
                schedule.take();
            }
            assert_eq!(schedule.overdue(5_000 + 1_000_000_000), 0);
        }
        instants.sort_unstable();
        assert_eq!(instants.len(), 1_000);
        assert!(instants.windows(2).all(|pair| (999_990..1_000_010).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn nothing_is_due_before_its_instant_and_the_backlog_is_counted() {
        let mut schedule = Schedule::new(Load::Open { rate: 100.0 }, 1_000, 0, 1);
        assert_eq!(schedule.due(999), None);
        assert_eq!(schedule.due(1_000), Some(1_000));
        schedule.take();
        assert_eq!(schedule.due(10_000_999), None);
        assert_eq!(schedule.instant_ahead(1), Some(20_001_000));
        assert_eq!(schedule.overdue(1_000_001_000), 99);
    }

    #[test]
    fn at_maximum_the_instant_is_now() {
        let schedule = Schedule::new(Load::Maximum, 1_000, 0, 1);
        assert_eq!((schedule.due(7), schedule.overdue(99), schedule.instant_ahead(1)), (Some(7), 0, None));
    }
}
