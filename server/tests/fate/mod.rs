//! A broker's life in the simulator: load, and what befalls it.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::ops::AddAssign;
use std::time::Duration;

use creel_io::sim::{Config, ErrorRates, Handle};
use creel_io::{Instant, sleep};
use creel_server::Setup;

use crate::load::{Load, Plan, SETTINGS};
use crate::support::World;

const PLAN: Plan =
    Plan { producers: 3, value_bytes_max: 900, pause_max: Duration::from_millis(8), written_is_kept: false };

/// A journal that is full now and then.
const JOURNAL: &[&str] = &["creel.journal=true", "creel.journal.bytes=1048576"];

/// The same, beside the data directory.
const ELSEWHERE: &[&str] = &["creel.journal.dir=/journals"];

/// What befalls a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blow {
    PowerCut,
    PowerCutAfterSomeIo,
    Kill,
    Stop,
    SyncsFail,
    WritesFail,
    ReadsFail,
    DiskErrors,
    DiskFull,
    SlowSyncs,
    LineCut,
    Resets,
    SlowNetwork,
}

const BLOWS: [Blow; 13] = [
    Blow::PowerCut,
    Blow::PowerCutAfterSomeIo,
    Blow::Kill,
    Blow::Stop,
    Blow::SyncsFail,
    Blow::WritesFail,
    Blow::ReadsFail,
    Blow::DiskErrors,
    Blow::DiskFull,
    Blow::SlowSyncs,
    Blow::LineCut,
    Blow::Resets,
    Blow::SlowNetwork,
];

/// What lives have seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub seeds: u64,
    pub blows: u64,
    pub starts: u64,
    pub acked: u64,
    pub served: u64,
    pub swept: u64,
    pub retired: u64,
    pub commits: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.blows += other.blows;
        self.starts += other.starts;
        self.acked += other.acked;
        self.served += other.served;
        self.swept += other.swept;
        self.retired += other.retired;
        self.commits += other.commits;
    }
}

pub struct Life {
    world: World,
    load: Load,
    tally: Tally,
    blows: &'static [Blow],
    told: Vec<(Instant, Blow)>,
    setup: Option<Setup>,
}

impl Drop for Life {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what befell the broker: {:?}", self.told);
            eprintln!("the last start: {:?}", self.setup.as_ref().map(Setup::failure));
            eprintln!("files: {:?}", self.handle().disk(self.world.broker).files());
            eprintln!("now {:?}, refused: {}", self.handle().now(), self.load.refusals());
        }
    }
}

impl Life {
    pub fn begin(seed: u64) -> Self {
        Self::with(seed, &BLOWS)
    }

    /// Only these things happen.
    pub fn with(seed: u64, blows: &'static [Blow]) -> Self {
        let mut manners = Config { steps_max: 1_000_000, ..Config::default() };
        manners.network.reset = if seed.is_multiple_of(3) { 0.0005 } else { 0.0 };
        let settings = match seed % 4 {
            0 | 2 => SETTINGS.to_vec(),
            1 => [SETTINGS, JOURNAL].concat(),
            _ => [SETTINGS, JOURNAL, ELSEWHERE].concat(),
        };
        let mut world = World::down(seed, manners, 1 + (seed % 3) as u16, &settings);
        let disk = world.sim.handle().disk(world.broker);
        disk.place("/journals/of-the-device", b"").expect("nothing is there yet");
        world.start();
        let load = Load::new(world.connector(), PLAN);
        let clients = world.clients();
        let of_node = load.clone();
        world.sim.start(clients, move |_| {
            let load = of_node.clone();
            async move {
                load.prepare().await;
                load.begin();
                while !load.is_drained() {
                    sleep(Duration::from_millis(5)).await;
                }
            }
        });
        Self {
            world,
            load,
            tally: Tally { seeds: 1, ..Tally::default() },
            blows,
            told: Vec::new(),
            setup: None,
        }
    }

    /// Blows, then peace, then the proof that all is there, also after one more power cut and a clean stop.
    pub fn live(mut self) -> Tally {
        self.suffer();
        self.heal();
        self.finish();
        self.sweep();
        self.handle().crash(self.world.broker);
        self.start();
        self.sweep();
        self.stop();
        self.start();
        self.sweep();
        let counts = self.load.judge.borrow().counts;
        Tally {
            acked: counts.acked,
            served: counts.served,
            swept: counts.swept,
            retired: counts.retired,
            commits: counts.commits,
            ..self.tally
        }
    }

    pub fn trace_hash(&self) -> u64 {
        self.handle().trace_hash()
    }

    fn handle(&self) -> Handle {
        self.world.sim.handle()
    }

    fn below(&self, bound: u64) -> u64 {
        self.handle().random_u64() % bound
    }

    /// One blow after the other.
    pub fn suffer(&mut self) {
        for _ in 0..3 + self.below(4) {
            let pause = self.below(250);
            self.pass(pause);
            let at = self.below(self.blows.len() as u64) as usize;
            self.strike(self.blows[at]);
            self.told.push((self.handle().now(), self.blows[at]));
            self.tally.blows += 1;
            if !self.handle().is_up(self.world.broker) {
                self.start();
            }
        }
    }

    fn strike(&mut self, blow: Blow) {
        let (handle, broker, clients) = (self.handle(), self.world.broker, self.world.clients());
        let disk = handle.disk(broker);
        let (few, while_ms) = (1 + self.below(4), 1 + self.below(300));
        match blow {
            Blow::PowerCut => handle.crash(broker),
            Blow::PowerCutAfterSomeIo => {
                handle.crash_after_io(broker, 1 + self.below(120));
                self.pass(2000);
                handle.cancel_crash(broker);
            }
            Blow::Kill => handle.kill(broker),
            Blow::Stop => self.stop(),
            Blow::SyncsFail => {
                disk.fail_next_syncs(few as u32);
                self.pass(while_ms);
                self.begin_anew();
            }
            Blow::WritesFail => {
                disk.fail_next_writes(few as u32);
                self.pass(while_ms);
                self.begin_anew();
            }
            Blow::ReadsFail => {
                disk.fail_next_reads(few as u32);
                self.pass(while_ms);
                self.begin_anew();
            }
            Blow::DiskErrors => {
                disk.set_error_rates(ErrorRates { read: 0.01, write: 0.01, sync: 0.01 });
                self.pass(while_ms);
                // So that the start meets them too.
                handle.kill(broker);
                self.start();
                self.pass(while_ms);
                self.begin_anew();
            }
            Blow::DiskFull => {
                disk.set_capacity(Some(disk.used() + self.below(40_000)));
                self.pass(while_ms);
                disk.set_capacity(None);
            }
            Blow::SlowSyncs => {
                disk.hold_syncs(true);
                self.pass(while_ms);
                if self.below(2) == 0 {
                    handle.crash(broker);
                }
                disk.hold_syncs(false);
            }
            Blow::LineCut => {
                handle.network().partition(broker, clients);
                self.pass(while_ms * few * 10);
                handle.network().heal(broker, clients);
            }
            Blow::Resets => handle.network().reset_connections(broker, clients),
            Blow::SlowNetwork => {
                handle.network().set_delay(Duration::from_millis(1)..=Duration::from_millis(60));
                self.pass(while_ms * few);
                handle.network().set_delay(Duration::from_micros(10)..=Duration::from_millis(1));
            }
        }
    }

    /// The disk works again; the broker may have given up on parts of it until it is started again.
    fn begin_anew(&mut self) {
        let (handle, broker) = (self.handle(), self.world.broker);
        self.heal_disk();
        if self.below(2) == 0 {
            handle.kill(broker);
        } else {
            self.stop();
        }
    }

    fn heal_disk(&self) {
        let disk = self.handle().disk(self.world.broker);
        disk.fail_next_reads(0);
        disk.fail_next_writes(0);
        disk.fail_next_syncs(0);
        disk.set_error_rates(ErrorRates::default());
    }

    /// Nothing goes wrong any more.
    fn heal(&mut self) {
        self.heal_disk();
        self.handle().network().set_reset_probability(0.0);
        if !self.handle().is_up(self.world.broker) {
            self.start();
        }
    }

    fn start(&mut self) {
        self.load.judge.borrow_mut().broker_ended();
        self.tally.starts += 1;
        self.setup = Some(self.world.start());
    }

    /// As SIGTERM does; a stop that takes too long ends like a kill.
    fn stop(&mut self) {
        let (handle, broker) = (self.handle(), self.world.broker);
        handle.ask_to_stop(broker);
        let patience = handle.now() + Duration::from_secs(20);
        let _ = self.world.sim.run_until(|| !handle.is_up(broker) || handle.now() >= patience);
        handle.kill(broker);
    }

    fn pass(&mut self, milliseconds: u64) {
        self.world.sim.run_for(Duration::from_millis(milliseconds)).unwrap();
    }

    /// What was begun comes to its end, now that nothing stands in its way.
    fn finish(&mut self) {
        self.load.drain();
        let (handle, clients) = (self.handle(), self.world.clients());
        let patience = handle.now() + Duration::from_secs(120);
        let late = || handle.now() >= patience;
        self.world.sim.run_until(|| late() || !handle.is_up(clients)).unwrap();
        assert!(self.load.is_drained(), "what was begun did not come to its end");
    }

    fn sweep(&mut self) {
        let load = self.load.clone();
        self.world.client(|_| async move { load.sweep().await });
    }
}
