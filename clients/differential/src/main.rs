//! The same requests to Apache Kafka and to Creel: the answers must be equal.
//!
//! A story (`stories/`) is a sequence of requests in raw frames, written once. It is told to both brokers, and both
//! transcripts are laid side by side (`compare`). A difference is a fault of Creel's, or it stands in `allowed` with a reason.
//! Requests and answers follow Kafka's own message definitions; nothing of Creel's is used here.

mod allowed;
mod batch;
mod clock;
mod compare;
mod connection;
mod decode;
mod definitions;
mod encode;
mod side;
mod stories;
mod transcript;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;

use allowed::ALLOWED;
use compare::Difference;
use definitions::Definitions;
use side::Side;
use stories::Story;
use transcript::Step;

/// The key of ApiVersions, whose answers have a header of their own.
const API_VERSIONS: i16 = 18;

#[derive(Parser)]
#[command(about = "The same requests to Apache Kafka and to Creel: the answers must be equal")]
struct Arguments {
    /// Where Apache Kafka listens
    #[arg(long)]
    kafka: SocketAddr,
    /// Where Creel listens
    #[arg(long)]
    creel: SocketAddr,
    /// Kafka's message definitions: a folder of *Request.json and *Response.json
    #[arg(long)]
    definitions: PathBuf,
    /// Print what Kafka answered in every step
    #[arg(long)]
    print: bool,
    /// Stories to tell, by the beginning of their names; all when none is named
    stories: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let definitions = match Definitions::load(&arguments.definitions) {
        Ok(definitions) => definitions,
        Err(error) => {
            eprintln!("differential: {error}");
            return ExitCode::FAILURE;
        }
    };
    let chosen = |story: &&Story| {
        arguments.stories.is_empty()
            || arguments.stories.iter().any(|name| story.name.starts_with(name.as_str()))
    };
    let told: Vec<&Story> = stories::ALL.iter().copied().flatten().filter(chosen).collect();
    let (kafka, creel) = thread::scope(|scope| {
        let kafka = scope.spawn(|| tell(&definitions, arguments.kafka, &told));
        let creel = tell(&definitions, arguments.creel, &told);
        (kafka.join().expect("the stories have no bug"), creel)
    });
    if arguments.print {
        told.iter().zip(&kafka).for_each(|(story, steps)| print_steps(story, steps));
    }
    let differences: Vec<_> = told
        .iter()
        .zip(kafka.iter().zip(&creel))
        .flat_map(|(story, (kafka, creel))| compare::differences(story.name, kafka, creel))
        .collect();
    let asked = kafka.iter().map(Vec::len).sum();
    report(&differences, told.len(), asked, arguments.stories.is_empty())
}

/// Tells stories to a broker, each on connections of its own.
fn tell(definitions: &Definitions, address: SocketAddr, told: &[&Story]) -> Vec<Vec<Step>> {
    stories::warm_up(&mut Side::new(definitions, address, "warm-up"));
    let tell = |story: &&Story| {
        let mut side = Side::new(definitions, address, &story.name.replace('/', "-"));
        (story.tell)(&mut side);
        side.into_steps()
    };
    told.iter().map(tell).collect()
}

fn print_steps(story: &Story, steps: &[Step]) {
    println!("\n{}", story.name);
    for (index, step) in steps.iter().enumerate() {
        println!("  {} {} {}", index + 1, step.label, compare::short(&step.asked));
        step.lines.iter().for_each(|(path, value)| println!("      {path} = {}", compare::short(value)));
    }
}

/// Prints what differs without being accepted, and what is accepted without differing.
fn report(differences: &[Difference], stories: usize, asked: usize, complete: bool) -> ExitCode {
    let accepted = |difference: &Difference| ALLOWED.iter().any(|allowed| difference.is(allowed));
    let faults: Vec<_> = differences.iter().filter(|difference| !accepted(difference)).collect();
    let mut place = ("", 0);
    for fault in &faults {
        if place != (&*fault.story, fault.step) {
            place = (&fault.story, fault.step);
            println!("\n{}, step {}: {}", fault.story, fault.step, fault.label);
            println!("    asked  {}", compare::short(&fault.asked));
        }
        println!("{fault}");
    }
    println!();
    let mut stale = 0;
    for allowed in ALLOWED {
        let lines = differences.iter().filter(|one| one.is(allowed)).count();
        let place = format!("{} {} {}", allowed.story, allowed.ask, allowed.path);
        match lines {
            0 if complete => {
                stale += 1;
                println!("accepted, but no difference any more: {place}");
            }
            0 => {}
            lines => println!("accepted in {lines} lines: {}", allowed.reason),
        }
    }
    let (all, faults) = (differences.len(), faults.len());
    println!("{stories} stories, {asked} answers: {faults} lines differ, {} more are accepted", all - faults);
    match faults + stale {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
