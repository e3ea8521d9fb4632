//! Which cores run the broker and which the generator: the two must not compete for one.

use crate::error::HostError;
use rustix::thread::{CpuSet, sched_getaffinity};

/// Cores for either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cores {
    /// Of the started broker.
    pub broker: Vec<usize>,
    /// Of the generator: one thread each.
    pub generator: Vec<usize>,
}

/// Cores that this process may use.
pub fn at_hand() -> Result<Vec<usize>, HostError> {
    let set = sched_getaffinity(None)
        .map_err(|why| HostError::System { what: "the available cores", why: why.into() })?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect())
}

/// Splits `at_hand`: without a wish the started broker takes the first half. One core is shared.
pub fn split(at_hand: &[usize], own_broker: bool, wish: Option<&str>) -> Result<Cores, HostError> {
    if !own_broker {
        return Ok(Cores { broker: Vec::new(), generator: at_hand.to_vec() });
    }
    let broker = match wish {
        Some(text) => parse(text)?,
        None => at_hand[..at_hand.len().div_ceil(2)].to_vec(),
    };
    let rest: Vec<usize> = at_hand.iter().copied().filter(|cpu| !broker.contains(cpu)).collect();
    let generator = if rest.is_empty() { at_hand.to_vec() } else { rest };
    Ok(Cores { broker, generator })
}

/// As many threads as asked for, over the generator's cores in turn.
pub fn threads(generator: &[usize], asked: Option<u16>) -> Vec<usize> {
    let count = asked.map_or(generator.len(), usize::from);
    generator.iter().copied().cycle().take(count).collect()
}

/// `0,2` or `0-3`, as the broker writes lists of cores.
pub fn parse(text: &str) -> Result<Vec<usize>, HostError> {
    let bad = || HostError::Options(format!("'{text}' is not a list of cores such as 0,2 or 0-3"));
    let mut cores = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) =
            (first.trim().parse().map_err(|_| bad())?, last.trim().parse().map_err(|_| bad())?);
        if first > last || last >= CpuSet::MAX_CPU {
            return Err(bad());
        }
        cores.extend(first..=last);
    }
    Ok(cores)
}

/// `0,1,4`.
pub fn list(cores: &[usize]) -> String {
    cores.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broker_and_generator_share_no_core_where_there_are_two() {
        let cores = split(&[0, 1, 2, 5, 7], true, None).unwrap();
        assert_eq!((list(&cores.broker), list(&cores.generator)), ("0,1,2".into(), "5,7".into()));
        let cores = split(&[0, 1, 2, 3], true, Some("1-2")).unwrap();
        assert_eq!((list(&cores.broker), list(&cores.generator)), ("1,2".into(), "0,3".into()));
    }

    #[test]
    fn one_core_is_shared_and_other_brokers_leave_all() {
        assert_eq!(split(&[3], true, None).unwrap().generator, [3]);
        assert_eq!(split(&[3, 4], false, None).unwrap().generator, [3, 4]);
        assert_eq!(threads(&[3, 4], Some(3)), [3, 4, 3]);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["", "x", "3-1", "0,", "99999"] {
            assert!(split(&[0], true, Some(bad)).is_err(), "{bad}");
        }
    }
}
