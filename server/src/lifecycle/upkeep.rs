//! What a core does by itself while it serves.

use std::rc::Rc;
use std::time::Duration;

use creel_io::{now, pace, sleep, wall_clock_ms};

use crate::core::Core;
use crate::core::checkpoint::write_checkpoint;
use crate::limits::{CHECKPOINT_INTERVAL, LARGE_REQUEST_PATIENCE};
use crate::topics::retry_removals;

/// Steps of work that it takes to look after a partition for which nothing is due.
const STEPS_A_LOOK: usize = 2;

/// Until the stop: it closes idle connections, rolls and drops segments; core 0 also writes
/// checkpoints.
pub(super) async fn run(core: Rc<Core>) {
    let broker = core.node.broker();
    let check = u64::try_from(broker.log_retention_check_interval_ms).unwrap_or(0).max(1);
    let interval = Duration::from_millis(check).min(CHECKPOINT_INTERVAL);
    let idle = u64::try_from(broker.connections_max_idle_ms).ok().map(Duration::from_millis);
    let step = idle.map_or(interval, |idle| interval.min(idle / 2).max(Duration::from_millis(10)));
    let step = step.min(LARGE_REQUEST_PATIENCE / 2);
    let mut upkeep_due = now() + interval;
    while !core.stopping.has_begun() {
        sleep(step).await;
        close_connections(&core, idle);
        core.change_log.tell_left_out();
        if now() >= upkeep_due {
            upkeep(&core).await;
            upkeep_due = now() + interval;
        }
    }
}

fn close_connections(core: &Core, idle: Option<Duration>) {
    let wanted = core.net.request_memory.is_wanted();
    if let Some(idle) = idle {
        core.net.connections.close_idle(idle, wanted);
    }
    if wanted {
        core.net.connections.close_slow_holders(&core.client_log);
    }
}

async fn upkeep(core: &Rc<Core>) {
    let mut own = core.topics.walk();
    while let Some(partition) = own.next(&core.topics) {
        pace(STEPS_A_LOOK).await;
        if let Err(error) = partition.upkeep(wall_clock_ms()).await {
            tracing::error!(partition = %partition.name(), %error, "upkeep failed");
        }
    }
    retry_removals(core).await;
    if core.controller().is_some() && !core.stopping.has_begun() {
        write_checkpoint(core).await;
    }
}
