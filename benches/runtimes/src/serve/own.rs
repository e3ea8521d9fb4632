//! The broker's own loop.

use std::io;
use std::rc::Rc;

use bytes::BytesMut;
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::runtime::{CoreConfig, RuntimeConfig, start};
use creel_io::{CoreId, spawn};

use super::{ANY, announce};
use crate::work::{Sink, missing};

pub(crate) fn serve(
    cpu: usize,
    sink: impl Fn() -> io::Result<Sink> + Send + Clone + 'static,
) -> io::Result<()> {
    let core = CoreConfig { id: CoreId(0), cpu: Some(cpu) };
    let config = RuntimeConfig { cores: vec![core], ..RuntimeConfig::unpinned(1) };
    let cores = start(&config, move |_| {
        let sink = sink.clone();
        async move {
            if let Err(error) = accept(sink).await {
                eprintln!("own: {error}");
            }
        }
    });
    cores.map_err(io::Error::other)?.join();
    Ok(())
}

async fn accept(sink: impl Fn() -> io::Result<Sink>) -> io::Result<()> {
    let sink = Rc::new(sink()?);
    let address = ANY.parse().map_err(io::Error::other)?;
    let mut listener = TcpListener::bind(address)?;
    announce(listener.local_addr()?)?;
    while let Ok((stream, _)) = listener.accept().await {
        spawn(connection(stream, sink.clone()));
    }
    Ok(())
}

async fn connection(stream: TcpStream, sink: Rc<Sink>) -> io::Result<()> {
    let mut buf = BytesMut::new();
    loop {
        if let Some(replies) = sink.work(&mut buf)? {
            stream.send_all(replies, More::No).await?;
        }
        let want = missing(&buf);
        let (received, back) = stream.recv(std::mem::take(&mut buf), want).await;
        buf = back;
        if received? == 0 {
            return Ok(());
        }
    }
}
