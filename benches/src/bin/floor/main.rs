//! The floor: the least that a produce or a fetch costs. It has no protocol, no topics and no offsets. The broker is
//! judged by how little it adds to this.

mod append;
mod frame;
mod growing;
mod read;
mod written;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use creel_io::net::TcpListener;
use creel_io::runtime::{CoreConfig, RuntimeConfig, start};
use creel_io::{CoreId, spawn};

/// The least that a produce or a fetch costs: a loop that receives frames, writes them to a file and replies.
#[derive(Clone, Parser)]
struct Args {
    /// Folder for the file.
    #[arg(long)]
    dir: PathBuf,
    /// CPU to run on [default: the kernel's choice].
    #[arg(long)]
    cpu: Option<usize>,
    /// Reply only after an fdatasync. One sync answers all frames that were written before it.
    #[arg(long)]
    durable: bool,
    /// Write durably into a file that was written before, with O_DIRECT and O_DSYNC if the file system has them.
    #[arg(long, requires = "durable", conflicts_with = "serve")]
    written: bool,
    /// Do not write: answer every frame with this many bytes of a file.
    #[arg(long, requires = "of")]
    serve: Option<u64>,
    /// Size of the file that --serve reads, bytes.
    #[arg(long)]
    of: Option<u64>,
}

fn main() {
    let args = Args::parse();
    let config = RuntimeConfig {
        cores: vec![CoreConfig { id: CoreId(0), cpu: args.cpu }],
        ..RuntimeConfig::unpinned(1)
    };
    let started = start(&config, move |_| serve(args.clone()));
    match started {
        Ok(cores) => cores.join(),
        Err(error) => {
            eprintln!("floor: {error}");
            std::process::exit(1);
        }
    }
}

async fn serve(args: Args) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port on loopback");
    let address = listener.local_addr().expect("a bound socket has an address");
    match (args.serve, args.of) {
        (Some(piece_bytes), Some(file_bytes)) => {
            tell(&address.to_string());
            let options = read::Options { piece_bytes, file_bytes };
            spawn(async move { read::serve(listener, &args.dir, options).await });
        }
        _ => {
            let output = append::Output::create(&args.dir, args.durable, args.written);
            let output = output.expect("the directory is writable");
            tell(&format!("{address} {}", output.way()));
            spawn(append::serve(listener, output));
        }
    }
    creel_io::shutdown_signal().await;
}

/// The parent reads one line.
fn tell(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("the parent reads the address");
}
