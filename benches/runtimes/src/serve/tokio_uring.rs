//! tokio-uring, with the ring as it makes it by default, or tuned.

use std::io;
use std::rc::Rc;

use bytes::BytesMut;
use tokio_uring::net::{TcpListener, TcpStream};

use super::{ANY, announce};
use crate::work::{Sink, make_room};

const RING_ENTRIES: u32 = 1024;

pub(crate) fn serve(sink: Sink, tuned: bool) -> io::Result<()> {
    let mut flags = tokio_uring::uring_builder();
    if tuned {
        // DEFER_TASKRUN would hang it: tokio waits for the ring by epoll.
        flags.setup_single_issuer().setup_coop_taskrun();
    }
    let mut builder = tokio_uring::builder();
    builder.entries(RING_ENTRIES).uring_builder(&flags);
    tokio_uring::Runtime::new(&builder)?.block_on(accept(Rc::new(sink)))
}

async fn accept(sink: Rc<Sink>) -> io::Result<()> {
    let listener = TcpListener::bind(ANY.parse().map_err(io::Error::other)?)?;
    announce(listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio_uring::spawn(connection(stream, sink.clone()));
    }
}

async fn connection(stream: TcpStream, sink: Rc<Sink>) -> io::Result<()> {
    let mut buf = BytesMut::new();
    loop {
        if let Some(replies) = sink.work(&mut buf)? {
            stream.write_all(replies).await.0?;
        }
        make_room(&mut buf);
        // A read begins at the front of what it is given, so what is there already stays behind.
        let filled = buf.len();
        let rest = buf.split_off(filled);
        let (received, rest) = stream.read(rest).await;
        buf.unsplit(rest);
        if received? == 0 {
            return Ok(());
        }
    }
}
