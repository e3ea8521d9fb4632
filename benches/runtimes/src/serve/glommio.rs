//! glommio: a thread per core on io_uring.

use std::io;
use std::rc::Rc;

use bytes::BytesMut;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
use glommio::net::{TcpListener, TcpStream};
use glommio::{LocalExecutorBuilder, Placement};

use super::{ANY, announce};
use crate::work::{Sink, make_room};

pub(crate) fn serve(cpu: usize, sink: Sink) -> io::Result<()> {
    let executor = LocalExecutorBuilder::new(Placement::Fixed(cpu)).make().map_err(told)?;
    executor.run(accept(Rc::new(sink)))
}

async fn accept(sink: Rc<Sink>) -> io::Result<()> {
    let listener = TcpListener::bind(ANY).map_err(told)?;
    announce(listener.local_addr().map_err(told)?)?;
    loop {
        let stream = listener.accept().await.map_err(told)?;
        stream.set_nodelay(true).map_err(told)?;
        glommio::spawn_local(connection(stream, sink.clone())).detach();
    }
}

async fn connection(mut stream: TcpStream, sink: Rc<Sink>) -> io::Result<()> {
    let mut buf = BytesMut::new();
    loop {
        if let Some(replies) = sink.work(&mut buf)? {
            stream.write_all(&replies).await?;
        }
        make_room(&mut buf);
        let filled = buf.len();
        // It reads into initialised bytes only.
        buf.resize(buf.capacity(), 0);
        let received = stream.read(&mut buf[filled..]).await?;
        buf.truncate(filled + received);
        if received == 0 {
            return Ok(());
        }
    }
}

/// Its errors may carry what can't cross threads.
fn told(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}
