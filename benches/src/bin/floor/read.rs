//! The least that a fetch costs: receive a frame, send the next piece of a file.

use std::io::IoSlice;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use creel_io::fs::{File, FileSlice, OpenOptions};
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::spawn;

use crate::frame::{receive, take};

/// What the pieces are cut from.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// Bytes in each answer.
    pub(crate) piece_bytes: u64,
    /// Bytes of the file; a connection that has read them all begins again.
    pub(crate) file_bytes: u64,
}

pub(crate) async fn serve(mut listener: TcpListener, dir: &Path, options: Options) {
    let file = File::open(&dir.join("floor"), OpenOptions::create()).expect("the directory is writable");
    let chunk = vec![0x5a; 1 << 20];
    for position in (0..options.file_bytes).step_by(chunk.len()) {
        let mut pieces = [IoSlice::new(&chunk)];
        file.write_all_at(&mut pieces, position).expect("the disk has room");
    }
    let mut connections = 0;
    while let Ok((stream, _)) = listener.accept().await {
        // Like the driver's: each begins elsewhere.
        let first = connections * options.file_bytes / 8 / options.piece_bytes * options.piece_bytes;
        connections += 1;
        spawn(connection(stream, file.clone(), first, options));
    }
}

async fn connection(stream: TcpStream, file: File, first: u64, options: Options) {
    let head = Bytes::copy_from_slice(&(options.piece_bytes as u32).to_be_bytes());
    let mut position = first;
    let mut buf = BytesMut::new();
    loop {
        while take(&mut buf).is_some() {
            if position + options.piece_bytes > options.file_bytes {
                position = 0;
            }
            let slice = FileSlice { file: file.clone(), position, length: options.piece_bytes };
            position += options.piece_bytes;
            let sent = match stream.send_all(head.clone(), More::Yes).await {
                Ok(()) => stream.send_slice(&slice, More::No).await,
                refused => refused,
            };
            if sent.is_err() {
                return;
            }
        }
        if !receive(&stream, &mut buf).await {
            return;
        }
    }
}
