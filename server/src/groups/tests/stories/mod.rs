//! The group protocol, told as stories.

mod durability;
mod members;
mod offsets;
mod rebalances;
