//! The rounds as a picture: CPU per request of each side, the broker's being 1, on a logarithmic scale.

use plotters::prelude::*;

use crate::dispersion::Dispersion;
use crate::round::Round;
use crate::side::Side;

const WIDTH: u32 = 900;
const BAR_PIXELS: u32 = 22;
const MARGIN_PIXELS: u32 = 90;

/// One bar.
struct Bar {
    side: Side,
    cpu: f64,
}

/// A shape with its bars.
struct Group {
    name: String,
    bars: Vec<Bar>,
}

/// An SVG image.
pub fn draw(rounds: &[Round]) -> Result<String, Box<dyn std::error::Error>> {
    let groups = groups(rounds);
    let rows: usize = groups.iter().map(|group| group.bars.len() + 1).sum();
    let mut svg = String::new();
    {
        let height = rows as u32 * BAR_PIXELS + MARGIN_PIXELS;
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE)?;
        let bars = || groups.iter().flat_map(|group| &group.bars);
        let low = bars().map(|bar| bar.cpu).fold(1.0, f64::min) / 1.5;
        let high = bars().map(|bar| bar.cpu).fold(1.0, f64::max) * 2.0;
        let mut chart = ChartBuilder::on(&root)
            .caption("CPU per request, creel = 1 (shorter is better)", ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(28)
            .build_cartesian_2d((low..high).log_scale(), 0.0..rows as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_label_formatter(&|x| format!("{x}"))
            .draw()?;
        let mut y = rows as f64;
        for group in &groups {
            y -= 1.0;
            chart.draw_series([Text::new(group.name.clone(), (low, y + 0.75), ("sans-serif", 14))])?;
            for bar in &group.bars {
                y -= 1.0;
                let area = [(low, y + 0.12), (bar.cpu, y + 0.88)];
                chart.draw_series([Rectangle::new(area, color(bar.side).filled())])?;
                let label = format!("{} {:.2}", bar.side.name(), bar.cpu);
                chart.draw_series([Text::new(label, (bar.cpu * 1.03, y + 0.78), ("sans-serif", 12))])?;
            }
        }
        root.present()?;
    }
    Ok(svg)
}

/// The shapes in the order in which they were measured.
fn groups(rounds: &[Round]) -> Vec<Group> {
    let mut keys: Vec<(&str, &str)> = Vec::new();
    for round in rounds {
        if !keys.contains(&(round.shape, round.acks)) {
            keys.push((round.shape, round.acks));
        }
    }
    keys.into_iter().filter_map(|key| group(rounds, key)).collect()
}

fn group(rounds: &[Round], (shape, acks): (&str, &str)) -> Option<Group> {
    let cpu = |side: Side| {
        let same = |round: &&Round| round.shape == shape && round.acks == acks && round.side == side;
        Dispersion::of(rounds.iter().filter(same).map(|round| round.cpu_us_per_request))
            .map(|dispersion| dispersion.mid)
    };
    let creel = cpu(Side::Creel)?;
    let sides = [
        Side::Floor,
        Side::FloorWritten,
        Side::CreelBefore,
        Side::Creel,
        Side::CreelRelaxed,
        Side::Kafka,
        Side::KafkaShipped,
    ];
    let bars = sides.into_iter().filter_map(|side| Some(Bar { side, cpu: cpu(side)? / creel })).collect();
    Some(Group { name: format!("{shape} {acks}"), bars })
}

fn color(side: Side) -> RGBColor {
    match side {
        Side::Floor | Side::FloorWritten => RGBColor(0xb8, 0xb8, 0xb8),
        Side::Creel => RGBColor(0x1f, 0x77, 0x6d),
        Side::Kafka | Side::KafkaFlush => RGBColor(0xd0, 0x8a, 0x3c),
        Side::KafkaShipped => RGBColor(0xe6, 0xc0, 0x8f),
        _ => RGBColor(0x7f, 0xb5, 0xae),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(side: Side, acks: &'static str, cpu_us_per_request: f64) -> Round {
        Round {
            side,
            shape: "1KiB-single",
            acks,
            writes: None,
            requests_per_second: 1.0,
            achieved: None,
            unsent: 0,
            mb_per_second: 1.0,
            driver_busy: 0.5,
            cpu_seconds_per_million: 1.0,
            records_per_second: 1.0,
            cpu_us_per_request,
            cpu_seconds_per_gb: 1.0,
            p50_us: 1,
            p99_us: 1,
            p999_us: 1,
            p9999_us: 1,
            latencies_us: Vec::new(),
            peak_memory_mib: 1.0,
        }
    }

    #[test]
    fn every_side_has_its_bar_relative_to_the_broker() {
        let rounds = [
            round(Side::Creel, "written", 4.0),
            round(Side::Floor, "written", 3.0),
            round(Side::Kafka, "written", 36.0),
            round(Side::Creel, "durable", 5.0),
            round(Side::Kafka, "durable", 300.0),
            round(Side::KafkaShipped, "durable", 35.0),
        ];
        let svg = draw(&rounds).expect("a picture of valid rounds can be drawn");
        for label in ["floor 0.75", "creel 1.00", "kafka 9.00", "kafka 60.00", "kafka-shipped 7.00"] {
            assert!(svg.contains(label), "{label}");
        }
    }
}
