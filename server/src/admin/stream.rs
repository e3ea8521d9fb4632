//! A `creel_io` stream in the form that hyper wants. hyper lends a buffer for a moment; the ring must own a buffer
//! for as long as the kernel may touch it. So each direction has a future in flight that owns its buffer, and bytes
//! are copied once.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use creel_io::net::{More, TcpStream};
use hyper::rt::{Read, ReadBufCursor, Write};

use crate::limits::ADMIN_SEND_BYTES;
use crate::tasks::LocalBoxFuture;

pub(super) struct HttpStream {
    stream: Rc<TcpStream>,
    received: BytesMut,
    receiving: Option<LocalBoxFuture<'static, (io::Result<usize>, BytesMut)>>,
    sending: Option<LocalBoxFuture<'static, io::Result<()>>>,
}

impl HttpStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream: Rc::new(stream), received: BytesMut::new(), receiving: None, sending: None }
    }

    fn receive(&mut self) -> LocalBoxFuture<'static, (io::Result<usize>, BytesMut)> {
        let (stream, buffer) = (self.stream.clone(), std::mem::take(&mut self.received));
        Box::pin(async move { stream.recv(buffer, 1).await })
    }

    fn send(&mut self, bytes: Bytes) -> LocalBoxFuture<'static, io::Result<()>> {
        let stream = self.stream.clone();
        Box::pin(async move { stream.send_all(bytes, More::No).await })
    }

    /// Ready when nothing is being sent.
    fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(sending) = &mut self.sending else { return Poll::Ready(Ok(())) };
        let outcome = ready!(sending.as_mut().poll(context));
        self.sending = None;
        Poll::Ready(outcome)
    }
}

impl Read for HttpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut room: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.received.is_empty() {
            let mut receiving = self.receiving.take().unwrap_or_else(|| self.receive());
            let Poll::Ready((received, buffer)) = receiving.as_mut().poll(context) else {
                self.receiving = Some(receiving);
                return Poll::Pending;
            };
            self.received = buffer;
            received?;
        }
        let bytes = self.received.len().min(room.remaining());
        room.put_slice(&self.received.split_to(bytes));
        Poll::Ready(Ok(()))
    }
}

impl Write for HttpStream {
    /// Takes some bytes. If they could not be sent, the next call says so.
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_sent(context))?;
        let taken = &bytes[..bytes.len().min(ADMIN_SEND_BYTES)];
        let sending = self.send(Bytes::copy_from_slice(taken));
        self.sending = Some(sending);
        match self.poll_sent(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_sent(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = ready!(self.poll_sent(context));
        self.stream.shutdown();
        Poll::Ready(sent)
    }
}
