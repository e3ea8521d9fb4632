//! RabbitMQ's side: a node of its own, and the load through lapin.

pub mod consume;
pub mod crash;
pub mod load;
pub mod node;
pub mod order;
pub mod produce;
pub mod queues;
