//! Measures the broker beside the floor, in alternating rounds, and prints the ratios.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use creel_benches::round::{Round, Setting, Side};
use creel_benches::shape::{Acks, SHAPES, Shape};

/// The broker beside the floor: same bytes, same driver, alternating rounds on one core each.
#[derive(Parser)]
struct Args {
    /// Folder that holds the binaries `floor` and `creel`; this program's own by default.
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Rounds of each side and shape.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of a round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Only shapes whose name contains this.
    #[arg(long, default_value = "")]
    shape: String,
    /// Only this kind of acknowledgement.
    #[arg(long)]
    acks: Option<Acks>,
    /// The server's and the driver's CPU.
    #[arg(long, num_args = 2, default_values_t = [0, 1])]
    cpus: Vec<usize>,
    /// Only one side, without a ratio.
    #[arg(long)]
    only: Option<Side>,
    /// Let the floor write ever new pages too, as a log that does not reuse its files must.
    #[arg(long)]
    fresh: bool,
    /// Print all rounds as JSON too.
    #[arg(long)]
    json: bool,
}

fn main() {
    let args = Args::parse();
    if let Err(error) = run(&args) {
        eprintln!("one-path: {error}");
        std::process::exit(2);
    }
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let own = std::env::current_exe()?;
    let beside = own.parent().map(PathBuf::from).unwrap_or_default();
    let setting = Setting {
        binaries: args.binaries.clone().unwrap_or(beside),
        duration: Duration::from_secs_f64(args.seconds),
        server_cpu: args.cpus[0],
        driver_cpu: args.cpus[1],
        fresh: args.fresh,
    };
    println!(
        "{:15} {:8} {:>9} {:>21} {:>21} {:>9} {:>9}",
        "shape", "acks", "side", "requests/s", "CPU us/request", "p50 us", "p99.9 us"
    );
    let mut all = Vec::new();
    for shape in SHAPES.iter().filter(|s| s.name.contains(&args.shape)) {
        for acks in [Acks::Written, Acks::Durable] {
            if args.acks.is_none_or(|only| only == acks) {
                all.extend(measure(&setting, shape, acks, args)?);
            }
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
    }
    Ok(())
}

fn measure(setting: &Setting, shape: &Shape, acks: Acks, args: &Args) -> std::io::Result<Vec<Round>> {
    let mut all = Vec::new();
    // The first pair warms the machine and is thrown away.
    for round in 0..=args.rounds {
        let order = if round % 2 == 0 { [Side::Floor, Side::Creel] } else { [Side::Creel, Side::Floor] };
        for side in order.into_iter().filter(|side| args.only.is_none_or(|only| only == *side)) {
            let measured = setting.round(side, shape, acks)?;
            if round > 0 {
                all.push(measured);
            }
        }
    }
    let cpu: Vec<f64> =
        [Side::Floor, Side::Creel].into_iter().filter_map(|side| summary(&all, side)).collect();
    if let [floor, creel] = cpu[..] {
        println!("{:48} CPU per request: creel / floor = {:.2}", "", creel / floor);
    }
    Ok(all)
}

/// Prints a side's rounds as medians and gives the median CPU cost.
fn summary(all: &[Round], side: Side) -> Option<f64> {
    let first = all.iter().find(|r| r.side == side)?;
    let of = |f: fn(&Round) -> f64| {
        let mut values: Vec<f64> = all.iter().filter(|r| r.side == side).map(f).collect();
        values.sort_by(f64::total_cmp);
        (values[0], values[values.len() / 2], values[values.len() - 1])
    };
    let spread = |(low, mid, high): (f64, f64, f64), digits: usize| {
        format!("{mid:.digits$} ({low:.digits$}-{high:.digits$})")
    };
    let cpu = of(|r| r.cpu_us_per_request);
    println!(
        "{:15} {:8} {:>9} {:>21} {:>21} {:>9.0} {:>9.0}",
        first.shape,
        first.acks,
        format!("{side:?}").to_lowercase(),
        spread(of(|r| r.requests_per_second), 0),
        spread(cpu, 2),
        of(|r| f64::from(r.p50_us)).1,
        of(|r| f64::from(r.p999_us)).1,
    );
    Some(cpu.1)
}
