//! Where the broker's time went, if the broker tells.

use super::plot::Tone;
use super::text::{count, duration_us, number};
use super::view::{Bar, Bars, Block, Table};
use loadgen_result::report::series::StageTime;

/// A bar of shares and the percentiles of each stage.
pub(super) fn blocks(stages: &[StageTime]) -> Vec<Block> {
    if stages.is_empty() {
        return Vec::new();
    }
    vec![Block::Bars(shares(stages)), Block::Table(percentiles(stages))]
}

fn shares(stages: &[StageTime]) -> Bars {
    let bar = |(index, stage): (usize, &StageTime)| Bar {
        name: stage.stage.clone(),
        amount: stage.share,
        text: format!("{} %", number(stage.share * 100.0)),
        tone: Tone::of(index),
    };
    Bars {
        title: "Time inside the broker".into(),
        about:
            "Share of each stage in the time that requests spent inside the broker, over all requests and cores."
                .into(),
        is_stacked: true,
        bars: stages.iter().enumerate().map(bar).collect(),
    }
}

fn percentiles(stages: &[StageTime]) -> Table {
    let row = |stage: &StageTime| {
        let p = &stage.percentiles;
        let times = [p.mean_us, p.p50_us, p.p99_us, p.p999_us, p.max_us].map(duration_us);
        let mut row = vec![stage.stage.clone(), count(p.count), format!("{} %", number(stage.share * 100.0))];
        row.extend(times);
        row
    };
    let head = ["stage", "times", "share", "mean", "p50", "p99", "p99.9", "max"];
    Table {
        title: "Each stage".into(),
        head: head.map(String::from).to_vec(),
        rows: stages.iter().map(row).collect(),
        is_folded: false,
    }
}
