//! stub
use super::NodeId;
use super::world::{Loss, World};

#[derive(Default)]
pub(crate) struct Network;
pub(crate) enum Arrival {}

impl Network {
    pub(crate) fn node_down(_world: &World, _id: NodeId, _loss: Loss) {}
    pub(crate) fn arrive(_world: &World, arrival: Arrival) {
        match arrival {}
    }
}
