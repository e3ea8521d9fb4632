//! Questions as each core answers them, and how a core asks itself and others alike.

use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use creel_io::CoreId;

use super::Core;
use crate::peers::questions::Payload;
use crate::peers::{Scatter, ask};

/// A question that a core answers. It is implemented beside what answers it.
pub(crate) trait Question: Payload + 'static {
    /// The answer. What this has done when it returns is done in the order in which questions came. What the future
    /// does may take its time.
    fn answer_here(self, core: Rc<Core>) -> impl Future<Output = Self::Answer> + 'static;

    /// Whether so much is done at once that other tasks should run after it.
    fn is_long(&self) -> bool {
        false
    }
}

/// Asks a core, be it this one or another, and waits for the answer. A core that has ended never answers.
pub(crate) async fn ask_core<Q: Question>(core: &Rc<Core>, to: CoreId, question: Q) -> Option<Q::Answer> {
    if to == core.id {
        return Some(answer_boxed(core, question).await);
    }
    ask(&core.peers, to, question).await.answer().await
}

/// Asks every core the same question, in parallel. The answers are in the order of cores.
pub(crate) async fn ask_all_cores<Q: Question>(core: &Rc<Core>, question: impl Fn() -> Q) -> Vec<Q::Answer> {
    let mut awaited = Vec::new();
    for to in core.peers.others() {
        awaited.push((to, ask(&core.peers, to, question()).await));
    }
    let own = answer_boxed(core, question()).await;
    let mut answers = BTreeMap::from([(core.id, own)]);
    for (from, answer) in awaited {
        if let Some(answer) = answer.answer().await {
            answers.insert(from, answer);
        }
    }
    answers.into_values().collect()
}

/// Asks the owners of all parts at the same time, this core among them, and puts each answer in its place. If a core
/// has ended, its answers are left out.
pub(crate) async fn ask_owners<P, T, Q, A>(
    core: &Rc<Core>,
    mut parts: Scatter<P, T>,
    question: impl Fn(Vec<T>) -> Q,
    mut put: impl FnMut(P, A),
) where
    Q: Question<Answer = Vec<A>>,
{
    let own = parts.take(core.id);
    let awaited = parts.ask(&core.peers, usize::MAX, &question).await;
    if let Some((places, parts)) = own {
        let answers = answer_boxed(core, question(parts)).await;
        places.into_iter().zip(answers).for_each(|(place, answer)| put(place, answer));
    }
    for (places, awaited) in awaited {
        let answers = awaited.answer().await.unwrap_or_default();
        places.into_iter().zip(answers).for_each(|(place, answer)| put(place, answer));
    }
}

/// Boxed, because an answer may ask further questions.
async fn answer_boxed<Q: Question>(core: &Rc<Core>, question: Q) -> Q::Answer {
    Box::pin(question.answer_here(core.clone())).await
}
