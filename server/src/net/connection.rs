//! One client's connection on its core, from its beginning to its end.
//!
//! The reader takes frames off the socket and begins requests in the order in which they came. The writer awaits
//! their replies and sends them in the same order. Between the two is a queue. Its length bounds the requests in
//! flight. Their bytes are bounded, too, for each connection and for all connections of a core together
//! (`budget::request_memory`). At either bound the socket is not read, and TCP holds the client back.
//!
//! Whatever ends the reading, requests that came whole are answered before the connection is closed, even if the
//! client has shut down its side. This does not hold if the network has failed, or if the client is idle
//! (`idleness`).

use std::pin::pin;
use std::rc::Rc;

use creel_io::local::{Notify, QueueReceiver, QueueSender, queue};
use creel_io::net::TcpStream;
use creel_io::{JoinHandle, now, spawn};

use super::Net;
use super::client::Client;
use super::connections::Connection;
use super::idleness::{ConnectionIdleness, ReaderState};
use super::in_flight::InFlight;
use super::outbox::Outbox;
use super::reader::{Ended, read};
use super::reply::Owed;
use super::service::Service;
use super::transport::Transport;
use crate::config::ListenerIndex;
use crate::tasks::race::{First, race};

/// Serves a connection from now on.
pub(crate) fn start<S: Service>(net: &Rc<Net>, service: &Rc<S>, stream: TcpStream, listener: ListenerIndex) {
    let transport = Transport::plain(stream);
    let number = net.connections.next_number();
    let client = match Client::between(transport.peer(), transport.local(), number, listener) {
        Ok(client) => Rc::new(client),
        Err(error) => {
            net.log.refused_connection(&error);
            return service.connection_ended(number);
        }
    };
    let (in_flight, idleness, closed) = (InFlight::default(), ConnectionIdleness::new(), Notify::new());
    let connection = Rc::new(Connection { transport, client, in_flight, idleness, closed });
    net.connections.add(&connection);
    let (net, service) = (net.clone(), service.clone());
    spawn(async move {
        serve(&net, &service, connection).await;
        net.connections.remove(number);
        service.connection_ended(number);
        net.connections.ended.notify_all();
    });
}

async fn write(net: Rc<Net>, connection: Rc<Connection>, owing: QueueReceiver<Owed>) {
    let answered = |counted| {
        let at = now();
        connection.in_flight.release(counted);
        connection.idleness.moved(at);
        at
    };
    // A failed send is the network's end of the connection; the reader sees it too.
    let _ = Outbox::new(&connection.transport, &net.stages, owing, &answered).empty().await;
}

async fn serve<S: Service>(net: &Rc<Net>, service: &Rc<S>, connection: Rc<Connection>) {
    let (owed, owing) = queue(net.requests_queued_max);
    let mut writer = spawn(write(net.clone(), connection.clone(), owing));
    // Pinned where they are made, here and below: a future that is moved into a race takes its place twice, in each
    // connection.
    {
        let talking = pin!(talk(net, service, &connection, owed, &mut writer));
        race(talking, connection.closed.notified()).await;
    }
    // Nobody waits for what it may still have.
    writer.abort();
    connection.transport.close();
}

/// Reads, and then lets the writer finish what has begun: its queue ends with its sender.
async fn talk<S: Service>(
    net: &Net,
    service: &Rc<S>,
    connection: &Connection,
    owed: QueueSender<Owed>,
    mut writer: &mut JoinHandle<()>,
) {
    let reading = pin!(read(net, service, connection, owed));
    match race(reading, &mut writer).await {
        First::Left(Ended::Broken) | First::Right(()) => return,
        First::Left(Ended::Stopping | Ended::Finished) => {}
        First::Left(Ended::Refused(why)) => net.log.closed(&connection.client.peer, &why),
    }
    connection.idleness.reads(ReaderState::Ended);
    writer.await;
}
