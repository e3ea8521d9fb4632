//! Produce requests that the broker refused for a while. They are sent again, in their order and one at a time, once
//! nothing else is in flight. Until then nothing new is sent. Requests that were in flight behind them may have been
//! appended. The refused records then lie behind later ones, as they would with any producer that is not idempotent.
//!
//! They go to the broker that refused them. If it no longer leads the partition, it will not lead it again within a
//! run.

use super::{Link, NANOS_PER_SECOND, Sent};
use crate::client::SILENCE_SECONDS_MAX;
use crate::client::control::describe;
use crate::clock::now_ns;
use crate::error::EngineError;
use crate::runtime;
use creel_wire::ErrorCode;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// As Kafka's own producer waits (`retry.backoff.ms`, `retry.backoff.max.ms`).
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Until the task that wrote a frame has given it back.
const FRAME_PAUSE: Duration = Duration::from_millis(1);

/// The requests, the oldest first: never more than may be in flight.
#[derive(Debug, Default)]
pub(super) struct Refused {
    requests: VecDeque<Sent>,
    /// The first refusal since all was well, and the last error.
    since: Option<(u64, ErrorCode)>,
    /// Before the next attempt; none where the last one went well.
    pause: Duration,
}

impl Refused {
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Sent> {
        self.requests.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Sent> {
        self.requests.iter_mut()
    }

    /// Forgets all; gives them.
    pub(super) fn clear(&mut self) -> VecDeque<Sent> {
        std::mem::take(self).requests
    }

    /// A request was refused: one that was before goes first again.
    fn take(&mut self, now_ns: u64, code: ErrorCode, sent: Sent, was_refused_before: bool) {
        let longer = if was_refused_before { self.pause * 2 } else { self.pause };
        self.pause = longer.clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.since = Some((self.since.map_or(now_ns, |(since_ns, _)| since_ns), code));
        match was_refused_before {
            true => self.requests.push_front(sent),
            false => self.requests.push_back(sent),
        }
    }

    /// A request was acked. Whether there is more to be sent again.
    pub(super) fn go_on(&mut self) -> bool {
        if self.requests.is_empty() {
            self.since = None;
        }
        self.pause = Duration::ZERO;
        !self.requests.is_empty()
    }

    /// The broker has refused for too long.
    pub(super) fn check_silence(&self, now_ns: u64, topic: &str) -> Result<(), EngineError> {
        let Some((since_ns, code)) = self.since else { return Ok(()) };
        if now_ns.saturating_sub(since_ns) <= SILENCE_SECONDS_MAX * NANOS_PER_SECOND {
            return Ok(());
        }
        let what = format!("append to topic {topic} for {SILENCE_SECONDS_MAX} s");
        Err(EngineError::Refused { what, code: describe(code) })
    }
}

/// The broker may have appended it: a second copy could not be told from a fault.
fn may_be_appended(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::RequestTimedOut | ErrorCode::NotEnoughReplicasAfterAppend | ErrorCode::NetworkException
    )
}

impl Link {
    /// The broker refused `sent` with an error that says that it may be tried again.
    pub(super) fn take_refusal(&self, mut sent: Sent, code: ErrorCode) {
        self.reconnecting.answered();
        let (now, window) = (now_ns(), self.shared.run_state.window());
        let was_refused_before = sent.refused.is_some();
        let range = sent.refused.take();
        let outcomes = &mut self.shared.outcomes.borrow_mut()[sent.partition];
        let range = range.unwrap_or_else(|| outcomes.refused(u64::from(sent.records)));
        let mut metrics = self.shared.metrics.borrow_mut();
        let mut queues = self.queues.borrow_mut();
        if may_be_appended(code) {
            metrics.refusals.doubt(u64::from(sent.records), code.name());
            for run in &sent.instants {
                metrics.given_up(window, now, Some(sent.sent_ns), *run);
            }
            sent.frame.into_iter().for_each(|frame| self.reuse(frame));
            queues.refused.go_on();
        } else {
            if window.contains(now) {
                metrics.refusals.produce(code.name());
            }
            queues.refused.take(now, code, Sent { refused: Some(range), ..sent }, was_refused_before);
        }
        self.to_resend.raise();
        self.shared.wake.raise();
    }

    /// Sends the oldest again if nothing is in flight. Whether that has to be tried again soon.
    fn resend_oldest(&self) -> Result<bool, EngineError> {
        let mut queues = self.queues.borrow_mut();
        if !queues.in_flight.is_empty() {
            return Ok(false); // its answer will say when
        }
        let Some(mut sent) = queues.refused.requests.pop_front() else { return Ok(false) };
        let Some(frame) = sent.frame.take() else {
            queues.refused.requests.push_front(sent);
            return Ok(true);
        };
        let now_ns = now_ns();
        sent.again_ns = now_ns;
        let correlation_id = sent.correlation_id;
        queues.in_flight.push_back(sent);
        self.put_out(queues, correlation_id, frame, now_ns)?;
        Ok(false)
    }
}

/// Sends again what was refused, for as long as the link lives.
pub(super) async fn resend(link: Rc<Link>) -> Result<(), EngineError> {
    loop {
        link.to_resend.wait().await;
        let pause = link.queues.borrow().refused.pause;
        if !pause.is_zero() {
            runtime::sleep(pause).await;
        }
        if link.queues.borrow().closing {
            return Ok(());
        }
        if link.resend_oldest()? {
            runtime::sleep(FRAME_PAUSE).await;
            link.to_resend.raise();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(correlation_id: i32) -> Sent {
        let (instants, frame, refused) = (Vec::new(), None, None);
        Sent {
            correlation_id,
            partition: 0,
            records: 1,
            payload_bytes: 1,
            sent_ns: 0,
            again_ns: 0,
            instants,
            frame,
            refused,
        }
    }

    #[test]
    fn requests_keep_their_order_and_pauses_grow_until_one_is_acked() {
        let (mut refused, code) = (Refused::default(), ErrorCode::NotLeaderOrFollower);
        (1..=3).for_each(|id| refused.take(5, code, sent(id), false));
        assert_eq!(refused.pause, FIRST_PAUSE);
        for pause in [FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8, LONGEST_PAUSE, LONGEST_PAUSE] {
            let again = refused.requests.pop_front().unwrap();
            refused.take(6, code, again, true);
            assert_eq!(refused.iter().map(|sent| sent.correlation_id).collect::<Vec<_>>(), [1, 2, 3]);
            assert_eq!(refused.pause, pause);
        }
        assert!(refused.go_on() && refused.pause.is_zero());
    }

    #[test]
    fn patience_counts_from_the_first_refusal_and_ends() {
        let (mut refused, code) = (Refused::default(), ErrorCode::NotEnoughReplicas);
        let second = NANOS_PER_SECOND;
        refused.take(5 * second, code, sent(1), false);
        refused.take(30 * second, code, sent(2), false);
        refused.check_silence((5 + SILENCE_SECONDS_MAX) * second, "t").unwrap();
        let error = refused.check_silence((6 + SILENCE_SECONDS_MAX) * second, "t").unwrap_err();
        assert!(
            error.to_string().contains("append to topic t for 30 s: ")
                && error.to_string().contains("NOT_ENOUGH")
        );
        refused.clear();
        assert!(!refused.go_on());
        refused.check_silence(900 * second, "t").unwrap();
    }
}
