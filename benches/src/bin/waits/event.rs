//! One line of a trace: what happened to a thread, and when. Must not know what it means.

/// A thread's number.
pub(crate) type Tid = u32;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Something happened.
    Event(Event),
    /// A frame of the stack that was announced last, the innermost first.
    Frame(String),
    /// The kernel had no room for so many events.
    Lost(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at_ns: u64,
    /// The CPU that it happened on.
    pub(crate) cpu: u32,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A thread makes a system call.
    Enter { tid: Tid, call: u32 },
    /// It has returned.
    Exit { tid: Tid, call: u32 },
    /// A CPU goes from one thread, of this name, to another. The first either could go on, or waits for something.
    Switch { from: Tid, name: String, could_go_on: bool, to: Tid },
    /// What a thread waits for has come.
    Waking { tid: Tid },
    /// The frames that follow are this thread's.
    Stack { tid: Tid },
}

impl Line {
    /// Reads a line; `None` if it says nothing of interest.
    pub(crate) fn read(line: &str) -> Option<Line> {
        if let Some(frame) = line.trim_start().strip_prefix("=> ") {
            return Some(Line::Frame(function(frame)));
        }
        if let Some((_, lost)) = line.split_once("[LOST ") {
            return lost.split(' ').next()?.parse().ok().map(Line::Lost);
        }
        Event::read(line).map(Line::Event)
    }
}

/// Without an offset, and without what the compiler appends to a part of a function.
fn function(frame: &str) -> String {
    let name = frame.split(['+', ' ']).next().unwrap_or(frame);
    name.split('.').next().unwrap_or(name).to_owned()
}

impl Event {
    /// `dd-16321   [001] d..2. 39592.961822: sched_switch: prev_comm=dd ...`
    fn read(line: &str) -> Option<Event> {
        let (task, rest) = line.split_once(" [")?;
        let tid = task.trim_end().rsplit_once('-')?.1.parse().ok()?;
        let (cpu, rest) = rest.split_once("] ")?;
        let cpu = cpu.parse().ok()?;
        let (head, text) = rest.split_once(": ")?;
        let at_ns = nanos(head.split_whitespace().next_back()?)?;
        let kind = match text.split_once(": ") {
            _ if text.starts_with("<stack trace>") => Kind::Stack { tid },
            Some(("sys_enter", rest)) => Kind::Enter { tid, call: call(rest)? },
            Some(("sys_exit", rest)) => Kind::Exit { tid, call: call(rest)? },
            Some(("sched_waking", rest)) => Kind::Waking { tid: number(rest, " pid=")? },
            Some(("sched_switch", rest)) => Kind::Switch {
                from: number(rest, " prev_pid=")?,
                name: rest.strip_prefix("prev_comm=")?.split_once(" prev_pid=")?.0.to_owned(),
                could_go_on: rest.split_once(" prev_state=")?.1.starts_with('R'),
                to: number(rest, " next_pid=")?,
            },
            _ => return None,
        };
        Some(Event { at_ns, cpu, kind })
    }
}

/// `39592.961822`
fn nanos(seconds: &str) -> Option<u64> {
    let (whole, micros) = seconds.split_once('.')?;
    let micros: u64 = micros.parse().ok()?;
    Some(whole.parse::<u64>().ok()? * 1_000_000_000 + micros * 1000)
}

/// `NR 296 (4, 7f, ...)` or `NR 296 = 16384`
fn call(rest: &str) -> Option<u32> {
    rest.strip_prefix("NR ")?.split(' ').next()?.parse().ok()
}

fn number(text: &str, name: &str) -> Option<u32> {
    let (_, rest) = text.split_once(name)?;
    rest.split(' ').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(cpu: u32, at_ns: u64, kind: Kind) -> Option<Line> {
        Some(Line::Event(Event { at_ns, cpu, kind }))
    }

    #[test]
    fn lines_are_read_as_the_kernel_writes_them() {
        let enter =
            "    creel-core-0-15942   [000] ..... 39587.344093: sys_enter: NR 296 (4, 3, 0, 7fff, ffff, c)";
        let at = 39_587_344_093_000;
        assert_eq!(Line::read(enter), event(0, at, Kind::Enter { tid: 15942, call: 296 }));
        let exit = "    creel-core-0-15942   [000] ..... 39587.344096: sys_exit: NR 296 = -11";
        assert_eq!(Line::read(exit), event(0, at + 3000, Kind::Exit { tid: 15942, call: 296 }));
        let switch = "           a b-16  [001] d..2. 39592.961822: sched_switch: prev_comm=a b prev_pid=16 prev_prio=120 \
                      prev_state=D ==> next_comm=kworker/1:1H next_pid=24108 next_prio=100";
        let of = |could_go_on| Kind::Switch { from: 16, name: "a b".to_owned(), could_go_on, to: 24108 };
        assert_eq!(Line::read(switch), event(1, 39_592_961_822_000, of(false)));
        let preempted = switch.replace("prev_state=D", "prev_state=R+");
        assert_eq!(Line::read(&preempted), event(1, 39_592_961_822_000, of(true)));
        let waking = "    kworker/u8:5-10468   [001] d..3. 39592.964065: sched_waking: comm=dd pid=16321 prio=120 target_cpu=001";
        assert_eq!(Line::read(waking), event(1, 39_592_964_065_000, Kind::Waking { tid: 16321 }));
        let stack = "              dd-16321   [001] d..2. 39592.961852: <stack trace>";
        assert_eq!(Line::read(stack), event(1, 39_592_961_852_000, Kind::Stack { tid: 16321 }));
    }

    #[test]
    fn frames_are_functions_and_the_rest_is_passed_over() {
        let frame = Line::read(" => ext4_fsync_nojournal.constprop.0");
        assert_eq!(frame, Some(Line::Frame("ext4_fsync_nojournal".to_owned())));
        assert_eq!(Line::read(" => schedule+0x23/0xb0"), Some(Line::Frame("schedule".to_owned())));
        assert_eq!(Line::read("CPU:1 [LOST 4711 EVENTS]"), Some(Line::Lost(4711)));
        for other in
            ["", "# tracer: nop", "  x-1  [000] ..... 1.000001: sys_enter: garbage", "a-b [c] d: e: f"]
        {
            assert_eq!(Line::read(other), None, "{other}");
        }
    }
}
