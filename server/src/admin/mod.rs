//! The admin listener: HTTP for operators and for `loadgen`, later also for metrics and a console. It shows what
//! happens inside the broker.
//!
//! This room owns the admin listener's connections. It must not know Kafka's protocol.
//!
//! hyper speaks HTTP. It runs on core 0's own loop over `creel_io`'s sockets (`stream`), so all of this runs in the
//! simulator too. Nothing here changes the broker: a reader of counters takes the difference of two answers.
//!
//! A connection serves one request and lives at most `ADMIN_REQUEST`, whatever its other end does.

mod durability;
mod stages;
mod stream;

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use creel_io::net::{TcpListener, TcpStream};
use creel_io::{sleep, spawn, timeout};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};

use crate::core::Core;
use crate::limits::{ADMIN_CONNECTIONS_MAX, ADMIN_HEAD_BYTES_MAX, ADMIN_PAUSE, ADMIN_REQUEST};

type HttpAnswer = Response<Full<Bytes>>;

/// Accepts for as long as it is polled.
pub(crate) async fn serve(core: Rc<Core>, mut listener: TcpListener) -> Infallible {
    let open = Rc::new(Cell::new(0));
    loop {
        match listener.accept().await {
            // Too many are open. This one is closed at once; the client can ask again.
            Ok(_) if open.get() >= ADMIN_CONNECTIONS_MAX => {}
            Ok((stream, _)) => {
                let guest = Guest::new(&open);
                let core = core.clone();
                spawn(async move {
                    let _guest = guest;
                    talk(core, stream).await;
                });
            }
            Err(error) => {
                core.client_log.refused_connection(&error);
                sleep(ADMIN_PAUSE).await;
            }
        }
    }
}

/// One of the open connections.
struct Guest(Rc<Cell<usize>>);

impl Guest {
    fn new(open: &Rc<Cell<usize>>) -> Self {
        open.set(open.get() + 1);
        Self(open.clone())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

async fn talk(core: Rc<Core>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let core = core.clone();
        async move { Ok::<_, Infallible>(answer(&core, &request).await) }
    });
    let mut http = http1::Builder::new();
    // hyper's timers must be `Send`, and nothing on a core is. One limit for the whole connection replaces them. A
    // date header would come from another clock than `creel_io`'s.
    http.header_read_timeout(None)
        .keep_alive(false)
        // A client that has closed its sending side may still read.
        .half_close(true)
        .max_buf_size(ADMIN_HEAD_BYTES_MAX)
        .auto_date_header(false);
    let conversation = http.serve_connection(stream::HttpStream::new(stream), service);
    // An error here is the client's, so it is dropped.
    let _ = timeout(ADMIN_REQUEST, conversation).await;
}

async fn answer(core: &Rc<Core>, request: &Request<Incoming>) -> HttpAnswer {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are allowed\n");
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match request.uri().path() {
        "/health" => text(StatusCode::OK, "ok\n"),
        "/durability" => json(durability::report(core).await),
        "/stages" => json(stages::report(core).await),
        _ => text(StatusCode::NOT_FOUND, "not found: there are only /health, /stages and /durability\n"),
    }
}

fn text(status: StatusCode, text: &'static str) -> HttpAnswer {
    let mut answer = with_type("text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()));
    *answer.status_mut() = status;
    answer
}

fn json(text: String) -> HttpAnswer {
    with_type("application/json", Bytes::from(text))
}

fn with_type(content_type: &'static str, body: Bytes) -> HttpAnswer {
    let mut answer = Response::new(Full::new(body));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
