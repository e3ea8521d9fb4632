//! One connection of the driver.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use creel_io::local::Notify;
use creel_io::net::{More, TcpStream};
use creel_io::{Instant, spawn};

use crate::plan::{Book, Drive, Until};
use crate::reply::read_reply;

pub(crate) struct Connection {
    plan: Drive,
    stream: TcpStream,
    begin: Instant,
    /// Where among the requests this connection begins.
    first: usize,
    index: usize,
    book: Rc<Book>,
}

/// What was sent, for the one who takes the replies.
#[derive(Default)]
struct Sent {
    due: RefCell<VecDeque<Instant>>,
    is_all: Cell<bool>,
    more: Notify,
}

impl Connection {
    pub(crate) async fn open(
        plan: &Drive,
        index: usize,
        begin: Instant,
        book: Rc<Book>,
    ) -> Result<Connection, String> {
        let stream = TcpStream::connect(plan.address).await.map_err(|e| e.to_string())?;
        let first = index * plan.requests.len() / plan.connections;
        Ok(Connection { plan: plan.clone(), stream, begin, first, index, book })
    }

    pub(crate) async fn run(self) -> Result<(), String> {
        match self.plan.interval {
            None => self.keep_in_flight().await,
            Some(interval) => self.keep_to_schedule(interval).await,
        }
    }

    fn is_over(&self, sent: u64) -> bool {
        match self.plan.until {
            Until::Passed(duration) => self.begin.elapsed() >= duration,
            Until::Answered(count) => sent >= count,
            Until::PassedOrAnswered(duration, count) => sent >= count || self.begin.elapsed() >= duration,
        }
    }

    async fn send(&self, number: u64) -> Result<(), String> {
        let requests = &self.plan.requests;
        let request = requests[(self.first + number as usize) % requests.len()].clone();
        self.stream.send_all(request, More::No).await.map_err(|e| e.to_string())
    }

    /// Keeps its number of requests in flight.
    async fn keep_in_flight(&self) -> Result<(), String> {
        let mut waiting = VecDeque::with_capacity(self.plan.in_flight);
        let (mut buf, mut sent) = (BytesMut::new(), 0);
        loop {
            while waiting.len() < self.plan.in_flight && !self.is_over(sent) {
                waiting.push_back(Instant::now());
                self.send(sent).await?;
                sent += 1;
            }
            let Some(sent_at) = waiting.pop_front() else { return Ok(()) };
            self.take_reply(&mut buf, sent_at).await?;
        }
    }

    /// Sends on time, whatever the answers do, and counts from the instant at which a request was due.
    async fn keep_to_schedule(self, interval: Duration) -> Result<(), String> {
        let (connection, sent) = (Rc::new(self), Rc::new(Sent::default()));
        let sender = spawn(connection.clone().send_on_time(interval, sent.clone()));
        let mut buf = BytesMut::new();
        loop {
            let next = sent.due.borrow_mut().pop_front();
            match next {
                Some(due_at) => connection.take_reply(&mut buf, due_at).await?,
                None if sent.is_all.get() => return sender.await,
                None => sent.more.notified().await,
            }
        }
    }

    async fn send_on_time(self: Rc<Self>, interval: Duration, sent: Rc<Sent>) -> Result<(), String> {
        let outcome = self.send_planned(interval, &sent).await;
        sent.is_all.set(true);
        sent.more.notify_all();
        outcome
    }

    async fn send_planned(&self, interval: Duration, sent: &Sent) -> Result<(), String> {
        // Spread over the interval, so that the connections do not all speak at once.
        let first_after = interval * (self.index as u32) / (self.plan.connections as u32);
        let due_after = |number: u64| first_after + interval * (number as u32);
        let planned = planned(self.plan.until, first_after, interval);
        let mut number = 0;
        while number < planned && !self.is_over(number) {
            let due_at = self.begin + due_after(number);
            creel_io::sleep_until(due_at).await;
            sent.due.borrow_mut().push_back(due_at);
            sent.more.notify_all();
            self.send(number).await?;
            number += 1;
        }
        if let Until::Passed(duration) | Until::PassedOrAnswered(duration, _) = self.plan.until {
            (number..planned).for_each(|unsent| self.note_unsent(duration.saturating_sub(due_after(unsent))));
        }
        Ok(())
    }

    async fn take_reply(&self, buf: &mut BytesMut, since: Instant) -> Result<(), String> {
        let reply = read_reply(&self.stream, buf).await?;
        self.note(since.elapsed());
        self.plan.check.look(&reply)
    }

    fn note(&self, response: Duration) {
        let micros = u32::try_from(response.as_micros()).unwrap_or(u32::MAX);
        self.book.latencies_us.borrow_mut().push(micros);
    }

    /// It was due and never sent: that it waited so long is no less true.
    fn note_unsent(&self, age: Duration) {
        self.note(age);
        self.book.unsent.set(self.book.unsent.get() + 1);
    }
}

/// Requests that a connection should have sent at the end.
fn planned(until: Until, first_after: Duration, interval: Duration) -> u64 {
    let within = |duration: Duration| {
        let over = duration.saturating_sub(first_after);
        over.as_nanos().div_ceil(interval.as_nanos().max(1)) as u64
    };
    match until {
        Until::Passed(duration) => within(duration),
        Until::Answered(count) => count,
        Until::PassedOrAnswered(duration, count) => within(duration).min(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_by_the_end_is_planned_and_no_more() {
        let ms = Duration::from_millis;
        let passed = |total, first| planned(Until::Passed(ms(total)), ms(first), ms(10));
        assert_eq!([passed(100, 0), passed(100, 5), passed(101, 0)], [10, 10, 11]);
        assert_eq!(passed(100, 200), 0);
        assert_eq!(planned(Until::PassedOrAnswered(ms(100), 3), ms(0), ms(10)), 3);
        assert_eq!(planned(Until::Answered(7), ms(0), ms(10)), 7);
    }
}
