//! Kafka's `leader-epoch-checkpoint` of a partition: which leader epoch began at which offset.
//!
//! One `epoch start` per line. Both numbers grow from line to line.

use crate::format::checkpoint::{format_lines, parse};
use crate::offset::{LeaderEpoch, Offset};

/// File name in the partition's directory.
pub(crate) const FILE_NAME: &str = "leader-epoch-checkpoint";

/// Where a leader epoch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// The first offset appended under it.
    pub start: Offset,
}

/// The file's text.
pub(crate) fn encode(epochs: &[EpochStart]) -> String {
    format_lines(epochs.iter().map(|EpochStart { epoch, start }| format!("{epoch} {start}")))
}

/// Reads the file's text. `None` if it is damaged; the epochs are then rebuilt from the batches.
pub(crate) fn decode(text: &str) -> Option<Vec<EpochStart>> {
    let epochs = parse(text, parse_epoch)?;
    let grows = epochs.windows(2).all(|pair| pair[0].epoch < pair[1].epoch && pair[0].start < pair[1].start);
    grows.then_some(epochs)
}

fn parse_epoch(line: &str) -> Option<EpochStart> {
    let (epoch, start) = line.split_once(' ')?;
    Some(EpochStart {
        epoch: LeaderEpoch::new(epoch.parse().ok()?)?,
        start: Offset::new(start.parse().ok()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_kafkas() {
        let at = |epoch, start| EpochStart { epoch: LeaderEpoch::of(epoch), start: Offset::of(start) };
        let epochs = vec![at(0, 0), at(2, 10), at(5, 30)];
        assert_eq!(encode(&epochs), "0\n3\n0 0\n2 10\n5 30\n");
        assert_eq!(decode("0\n3\n0 0\n2 10\n5 30\n"), Some(epochs));
        assert_eq!(decode("0\n2\n3 0\n2 10\n"), None);
    }
}
