//! The parts of a request, sorted by the cores that own them, each with the place where its answer goes.

use std::rc::Rc;

use creel_io::CoreId;

use super::awaited::ask_at_once;
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
    shares: Vec<Share<P, T>>,
    /// The share that got the last part.
    last: usize,
}

/// What one core is asked about.
struct Share<P, T> {
    to: CoreId,
    places: Vec<P>,
    parts: Vec<T>,
}

/// Answers on their way, each with the places of its parts.
pub(crate) type Asked<P, Q> = Vec<(Vec<P>, Awaited<Q>)>;

impl<P, T> Default for Scatter<P, T> {
    fn default() -> Self {
        Self { shares: Vec::new(), last: 0 }
    }
}

impl<P, T> Scatter<P, T> {
    /// Has core `owner` asked about this part.
    pub(crate) fn add(&mut self, owner: CoreId, place: P, part: T) {
        let at = self.share_of(owner);
        let share = &mut self.shares[at];
        share.places.push(place);
        share.parts.push(part);
        self.last = at;
    }

    /// Neighbouring partitions lie on neighbouring cores, so most often the next share is the one that is looked for.
    fn share_of(&mut self, owner: CoreId) -> usize {
        let count = self.shares.len();
        let mut from_next = (1..=count).map(|step| (self.last + step) % count);
        from_next.find(|at| self.shares[*at].to == owner).unwrap_or_else(|| {
            self.shares.push(Share { to: owner, places: Vec::new(), parts: Vec::new() });
            count
        })
    }

    /// The parts of one core, which is not asked by mailbox.
    pub(crate) fn take(&mut self, core: CoreId) -> Option<(Vec<P>, Vec<T>)> {
        let at = self.shares.iter().position(|share| share.to == core)?;
        let Share { places, parts, .. } = self.shares.remove(at);
        self.last = 0;
        Some((places, parts))
    }

    /// Each core that has parts, with its places and parts.
    pub(crate) fn into_shares(self) -> impl Iterator<Item = (CoreId, (Vec<P>, Vec<T>))> {
        self.shares.into_iter().map(|Share { to, places, parts }| (to, (places, parts)))
    }

    /// Asks all cores at the same time, with at most `at_once` parts in one question. It waits for room where there is
    /// none.
    pub(crate) async fn ask<Q: Payload>(
        self,
        peers: &Rc<Peers>,
        at_once: usize,
        question: impl Fn(Vec<T>) -> Q,
    ) -> Asked<P, Q> {
        let shares = match self.ask_now(peers, at_once, &question) {
            Ok(asked) => return asked,
            Err(no_room) => no_room.shares,
        };
        let mut asked = Vec::with_capacity(shares.len());
        for Share { to, mut places, mut parts } in shares {
            while parts.len() > at_once {
                let (more_places, more) = (places.split_off(at_once), parts.split_off(at_once));
                asked.push((places, ask(peers, to, question(parts)).await));
                (places, parts) = (more_places, more);
            }
            asked.push((places, ask(peers, to, question(parts)).await));
        }
        asked
    }

    /// The same without waiting: if a question has no room, or would have too many parts, nobody is asked.
    pub(crate) fn ask_now<Q: Payload>(
        self,
        peers: &Rc<Peers>,
        at_once: usize,
        question: impl Fn(Vec<T>) -> Q,
    ) -> Result<Asked<P, Q>, Self> {
        let goes_now =
            |share: &Share<P, T>| share.parts.len() <= at_once && peers.outgoing.has_room(share.to, 1);
        if !self.shares.iter().all(goes_now) {
            return Err(self);
        }
        let ask = |Share { to, places, parts }| (places, ask_at_once(peers, to, question(parts)));
        Ok(self.shares.into_iter().map(ask).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_with_their_core_in_whatever_order_they_come() {
        let mut scatter = Scatter::default();
        let owners = [2, 0, 1, 2, 0, 1, 1, 0, 2, 2];
        for (place, owner) in owners.into_iter().enumerate() {
            scatter.add(CoreId(owner), place, owner);
        }
        assert_eq!(scatter.take(CoreId(0)), Some((vec![1, 4, 7], vec![0, 0, 0])));
        scatter.add(CoreId(1), 10, 1);
        let left: Vec<_> = scatter.into_shares().collect();
        let of_two = (CoreId(2), (vec![0, 3, 8, 9], vec![2; 4]));
        let of_one = (CoreId(1), (vec![2, 5, 6, 10], vec![1; 4]));
        assert_eq!(left, [of_two, of_one]);
    }
}
