//! The members of one group, looked at together. Each is a process of its own, so that SIGKILL kills a real client.

use std::collections::HashSet;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::rdkafka::Member;
use crate::records::{PARTITIONS, Record};
use crate::wait::until;

/// What a member has said so far.
#[derive(Default)]
struct Said {
    assigned: Vec<i64>,
    read: HashSet<String>,
}

pub struct Group {
    /// What a member's process is told: broker, group, topic.
    arguments: [String; 3],
    members: Vec<(Child, Arc<Mutex<Said>>)>,
}

/// The process of a member: reads and commits until it is killed, and says what happens, one JSON object a line.
pub async fn be_member(bootstrap: &str, group: &str, topic: &str) {
    let member = Member::join(bootstrap, group, topic);
    let mut assigned = Vec::new();
    loop {
        if let Some(read) = member.poll().await {
            println!("{}", json!({ "read": read.value() }));
            // A commit that is refused lets the record come again.
            let _ = member.commit(&[read]);
        }
        let now = member.assigned();
        if now != assigned {
            println!("{}", json!({ "assigned": now }));
            assigned = now;
        }
    }
}

impl Group {
    pub fn new(bootstrap: &str, group: String, topic: &str) -> Self {
        Self { arguments: [bootstrap.to_owned(), group, topic.to_owned()], members: Vec::new() }
    }

    pub fn join(&mut self) {
        let this = std::env::current_exe().expect("this program");
        let mut process = Command::new(this)
            .arg("member")
            .args(&self.arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a member starts");
        let output = process.stdout.take().expect("it is piped");
        let said = Arc::default();
        std::thread::spawn({
            let said = Arc::clone(&said);
            move || listen(output, &said)
        });
        self.members.push((process, said));
    }

    /// SIGKILL to the first: it has no chance to leave.
    pub fn kill_first(&mut self) {
        let (mut process, _) = self.members.remove(0);
        process.kill().expect("it runs");
        process.wait().expect("it is our child");
    }

    /// Every partition has exactly one owner, and every member owns something.
    pub async fn until_shared(&self) {
        let shared = || {
            let owned: Vec<_> = self.members.iter().map(|(_, said)| lock(said).assigned.clone()).collect();
            let mut all = owned.concat();
            all.sort_unstable();
            all == PARTITIONS.map(i64::from) && owned.iter().all(|one| !one.is_empty())
        };
        until(shared, || format!("an assignment of every partition among{self}")).await;
    }

    /// Together they have read all of these.
    pub async fn until_read(&self, records: &[Record]) {
        let value =
            |record: &Record| String::from_utf8(record.value.clone().expect("a value")).expect("text");
        let values: Vec<_> = records.iter().map(value).collect();
        let read = |value: &String| self.members.iter().any(|(_, said)| lock(said).read.contains(value));
        until(|| values.iter().all(read), || format!("all of {} records among{self}", values.len())).await;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        while !self.members.is_empty() {
            self.kill_first();
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.members.iter().try_for_each(|(_, said)| {
            let said = lock(said);
            write!(f, " [{:?}, {} values]", said.assigned, said.read.len())
        })
    }
}

fn listen(output: ChildStdout, said: &Mutex<Said>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let event: Value = serde_json::from_str(&line).expect("a member speaks JSON");
        let mut said = lock(said);
        if let Some(value) = event["read"].as_str() {
            said.read.insert(value.to_owned());
        } else {
            let assigned = event["assigned"].as_array().expect("the other thing that it says");
            said.assigned = assigned.iter().filter_map(Value::as_i64).collect();
        }
    }
}

fn lock(said: &Mutex<Said>) -> std::sync::MutexGuard<'_, Said> {
    said.lock().expect("no holder panics")
}
