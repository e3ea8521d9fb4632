//! The partitions of a request, sorted by the cores that own them, each with its place in the response.

use std::collections::BTreeMap;
use std::rc::Rc;

use creel_io::CoreId;
use creel_wire::Uuid;

use crate::core::Core;
use crate::peers::messages::Question;
use crate::peers::route;

/// A partition's place in the response: its topic's index, and its own within that.
pub(crate) type Slot = (usize, usize);

/// Partitions of one core, by their topics' ids.
type Share<T> = Vec<(Uuid, T)>;

/// What is asked about each partition.
pub(crate) struct Spread<T> {
    by_core: BTreeMap<CoreId, (Vec<Slot>, Share<T>)>,
}

impl<T> Spread<T> {
    pub(crate) fn new() -> Self {
        Self { by_core: BTreeMap::new() }
    }

    /// Has core `owner` asked about a partition of `topic`.
    pub(crate) fn add(&mut self, slot: Slot, (owner, topic): (CoreId, Uuid), asked: T) {
        let (slots, partitions) = self.by_core.entry(owner).or_default();
        slots.push(slot);
        partitions.push((topic, asked));
    }

    /// Asks all cores at the same time. What a core that has ended does not answer is left out.
    pub(crate) async fn ask<Q, A>(
        self,
        core: &Rc<Core>,
        question: impl Fn(Share<T>) -> Q,
        mut put: impl FnMut(Slot, A),
    ) where
        Q: Question<Answer = Vec<A>>,
    {
        let mut own = None;
        let mut awaited = Vec::new();
        for (owner, (slots, partitions)) in self.by_core {
            if owner == core.id {
                own = Some((slots, question(partitions)));
            } else {
                awaited.push((slots, route::ask(core, owner, question(partitions)).await));
            }
        }
        if let Some((slots, question)) = own {
            let answers = route::call(core, core.id, question).await.unwrap_or_default();
            slots.into_iter().zip(answers).for_each(|(slot, answer)| put(slot, answer));
        }
        for (slots, awaited) in awaited {
            let answers = awaited.answer().await.unwrap_or_default();
            slots.into_iter().zip(answers).for_each(|(slot, answer)| put(slot, answer));
        }
    }
}
