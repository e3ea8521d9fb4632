//! Connections and queues, declared as people who must not lose messages declare them.

use crate::arm::Arm;
use crate::error::Result;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use std::time::Duration;
use tokio::time::timeout;

const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// A connection with one channel on it, kept together.
pub struct Link {
    /// The channel.
    pub channel: Channel,
    /// Kept open.
    pub connection: Connection,
}

impl Link {
    /// Opens both.
    pub async fn open(uri: &str) -> Result<Link> {
        let connection = Connection::connect(uri, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        Ok(Link { channel, connection })
    }

    /// Ends it as a client does that goes away in order; what was delivered and not acknowledged is requeued.
    pub async fn close(self) {
        // The broker may be gone already; lapin then waits for its answer without an end, at times.
        let _ = timeout(CLOSED_WITHIN, self.connection.close(200, "done".into())).await;
    }
}

/// Where messages go and are read from.
#[derive(Debug, Clone)]
pub struct Queues {
    /// Published to: the default exchange with the queue's name as key, or a fanout exchange.
    pub exchange: String,
    /// The routing key.
    pub key: String,
    /// Each read by one consumer or more.
    pub names: Vec<String>,
}

impl Queues {
    /// Declares `count` durable queues of the arm's type, at least one; more than one hang on a durable fanout exchange.
    pub async fn declare(channel: &Channel, arm: Arm, name: &str, count: usize) -> Result<Queues> {
        let names: Vec<String> = (0..count.max(1)).map(|i| format!("{name}-{i}")).collect();
        for queue in &names {
            channel.queue_declare(queue.as_str().into(), durable(), arguments(arm)).await?;
        }
        if names.len() == 1 {
            return Ok(Queues { exchange: String::new(), key: names[0].clone(), names });
        }
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel.exchange_declare(name.into(), ExchangeKind::Fanout, options, FieldTable::default()).await?;
        for queue in &names {
            let (options, none) = (QueueBindOptions::default(), FieldTable::default());
            channel.queue_bind(queue.as_str().into(), name.into(), "".into(), options, none).await?;
        }
        Ok(Queues { exchange: name.to_owned(), key: String::new(), names })
    }

    /// Messages ready in the first queue.
    pub async fn ready(&self, channel: &Channel) -> Result<u64> {
        let options = QueueDeclareOptions { passive: true, ..durable() };
        let queue =
            channel.queue_declare(self.names[0].as_str().into(), options, FieldTable::default()).await?;
        Ok(u64::from(queue.message_count()))
    }

    /// Deletes the queues with what is in them.
    pub async fn delete(&self, channel: &Channel) -> Result<()> {
        for queue in &self.names {
            channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
        }
        Ok(())
    }
}

fn durable() -> QueueDeclareOptions {
    QueueDeclareOptions { durable: true, ..Default::default() }
}

fn arguments(arm: Arm) -> FieldTable {
    let mut table = FieldTable::default();
    let kind = if arm == Arm::Quorum { "quorum" } else { "classic" };
    table.insert("x-queue-type".into(), AMQPValue::LongString(kind.into()));
    table
}
