//! The parts of a request, sorted by the cores that own them, each with the place where its answer goes.

use std::collections::BTreeMap;
use std::rc::Rc;

use creel_io::CoreId;

use super::questions::Payload;
use super::{Awaited, Peers, ask};

/// A partition's place in a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseSlot {
    /// The index of its topic.
    pub(crate) topic: usize,
    /// Its own index within the topic.
    pub(crate) partition: usize,
}

/// Parts of type `T`, and places of type `P`.
pub(crate) struct Scatter<P, T> {
    by_core: BTreeMap<CoreId, (Vec<P>, Vec<T>)>,
}

impl<P, T> Default for Scatter<P, T> {
    fn default() -> Self {
        Self { by_core: BTreeMap::new() }
    }
}

impl<P, T> Scatter<P, T> {
    /// Has core `owner` asked about this part.
    pub(crate) fn add(&mut self, owner: CoreId, place: P, part: T) {
        let (places, parts) = self.by_core.entry(owner).or_default();
        places.push(place);
        parts.push(part);
    }

    /// The parts of one core, which is not asked by mailbox.
    pub(crate) fn take(&mut self, core: CoreId) -> Option<(Vec<P>, Vec<T>)> {
        self.by_core.remove(&core)
    }

    /// Each core that has parts, with its places and parts.
    pub(crate) fn into_shares(self) -> impl Iterator<Item = (CoreId, (Vec<P>, Vec<T>))> {
        self.by_core.into_iter()
    }

    /// Asks all cores at the same time, with at most `at_once` parts in one question. Returns each awaited answer
    /// with the places of its parts.
    pub(crate) async fn ask<Q: Payload>(
        self,
        peers: &Rc<Peers>,
        at_once: usize,
        question: impl Fn(Vec<T>) -> Q,
    ) -> Vec<(Vec<P>, Awaited<Q>)> {
        let mut asked = Vec::with_capacity(self.by_core.len());
        for (to, (mut places, mut parts)) in self.by_core {
            while parts.len() > at_once {
                let (more_places, more) = (places.split_off(at_once), parts.split_off(at_once));
                asked.push((places, ask(peers, to, question(parts)).await));
                (places, parts) = (more_places, more);
            }
            asked.push((places, ask(peers, to, question(parts)).await));
        }
        asked
    }
}
