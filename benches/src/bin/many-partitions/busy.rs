//! Appends to many partitions at a fixed rate.

use std::error::Error;
use std::time::Duration;

use creel_benches::client::{Check, Drive, Until, drive};
use creel_benches::cpu_layout::CpuLayout;
use creel_benches::frames::produce_request;
use creel_benches::process::Server;
use creel_benches::shape::{Acks, SINGLE, Shape, Work};
use creel_benches::topic::Topic;

/// Of a measurement, to warm up.
const WARM_UP: f64 = 0.2;

/// Requests of one record over so many partitions, so many a second.
pub(crate) fn shape(partitions: i32, per_second: u32) -> Shape {
    Shape {
        name: "busy",
        work: Work::Paced { per_second },
        partitions,
        connections: 16,
        in_flight: usize::MAX,
        ..SINGLE
    }
}

/// The p99 of its responses in microseconds. The topic is removed at the end.
pub(crate) fn busy_p99_us(
    server: &Server,
    cpus: &CpuLayout,
    shape: &Shape,
    time: Duration,
) -> Result<f64, Box<dyn Error>> {
    let topic = Topic::create(server.address, "busy", shape.partitions, &[])?;
    let request = |partition| produce_request(&topic.name, partition, shape, Acks::Written);
    let plan = |time| Drive {
        address: server.address,
        requests: (0..shape.partitions).map(request).collect(),
        check: Check::Produced,
        connections: shape.connections,
        in_flight: shape.in_flight,
        interval: shape.work.interval(shape.connections),
        until: Until::Passed(time),
    };
    drive(&cpus.driver, plan(time.mul_f64(WARM_UP)))?;
    let driven = drive(&cpus.driver, plan(time))?;
    topic.remove()?;
    Ok(f64::from(driven.percentile_us(0.99).max(1)))
}
