//! tokio: readiness by epoll, one thread.

use std::io;
use std::rc::Rc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{ANY, announce};
use crate::work::{Sink, make_room};

pub(crate) fn serve(sink: Sink) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, accept(Rc::new(sink)))
}

async fn accept(sink: Rc<Sink>) -> io::Result<()> {
    let listener = TcpListener::bind(ANY).await?;
    announce(listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::task::spawn_local(connection(stream, sink.clone()));
    }
}

async fn connection(mut stream: TcpStream, sink: Rc<Sink>) -> io::Result<()> {
    let mut buf = BytesMut::new();
    loop {
        if let Some(replies) = sink.work(&mut buf)? {
            stream.write_all(&replies).await?;
        }
        make_room(&mut buf);
        if stream.read_buf(&mut buf).await? == 0 {
            return Ok(());
        }
    }
}
