//! The broker that all stories use: clients/python/serve.py starts, restarts and stops it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// A running broker; it must be ended with [`Broker::end`].
pub struct Broker {
    pub bootstrap: String,
    process: Child,
    talk: Mutex<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
}

impl Broker {
    pub fn start() -> Self {
        let serve = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/serve.py");
        let mut process = Command::new("python3")
            .arg(serve)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let input = process.stdin.take().expect("it is piped");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let bootstrap = until_ready(&mut lines);
        Self { bootstrap, process, talk: Mutex::new((input, lines)) }
    }

    /// Stops it and starts it again, at the same address and with the same data.
    pub fn restart(&self) {
        let mut talk = self.talk.lock().expect("no story panics while it restarts");
        writeln!(talk.0, "restart").expect("serve.py listens");
        assert_eq!(until_ready(&mut talk.1), self.bootstrap);
    }

    /// True if it stopped cleanly.
    pub fn end(mut self) -> bool {
        // The end of its input is what serve.py stops at.
        drop(self.talk);
        self.process.wait().expect("it is our child").success()
    }
}

fn until_ready(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("ready ").map(str::to_owned))
        .expect("the broker is ready")
}
