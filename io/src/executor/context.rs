//! Which core the running code belongs to.
//!
//! Owns the thread's current core. What tasks ask of it (the time, a sleep, a spawn) is in files of their own, above
//! this one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::core_state::CoreState;
use crate::wake::ready;

thread_local! {
    /// Whether the current core is simulated. The clock asks this every time, and this way it need not ask the core.
    static IS_SIMULATED: Cell<bool> = const { Cell::new(false) };
    static CURRENT: RefCell<Option<Rc<CoreState>>> = const { RefCell::new(None) };
}

/// Makes `core` the current core until the guard is dropped. Then the previous one is the current core again.
pub(crate) fn enter(core: Rc<CoreState>) -> Entered {
    Entered { before: replace(Some(core)) }
}

fn replace(core: Option<Rc<CoreState>>) -> Option<Rc<CoreState>> {
    IS_SIMULATED.set(core.as_ref().is_some_and(|core| core.environment().is_some()));
    drop(ready::replace_current(core.as_ref().map(|core| core.executor.ready().clone())));
    CURRENT.with(|current| std::mem::replace(&mut *current.borrow_mut(), core))
}

/// Whether the running code is on a simulated core, with the simulator's time.
#[inline]
pub(crate) fn is_simulated() -> bool {
    IS_SIMULATED.get()
}

pub(crate) struct Entered {
    before: Option<Rc<CoreState>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(replace(self.before.take()));
    }
}

/// Runs `f` with the current core. Calling it outside a core is a bug.
pub(crate) fn with<R>(f: impl FnOnce(&Rc<CoreState>) -> R) -> R {
    try_with(|core| f(core.expect("called on a thread that runs a Creel core")))
}

/// Runs `f` with the current core, or with `None` outside a core and while the thread ends.
pub(crate) fn try_with<R>(f: impl FnOnce(Option<&Rc<CoreState>>) -> R) -> R {
    let mut f = Some(f);
    let mut run = |core: Option<&Rc<CoreState>>| (f.take().expect("called once"))(core);
    let outcome = CURRENT.try_with(|current| run(current.borrow().as_ref()));
    outcome.unwrap_or_else(|_| run(None))
}

/// How often this core has woken another one that slept. A core that is awake needs no wake.
#[must_use]
pub fn wakes_sent() -> u64 {
    with(|core| core.wakes_sent.get())
}
