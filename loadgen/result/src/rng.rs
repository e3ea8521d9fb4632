//! A small seeded generator (splitmix64): the same seed makes the same load.

/// Deterministic random numbers; not for secrets.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Equal seeds give equal sequences.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound` (1 or more).
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number below `bound`, the small ones much more often: the shape of popular products and frequent customers.
    pub fn skewed_below(&mut self, bound: u64) -> u64 {
        let unit = (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        ((bound as f64).powf(unit) - 1.0) as u64 % bound.max(1)
    }

    /// One of `choices`, the first ones more often.
    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.skewed_below(choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_bounds_hold() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        for bound in 1..1_000 {
            assert_eq!(a.below(bound), b.below(bound));
            assert!(a.below(bound) < bound && a.skewed_below(bound) < bound);
            b = a.clone();
        }
    }

    #[test]
    fn skew_favours_the_first() {
        let mut rng = Rng::new(1);
        let small = (0..1_000).filter(|_| rng.skewed_below(1_000_000) < 1_000).count();
        assert!(
            (400..600).contains(&small),
            "half of the orders come from a thousandth of the customers: {small}"
        );
    }
}
