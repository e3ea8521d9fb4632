//! HTTP for those who look after the broker: what happens inside it, for `loadgen`, and later for metrics and a console.
//!
//! hyper speaks HTTP; it runs on core 0's own loop over `creel_io`'s sockets (`stream`), so that all of this runs in the
//! simulator too. Nothing here changes the broker: readers of counters take differences of two answers. Owns the admin
//! listener's connections. It must not know Kafka's protocol.
//!
//! A connection is for one request and lives at most `ADMIN_REQUEST_MS`, whatever its other end does or leaves undone.

mod stages;
mod stream;

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

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
use crate::limits::{ADMIN_CONNECTIONS_MAX, ADMIN_HEAD_BYTES_MAX, ADMIN_PAUSE_MS, ADMIN_REQUEST_MS};

type Answer = Response<Full<Bytes>>;

/// Accepts for as long as it is polled.
pub(crate) async fn serve(core: Rc<Core>, mut listener: TcpListener) -> Infallible {
    let open = Rc::new(Cell::new(0));
    loop {
        match listener.accept().await {
            // Closed at once: whoever asks so much can ask again.
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
                sleep(Duration::from_millis(ADMIN_PAUSE_MS)).await;
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
    // Its timers would have to be `Send`, which nothing on a core is; the whole conversation has one limit instead. And the
    // date would come from another clock than `creel_io`'s.
    http.header_read_timeout(None)
        .keep_alive(false)
        // Who has said all it has to say may still listen.
        .half_close(true)
        .max_buf_size(ADMIN_HEAD_BYTES_MAX)
        .auto_date_header(false);
    let conversation = http.serve_connection(stream::HttpStream::new(stream), service);
    // What the other end did wrong is its own affair.
    let _ = timeout(Duration::from_millis(ADMIN_REQUEST_MS), conversation).await;
}

async fn answer(core: &Rc<Core>, request: &Request<Incoming>) -> Answer {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match request.uri().path() {
        "/health" => text(StatusCode::OK, "ok\n"),
        "/stages" => json(stages::report(core).await),
        _ => text(StatusCode::NOT_FOUND, "there are /health and /stages\n"),
    }
}

fn text(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = with_type("text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()));
    *answer.status_mut() = status;
    answer
}

fn json(text: String) -> Answer {
    with_type("application/json", Bytes::from(text))
}

fn with_type(content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
