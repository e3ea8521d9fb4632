//! One broker, and what a story does to it.
//!
//! A story runs once for each broker and never looks at which of them it has. What it asks is recorded with the answer;
//! what it does to prepare (`topic`, `until`) is not.

use std::net::SocketAddr;
use std::time::Duration;
use std::{io, thread};

use serde_json::{Value, json};

use crate::connection::{Connection, NoAnswer};
use crate::definitions::Definitions;
use crate::transcript::{self, Names, Step};
use crate::value::NO_ID;
use crate::{decode, encode};

/// Tries of something that a broker does soon: two minutes in all.
const TRIES: u32 = 1200;
/// The correlation id of frames that a story spoils.
const RAW: i32 = 7777;
const PAUSE: Duration = Duration::from_millis(100);

/// A broker in the middle of a story.
#[derive(Debug)]
pub(crate) struct Side<'a> {
    pub(crate) definitions: &'a Definitions,
    address: SocketAddr,
    story: String,
    wires: Vec<Wire>,
    names: Names,
    steps: Vec<Step>,
}

/// A connection and the requests on it that are not answered yet.
#[derive(Debug, Default)]
struct Wire {
    connection: Option<Connection>,
    next: i32,
    sent: Vec<Sent>,
}

#[derive(Debug)]
struct Sent {
    api: String,
    version: i16,
    correlation_id: i32,
    body: Value,
}

/// Which connection of a story.
pub(crate) type WireId = usize;

impl<'a> Side<'a> {
    pub(crate) fn new(definitions: &'a Definitions, address: SocketAddr, story: &str) -> Self {
        let wires = vec![Wire::default()];
        Self { definitions, address, story: story.to_owned(), wires, names: Names::new(), steps: Vec::new() }
    }

    /// What was asked and answered.
    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// A name that no other story uses, and no other run.
    pub(crate) fn own(&self, name: &str) -> String {
        format!("{}-{}-{name}", crate::clock::run(), self.story)
    }

    /// Gives a made-up value of an answer a name, under which it is compared from now on.
    pub(crate) fn name(&mut self, name: &str, value: &Value) -> Value {
        let raw = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !raw.is_empty() && raw != NO_ID && raw != "null" {
            self.names.insert(raw, name.to_owned());
        }
        value.clone()
    }

    /// Another connection.
    pub(crate) fn connect(&mut self) -> WireId {
        self.wires.push(Wire::default());
        self.wires.len() - 1
    }

    /// Every version of an API.
    pub(crate) fn versions(&self, api: &str) -> Vec<i16> {
        self.definitions.api(api).request.valid.each().collect()
    }

    /// The latest version of an API.
    pub(crate) fn latest(&self, api: &str) -> i16 {
        self.versions(api).last().copied().unwrap_or(0)
    }

    /// Asks on the first connection, and records the answer.
    pub(crate) fn ask(&mut self, api: &str, version: i16, body: Value) -> Value {
        self.send(0, api, version, body);
        self.answer(0)
    }

    /// Asks on a connection.
    pub(crate) fn ask_on(&mut self, wire: WireId, api: &str, version: i16, body: Value) -> Value {
        self.send(wire, api, version, body);
        self.answer(wire)
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn send(&mut self, wire: WireId, api: &str, version: i16, body: Value) {
        let address = self.address;
        let definition = self.definitions.api(api);
        let Some(wire) = self.wires.get_mut(wire) else { return };
        let correlation_id = wire.next;
        wire.next += 1;
        let frame = encode::request(definition, version, correlation_id, &body);
        if let Ok(connection) = wire.open(address) {
            connection.send(&frame);
        }
        wire.sent.push(Sent { api: api.to_owned(), version, correlation_id, body });
    }

    /// A request's frame, to be spoilt and sent by `send_raw`.
    pub(crate) fn frame(&self, api: &str, version: i16, body: &Value) -> Vec<u8> {
        encode::request(self.definitions.api(api), version, RAW, body)
    }

    /// Sends a frame as it is, to be answered as a request of that API and version would be.
    pub(crate) fn send_frame(&mut self, wire: WireId, api: &str, version: i16, frame: &[u8]) {
        let mut bytes = (frame.len() as i32).to_be_bytes().to_vec();
        bytes.extend(frame);
        self.send_raw(wire, api, version, &bytes);
    }

    /// Sends bytes as they are, size and all.
    pub(crate) fn send_raw(&mut self, wire: WireId, api: &str, version: i16, bytes: &[u8]) {
        let address = self.address;
        let Some(wire) = self.wires.get_mut(wire) else { return };
        if let Ok(connection) = wire.open(address) {
            connection.send_raw(bytes);
        }
        let start: Vec<u8> = bytes.iter().copied().take(40).collect();
        let body = json!({ "raw bytes": bytes.len(), "they begin": crate::value::hex(&start) });
        wire.sent.push(Sent { api: api.to_owned(), version, correlation_id: RAW, body });
    }

    /// Says that no answer is awaited to the last request that was sent.
    pub(crate) fn expect_nothing(&mut self, wire: WireId) {
        if let Some(wire) = self.wires.get_mut(wire) {
            wire.sent.pop();
        }
    }

    /// Records the answer to the oldest request of a connection.
    pub(crate) fn answer(&mut self, wire: WireId) -> Value {
        let Some((sent, answer)) = self.take(wire) else { return Value::Null };
        let label = format!("{} v{}", sent.api, sent.version);
        let lines = transcript::lines(&answer, &self.names);
        self.steps.push(Step { label, asked: sent.body.to_string(), lines });
        answer
    }

    /// Takes an answer without recording it.
    pub(crate) fn quiet_answer(&mut self, wire: WireId) -> Value {
        self.take(wire).map_or(Value::Null, |(_, answer)| answer)
    }

    /// Asks without recording.
    pub(crate) fn quietly(&mut self, api: &str, version: i16, body: Value) -> Value {
        self.send(0, api, version, body);
        self.quiet_answer(0)
    }

    /// Asks without recording until the answer is as it should be; that one.
    pub(crate) fn until(
        &mut self,
        api: &str,
        version: i16,
        body: &Value,
        good: impl Fn(&Value) -> bool,
    ) -> Value {
        for _ in 0..TRIES {
            let answer = self.quietly(api, version, body.clone());
            if good(&answer) {
                return answer;
            }
            thread::sleep(PAUSE);
        }
        let lines = [("waited in vain".to_owned(), body.to_string())];
        self.steps.push(Step { label: api.to_owned(), asked: body.to_string(), lines: lines.into() });
        Value::Null
    }

    /// Writes a line that compares what a story computed from answers.
    pub(crate) fn note(&mut self, what: &str, value: impl ToString) {
        let lines = [(what.to_owned(), value.to_string())].into();
        self.steps.push(Step { label: "note".to_owned(), asked: what.to_owned(), lines });
    }

    fn take(&mut self, wire: WireId) -> Option<(Sent, Value)> {
        let address = self.address;
        let wire = self.wires.get_mut(wire)?;
        if wire.sent.is_empty() {
            return None;
        }
        let sent = wire.sent.remove(0);
        let received = wire.open(address).map_err(|_| NoAnswer::Closed).and_then(Connection::receive);
        let answer = match received {
            Ok(frame) => self.read(&sent, &frame),
            Err(none) => {
                wire.connection = None;
                json!({ "no answer": format!("{none:?}") })
            }
        };
        Some((sent, answer))
    }

    fn read(&self, sent: &Sent, frame: &[u8]) -> Value {
        let wrong = |why: String| json!({ "not an answer": why, "bytes": crate::value::hex(frame) });
        let Some((id, body)) = frame.split_first_chunk::<4>() else {
            return wrong("no correlation id".into());
        };
        if i32::from_be_bytes(*id) != sent.correlation_id {
            return wrong(format!(
                "correlation id {} instead of {}",
                i32::from_be_bytes(*id),
                sent.correlation_id
            ));
        }
        decode::response(self.definitions.api(&sent.api), sent.version, body)
            .unwrap_or_else(|error| wrong(error.to_string()))
    }
}

impl Wire {
    fn open(&mut self, address: SocketAddr) -> io::Result<&mut Connection> {
        if self.connection.is_none() {
            self.connection = Some(Connection::open(address)?);
        }
        self.connection.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}
