//! The CPUs to run on.

use std::fmt;

/// Which CPUs the cores' threads are pinned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoreList {
    /// All that the process may run on.
    All,
    /// These, in this order, none twice.
    These(Vec<usize>),
}

/// More cores than any machine has: a list is refused rather than unrolled without end.
const CPUS_MAX: usize = 4096;

impl CoreList {
    /// The form that `read` accepts, for messages.
    pub const ACCEPTED: &str = "all, or a list of CPUs as 0-3,6 that names none twice";

    /// Reads `all` or a list as `taskset -c` takes it: `0-3,6`.
    pub fn read(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("all") {
            return Some(Self::All);
        }
        let mut cpus = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            if first > last || last >= CPUS_MAX {
                return None;
            }
            cpus.extend(first..=last);
        }
        let distinct: std::collections::BTreeSet<_> = cpus.iter().collect();
        (distinct.len() == cpus.len()).then_some(Self::These(cpus))
    }
}

impl fmt::Display for CoreList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::These(cpus) => {
                let cpus: Vec<_> = cpus.iter().map(usize::to_string).collect();
                f.write_str(&cpus.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_taskset_reads_them() {
        assert_eq!(CoreList::read("all"), Some(CoreList::All));
        assert_eq!(CoreList::read("0-2,6"), Some(CoreList::These(vec![0, 1, 2, 6])));
        assert_eq!(CoreList::read("3"), Some(CoreList::These(vec![3])));
        for wrong in ["", "a", "2-1", "1,1", "0-3,2", "0-99999999", "-1"] {
            assert_eq!(CoreList::read(wrong), None, "{wrong}");
        }
    }
}
