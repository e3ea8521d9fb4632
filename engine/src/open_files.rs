//! Sealed segments that were read a moment ago stay open for the next read: a few of all that a core has, for there may be
//! any number of segments and only so many descriptors.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use crate::segment::Segment;

/// The sealed segments of a core that are open.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles {
    most: usize,
    /// In the order in which they were first read. Those that retention has taken meanwhile count until their turn comes.
    open: RefCell<VecDeque<Weak<Segment>>>,
}

impl OpenFiles {
    /// At most so many.
    pub(crate) fn at_most(most: usize) -> Self {
        Self { most, open: RefCell::default() }
    }

    /// Lets a sealed segment stay open, in the place of the one that has been so for longest.
    pub(crate) fn keep(&self, segment: &Rc<Segment>) {
        let mut open = self.open.borrow_mut();
        if open.iter().rev().any(|one| one.as_ptr() == Rc::as_ptr(segment)) {
            return;
        }
        open.push_back(Rc::downgrade(segment));
        if open.len() > self.most
            && let Some(oldest) = open.pop_front().and_then(|oldest| oldest.upgrade())
        {
            oldest.log.close();
        }
    }
}
