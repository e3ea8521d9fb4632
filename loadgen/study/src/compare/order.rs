//! Which side goes first. Pairs come in twos, the second in the reverse order of the first, and the order of the
//! first is drawn: ABBA or BAAB. So a machine that grows slower or faster, or swings, favours neither side.

use loadgen_result::rng::Rng;

/// Which arm of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What is compared with.
    First,
    /// What is judged.
    Second,
}

/// The order within each of `pairs` pairs.
pub(super) fn order(pairs: usize, seed: u64) -> Vec<[Side; 2]> {
    const STRAIGHT: [Side; 2] = [Side::First, Side::Second];
    const TURNED: [Side; 2] = [Side::Second, Side::First];
    let mut rng = Rng::new(seed);
    let twos =
        std::iter::from_fn(|| Some(if rng.below(2) == 0 { [STRAIGHT, TURNED] } else { [TURNED, STRAIGHT] }));
    twos.flatten().take(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_goes_first_as_often_and_the_seed_decides() {
        let drawn = order(100, 5);
        assert_eq!(drawn.iter().filter(|pair| pair[0] == Side::First).count(), 50);
        assert!(drawn.chunks(2).all(|two| two[0][0] != two[1][0] && two[0][0] == two[1][1]));
        assert_eq!(drawn, order(100, 5));
        assert_ne!(drawn, order(100, 6));
    }
}
