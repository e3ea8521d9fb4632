//! What other cores refer to by a ticket: a place in a list, and how often that place was given away before.

use std::cell::RefCell;

/// Names a question, or a watch, on the core that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    place: u32,
    /// So a ticket that was taken back never names what has its place now.
    generation: u32,
}

/// Values of type `T`, each under its ticket.
pub(super) struct Tickets<T>(RefCell<Places<T>>);

struct Places<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

struct Place<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Tickets<T> {
    fn default() -> Self {
        Self(RefCell::new(Places { places: Vec::new(), free: Vec::new() }))
    }
}

impl<T> Tickets<T> {
    pub(super) fn issue(&self, value: T) -> Ticket {
        let mut all = self.0.borrow_mut();
        let Some(place) = all.free.pop() else {
            all.places.push(Place { generation: 0, value: Some(value) });
            return Ticket { place: all.places.len() as u32 - 1, generation: 0 };
        };
        let entry = &mut all.places[place as usize];
        entry.value = Some(value);
        Ticket { place, generation: entry.generation }
    }

    /// What `f` makes of the ticket's value. `None`: it was taken back.
    pub(super) fn with<R>(&self, ticket: Ticket, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut all = self.0.borrow_mut();
        let entry = all.places.get_mut(ticket.place as usize)?;
        entry.value.as_mut().filter(|_| entry.generation == ticket.generation).map(f)
    }

    /// Takes a ticket back. Returns its value, unless that was done before.
    pub(super) fn take_back(&self, ticket: Ticket) -> Option<T> {
        let mut all = self.0.borrow_mut();
        let entry = all.places.get_mut(ticket.place as usize)?;
        if entry.generation != ticket.generation {
            return None;
        }
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        all.free.push(ticket.place);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_and_an_old_ticket_names_nothing() {
        let tickets = Tickets::default();
        let (first, other) = (tickets.issue('a'), tickets.issue('b'));
        assert_eq!(tickets.take_back(first), Some('a'));
        let second = tickets.issue('c');
        assert_eq!(second.place, first.place);
        assert_eq!(tickets.with(first, |value| *value), None);
        assert_eq!(tickets.take_back(first), None);
        assert_eq!(tickets.with(second, |value| *value), Some('c'));
        assert_eq!(tickets.with(other, |value| *value), Some('b'));
    }
}
