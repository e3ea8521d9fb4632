//! The real binary, killed with kill -9 at random instants under load, also while it starts; started again; judged;
//! again. `CREEL_KILLS=500` kills it that often; `CREEL_BINARY` names another build of it.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod load;
mod real;
mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use creel_io::{random_u64, sleep, timeout};
use load::{Load, Plan, SETTINGS};
use real::{Broker, free_address, on_core};
use support::Connector;

const KILLS: u64 = 20;
/// How long the broker lives at most before it is killed.
const LIFE_MS: u64 = 600;
/// Longer than any start or drain takes on a busy machine; only a broker that hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(120);

const PLAN: Plan =
    Plan { producers: 4, value_bytes_max: 900, pause_max: Duration::from_millis(4), written_is_kept: true };

/// Most lives have journals, in the data directory or in one of two others. What one of them left, the next must find, with
/// journals or without, here or there.
fn settings(folder: &Path) -> Vec<String> {
    let journal = ["creel.journal=true", "creel.journal.bytes=1048576"];
    let mut settings: Vec<String> = SETTINGS.iter().map(|setting| (*setting).to_owned()).collect();
    let choice = below(5);
    if choice > 0 {
        settings.extend(journal.map(str::to_owned));
    }
    if choice > 2 {
        let journals = folder.join(format!("journals-{choice}"));
        std::fs::create_dir_all(&journals).unwrap();
        settings.push(format!("creel.journal.dir={}", journals.display()));
    }
    settings
}

fn start(address: SocketAddr, folder: &Path) -> Broker {
    let settings = settings(folder);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    Broker::start(address, &folder.join("data"), &settings)
}

fn below(bound: u64) -> u64 {
    random_u64() % bound
}

async fn lives_and_deaths(kills: u64, address: SocketAddr, folder: &Path) {
    let load = Load::new(Connector::to(address), PLAN);
    let mut broker = start(address, folder);
    load.prepare().await;
    load.begin();
    for kill in 1..=kills {
        let is_young = below(4) == 0;
        sleep(Duration::from_millis(below(if is_young { 40 } else { LIFE_MS }))).await;
        let is_swept = below(2) == 0;
        if is_swept {
            load.hold();
        }
        broker.kill();
        load.judge.borrow_mut().broker_ended();
        broker = start(address, folder);
        if is_swept {
            sweep(&load).await;
            load.go_on();
        }
        if kill % 50 == 0 {
            eprintln!("{kill} kills: {:?}", load.judge.borrow().counts);
        }
    }
    load.drain();
    let drained = timeout(PATIENCE, async {
        while !load.is_drained() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(drained.await.is_ok(), "what was begun did not come to its end: {}", load.refusals());
    sweep(&load).await;
    broker.kill();
    broker = start(address, folder);
    assert!(broker.comes_up(), "the broker starts after the last kill");
    sweep(&load).await;
    eprintln!("{kills} kills: {:?}", load.judge.borrow().counts);
}

async fn sweep(load: &Load) {
    assert!(timeout(PATIENCE, load.sweep()).await.is_ok(), "the sweep hangs: {}", load.refusals());
}

#[test]
fn nothing_acknowledged_is_lost_to_kill_nine() {
    let kills = std::env::var("CREEL_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let parent =
        std::env::var("CREEL_DATA_PARENT").unwrap_or_else(|_| std::env::temp_dir().display().to_string());
    let folder = tempfile::tempdir_in(parent).unwrap();
    let (address, path) = (free_address(), folder.path().to_owned());
    on_core(move || async move { lives_and_deaths(kills, address, &path).await });
}
