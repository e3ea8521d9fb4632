//! A blocking connection: one request, one answer. For the few questions around a run.

use super::versions::{Versions, api_name};
use super::{CLIENT_ID, FRAME_BYTES_MAX, SILENCE_SECONDS_MAX};
use crate::error::EngineError;
use creel_wire::api::api_versions::{self, ApiVersionsRequest};
use creel_wire::frame::{self, SIZE_PREFIX};
use creel_wire::{ApiKey, Bytes, ErrorCode, Request, RequestHeader, Str};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

const CONNECT_SECONDS_MAX: u64 = 5;

/// A connection whose broker's versions are known.
#[derive(Debug)]
pub struct Control {
    stream: TcpStream,
    address: SocketAddr,
    versions: Versions,
    correlation_id: i32,
}

/// The header of each of loadgen's requests.
pub fn header<R: Request>(version: i16, correlation_id: i32) -> RequestHeader {
    RequestHeader {
        api_key: R::API_KEY.code(),
        api_version: version,
        correlation_id,
        client_id: Some(Str::from_static(CLIENT_ID)),
    }
}

/// `host:port` to an address, IPv4 first.
pub fn resolve(text: &str) -> Result<SocketAddr, EngineError> {
    let unreachable = |why| EngineError::Unreachable { address: text.to_owned(), why };
    let found: Vec<SocketAddr> = text.to_socket_addrs().map_err(unreachable)?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| unreachable(io::Error::new(io::ErrorKind::NotFound, "no such host")))
}

/// Connects, without waiting for long.
pub fn connect(address: SocketAddr) -> Result<TcpStream, EngineError> {
    let unreachable = |why| EngineError::Unreachable { address: address.to_string(), why };
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(CONNECT_SECONDS_MAX));
    let stream = stream.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

impl Control {
    /// Connects and asks for the broker's versions.
    pub fn connect(address: SocketAddr) -> Result<Control, EngineError> {
        let stream = connect(address)?;
        let silence_max = Some(Duration::from_secs(SILENCE_SECONDS_MAX));
        stream.set_read_timeout(silence_max).map_err(EngineError::system("socket option"))?;
        let none = api_versions::ApiVersionsResponse::default();
        let mut control =
            Control { stream, address, versions: Versions::new(address, &none), correlation_id: 0 };
        control.versions = control.negotiate()?;
        Ok(control)
    }

    /// Connects to the first of `addresses` (`host:port,host:port`) that answers.
    pub fn connect_any(addresses: &str) -> Result<Control, EngineError> {
        let mut last = EngineError::Options("--bootstrap names no address".into());
        for text in addresses.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            match resolve(text).and_then(Control::connect) {
                Ok(control) => return Ok(control),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whose versions to use on further connections to the same broker.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Sends `request` and waits for the answer. Brokers close connections on which nothing was said for some minutes
    /// (`connections.max.idle.ms`), and a run may last longer: then it is a new one.
    pub fn call<R: Request>(&mut self, request: &R) -> Result<R::Response, EngineError> {
        if self.was_closed() {
            *self = Control::connect(self.address)?;
        }
        let version = self.versions.pick::<R>()?;
        let answer = self.exchange(version, request)?;
        let (_, response) =
            frame::decode_response::<R>(answer, version).map_err(|e| self.garbled::<R>(&e))?;
        Ok(response)
    }

    /// Whether the broker has ended the connection while nothing was asked.
    fn was_closed(&self) -> bool {
        let mut byte = [0];
        let looked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut byte));
        let is_open = matches!(&looked, Err(why) if why.kind() == io::ErrorKind::WouldBlock);
        self.stream.set_nonblocking(false).is_err() || !is_open
    }

    /// The highest version of ApiVersions first; a broker that does not know it names those it knows (KIP-511).
    fn negotiate(&mut self) -> Result<Versions, EngineError> {
        let request = ApiVersionsRequest {
            client_software_name: Str::from_static(CLIENT_ID),
            client_software_version: Str::from_static(env!("CARGO_PKG_VERSION")),
        };
        let mut version = ApiVersionsRequest::VERSIONS.max;
        loop {
            let answer = self.exchange(version, &request)?;
            let response = api_versions::decode_response(answer, version);
            let response = response.map_err(|e| self.garbled::<ApiVersionsRequest>(&e))?;
            let known = response.api_keys.iter().find(|api| api.api_key == ApiKey::ApiVersions.code());
            match response.error_code {
                ErrorCode::None => return Ok(Versions::new(self.address, &response)),
                ErrorCode::UnsupportedVersion if version > 0 => {
                    version = known.map_or(0, |api| api.max_version).clamp(0, version - 1);
                }
                code => {
                    return Err(EngineError::Refused {
                        what: "say its versions".into(),
                        code: describe(code),
                    });
                }
            }
        }
    }

    fn exchange<R: Request>(&mut self, version: i16, request: &R) -> Result<Bytes, EngineError> {
        self.correlation_id += 1;
        let bytes = frame::encode_request(&header::<R>(version, self.correlation_id), request);
        self.stream.write_all(&bytes).map_err(|why| self.lost::<R>(why))?;
        let mut size = [0; SIZE_PREFIX];
        self.stream.read_exact(&mut size).map_err(|why| self.lost::<R>(why))?;
        let size = frame::size(size, FRAME_BYTES_MAX).map_err(|e| self.garbled::<R>(&e))?;
        let mut answer = Vec::new();
        let read = (&mut self.stream).take(size as u64).read_to_end(&mut answer);
        if read.map_err(|why| self.lost::<R>(why))? < size {
            return Err(EngineError::Closed { address: self.address, why: None });
        }
        if answer.get(..4) != Some(&self.correlation_id.to_be_bytes()) {
            return Err(self.garbled::<R>(&"another correlation id"));
        }
        Ok(answer.into())
    }

    fn lost<R: Request>(&self, why: io::Error) -> EngineError {
        match why.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => EngineError::Silent {
                address: self.address,
                what: api_name::<R>(),
                seconds: SILENCE_SECONDS_MAX,
            },
            io::ErrorKind::UnexpectedEof => EngineError::Closed { address: self.address, why: None },
            _ => EngineError::Closed { address: self.address, why: Some(why) },
        }
    }

    fn garbled<R: Request>(&self, why: &dyn std::fmt::Display) -> EngineError {
        EngineError::Protocol { address: self.address, api: api_name::<R>(), why: why.to_string() }
    }
}

/// An error code as people read it.
pub fn describe(code: ErrorCode) -> String {
    format!("{} ({})", code.description(), code.name())
}
