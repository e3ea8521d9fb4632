//! The floor: the least that a produce or a fetch costs. It has no protocol, no topics and no offsets. The broker is
//! judged by how little it adds to this.

mod append;
mod frame;
mod read;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use creel_io::net::TcpListener;
use creel_io::runtime::{Config, CoreConfig, start};
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
    /// Do not write: answer every frame with this many bytes of a file.
    #[arg(long, requires = "of")]
    serve: Option<u64>,
    /// Size of the file that --serve reads, bytes.
    #[arg(long)]
    of: Option<u64>,
}

fn main() {
    let args = Args::parse();
    let config = Config { cores: vec![CoreConfig { id: CoreId(0), cpu: args.cpu }], ..Config::unpinned(1) };
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
    println!("{}", listener.local_addr().expect("a bound socket has an address"));
    std::io::stdout().flush().expect("the parent reads the address");
    spawn(async move {
        match (args.serve, args.of) {
            (Some(piece_bytes), Some(file_bytes)) => {
                read::serve(listener, &args.dir, read::Options { piece_bytes, file_bytes }).await;
            }
            _ => append::serve(listener, &args.dir, args.durable).await,
        }
    });
    creel_io::shutdown_signal().await;
}
