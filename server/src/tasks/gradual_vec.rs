//! Long lists that are freed bit by bit: freeing a hundred thousand things is work, too.

use std::mem;
use std::ops::{Deref, DerefMut};

use creel_io::{pace, spawn};

/// What is done in one go without asking whether others should be let in.
pub(crate) const AT_ONCE: usize = 64;

/// A list that lets others in while it is freed, if it is long.
#[derive(Debug)]
pub(crate) struct GradualVec<T: 'static>(Vec<T>);

impl<T> Default for GradualVec<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for GradualVec<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for GradualVec<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T> Drop for GradualVec<T> {
    fn drop(&mut self) {
        if self.0.len() <= AT_ONCE {
            return;
        }
        let list = mem::take(&mut self.0);
        spawn(async move {
            for one in list {
                drop(one);
                pace(1).await;
            }
        });
    }
}
