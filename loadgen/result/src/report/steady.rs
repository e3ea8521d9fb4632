//! Whether the measured time was one state, and not a change from one state to another.

use serde::{Deserialize, Serialize};

/// The measured time in equal windows, and how they differ. Shares are of the mean: 0.1 is ten percent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Steady {
    /// Neither drift nor variation is more than chance and small unrest explain.
    pub is_steady: bool,
    /// From where on it was, seconds into the measured time, if it was at all.
    pub steady_from_s: Option<f64>,
    /// How many windows were compared.
    pub windows: usize,
    /// How long each was.
    pub window_s: f64,
    /// Records acked per second.
    pub rate: Trend,
    /// Median response of each piece, averaged over the window; microseconds.
    pub response: Trend,
    /// Warm-up that is not in any figure.
    pub excluded_s: f64,
    /// Records acked in it.
    pub excluded_records: u64,
}

/// A straight line through the windows, and how far they lie from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Mean over the windows.
    pub mean: f64,
    /// Rise of the line in a minute, as a share of the mean.
    pub slope_per_minute: f64,
    /// Rise of the line from the first window to the last, as a share of the mean.
    pub drift: f64,
    /// How far off the drift may be by chance: its standard error.
    pub drift_error: f64,
    /// Standard deviation of the windows from the line, as a share of the mean.
    pub variation: f64,
}
