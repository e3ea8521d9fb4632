//! One figure of several rounds: the median, with the lowest and the highest.

/// Of an even number of rounds the median is the higher of the two in the middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispersion {
    /// The lowest.
    pub low: f64,
    /// The median.
    pub mid: f64,
    /// The highest.
    pub high: f64,
}

impl Dispersion {
    /// `None` where there are no rounds.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Dispersion> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Some(Dispersion { low: *figures.first()?, mid: figures[figures.len() / 2], high: *figures.last()? })
    }

    /// The median, lowest and highest in brackets.
    #[must_use]
    pub fn bracketed(self, digits: usize) -> String {
        let Self { low, mid, high } = self;
        format!("{mid:.digits$} ({low:.digits$}-{high:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_the_lowest_and_the_highest() {
        assert_eq!(Dispersion::of([3.0, 1.0, 2.0]), Some(Dispersion { low: 1.0, mid: 2.0, high: 3.0 }));
        assert_eq!(Dispersion::of([4.0, 1.0]).map(|s| s.bracketed(1)).as_deref(), Some("4.0 (1.0-4.0)"));
        assert_eq!(Dispersion::of([]), None);
    }
}
