//! The CPUs to run on.

use std::fmt;

use super::{error::ConfigError, keys::BrokerConfig, settings::Settings};

const CORES: &str = "creel.cores";

/// Which CPUs the cores' threads are pinned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoreList {
    /// All that the process may run on.
    All,
    /// These, in this order, none twice.
    These(Vec<usize>),
}

/// More CPUs than any machine has: a longer list is refused, not expanded without end.
const CPUS_MAX: usize = 4096;

impl CoreList {
    /// The form that `read` accepts, for messages.
    pub const ACCEPTED: &str = "all, or a list such as 0-3,6 that names each CPU once";

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

/// Reads `creel.cores`. `cpus` are those that this process may run on, if the machine is known. Each pinned thread
/// needs a CPU of its own. Unpinned threads are only counted.
pub(super) fn read(
    settings: &Settings,
    broker: &BrokerConfig,
    cpus: Option<&[usize]>,
) -> Result<CoreList, ConfigError> {
    let list =
        CoreList::read(&broker.creel_cores).ok_or_else(|| settings.refuse(CORES, CoreList::ACCEPTED))?;
    let (CoreList::These(asked), Some(cpus), true) = (&list, cpus, broker.creel_pin) else {
        return Ok(list);
    };
    let missing: Vec<_> = asked.iter().copied().filter(|cpu| !cpus.contains(cpu)).collect();
    if missing.is_empty() {
        return Ok(list);
    }
    let (count, plural) = (cpus.len(), if cpus.len() == 1 { "" } else { "s" });
    let reason = format!(
        "there is no CPU {} here: this process may run on {count} CPU{plural}, {}; name some of these, or all (a number \
         names a CPU, it is not a count)",
        ranges(&missing),
        ranges(cpus)
    );
    Err(settings.conflict(CORES, reason))
}

/// CPUs in the form that is read, in short.
fn ranges(cpus: &[usize]) -> String {
    let runs = cpus.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let run = |run: &[usize]| match run {
        [first, .., last] => format!("{first}-{last}"),
        [one] => one.to_string(),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(",")
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

    #[test]
    fn cpus_that_are_not_there_are_named_with_those_that_are() {
        let on = |sets: &[&str], cpus: &[usize]| {
            let settings = crate::config::Config::with(sets).unwrap().settings;
            let broker = settings.broker();
            read(&settings, &broker, Some(cpus)).map_err(|error| error.to_string())
        };
        let told = on(&["creel.cores=7"], &[0, 1]).unwrap_err();
        let expected = "--set: creel.cores = \"7\": there is no CPU 7 here: this process may run on 2 CPUs, 0-1; name some of \
                        these, or all (a number names a CPU, it is not a count)";
        assert_eq!(told, expected);
        let told = on(&["creel.cores=0-5"], &[0, 2, 3]).unwrap_err();
        assert!(told.contains("no CPU 1,4-5 here: this process may run on 3 CPUs, 0,2-3;"), "{told}");
        assert!(on(&["creel.cores=1"], &[0]).unwrap_err().contains("may run on 1 CPU, 0;"));
        assert_eq!(on(&["creel.cores=2,0"], &[0, 1, 2]), Ok(CoreList::These(vec![2, 0])));
        assert_eq!(on(&[], &[0]), Ok(CoreList::All));
        // Threads that are not pinned run wherever the kernel likes.
        assert_eq!(on(&["creel.cores=7", "creel.pin=false"], &[0]), Ok(CoreList::These(vec![7])));
    }
}
