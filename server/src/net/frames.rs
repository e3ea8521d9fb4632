//! From a stream of bytes to frames, without copying: `handled <= framed <= received`.

use bytes::{Bytes, BytesMut};
use creel_wire::ApiKey;
use creel_wire::frame::{SIZE_PREFIX, size};

use crate::limits::{CONNECTION_BYTES_FREE, OTHER_REQUEST_BYTES_MAX, REQUEST_BYTES_MIN};

/// What comes instead of a request: another protocol, or a size that no request has or may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRequest {
    #[error("the client speaks TLS, which is not supported yet: set its security.protocol to PLAINTEXT")]
    Tls,
    #[error("the client speaks HTTP on a port of Kafka's protocol: only creel.admin.listener answers HTTP")]
    Http,
    #[error(
        "the connection begins with a PROXY protocol header, which is not supported: configure the load balancer not to send it"
    )]
    Proxy,
    #[error("this is not Kafka's protocol: it begins with {:?}", String::from_utf8_lossy(.0))]
    Text([u8; SIZE_PREFIX]),
    #[error("this is not Kafka's protocol: no request has {0} bytes")]
    Size(i32),
    #[error("a request has {0} bytes, but socket.request.max.bytes is {1}")]
    TooLarge(usize, usize),
    #[error("a request other than Produce has {0} bytes: at most {OTHER_REQUEST_BYTES_MAX} are allowed")]
    OtherTooLarge(usize),
}

impl NoRequest {
    /// Judges the first bytes, whose size is no request's, or too large. `limit`: the bound of all requests, if that
    /// is the one.
    fn of(prefix: [u8; SIZE_PREFIX], limit: Option<usize>) -> Self {
        let size = i32::from_be_bytes(prefix);
        match (&prefix, usize::try_from(size), limit) {
            // A handshake record of any version.
            ([0x16, 0x03, ..], ..) => Self::Tls,
            (b"GET " | b"POST" | b"PUT " | b"HEAD" | b"DELE" | b"OPTI" | b"PATC" | b"CONN" | b"PRI ", ..) => {
                Self::Http
            }
            (b"PROX" | b"\r\n\r\n", ..) => Self::Proxy,
            (text, ..) if text.iter().all(|byte| (b' '..=b'~').contains(byte)) => Self::Text(prefix),
            (_, Ok(size), Some(limit)) if size > limit => Self::TooLarge(size, limit),
            (_, Ok(size), None) => Self::OtherTooLarge(size),
            _ => Self::Size(size),
        }
    }
}

/// What there is at the head of the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Framed {
    /// A request, without its size.
    Request(Bytes),
    /// This many bytes are missing until there is one (or until its size is known).
    Missing(usize),
    /// The same for a request that is too large to be held without asking.
    Large(Large),
}

/// A large request that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Large {
    /// Its size.
    pub(crate) bytes: usize,
    pub(crate) is_produce: bool,
    /// How many of them are missing.
    pub(crate) missing: usize,
}

/// Whether a frame is one of records.
pub(crate) fn is_produce(frame: &[u8]) -> bool {
    frame.first_chunk().is_some_and(|key| i16::from_be_bytes(*key) == ApiKey::Produce.code())
}

/// Takes the next frame off the buffer.
pub(crate) fn next_frame(buffer: &mut BytesMut, limit: usize) -> Result<Framed, NoRequest> {
    let Some(prefix) = buffer.first_chunk::<SIZE_PREFIX>() else {
        return Ok(Framed::Missing(SIZE_PREFIX - buffer.len()));
    };
    let length = size(*prefix, limit).ok().filter(|length| *length >= REQUEST_BYTES_MIN);
    let length = length.ok_or_else(|| NoRequest::of(*prefix, Some(limit)))?;
    let whole = SIZE_PREFIX + length;
    if length > CONNECTION_BYTES_FREE {
        let head = SIZE_PREFIX + size_of::<i16>();
        let Some(frame) = buffer.get(SIZE_PREFIX..).filter(|_| buffer.len() >= head) else {
            return Ok(Framed::Missing(head - buffer.len()));
        };
        let is_produce = is_produce(frame);
        if length > OTHER_REQUEST_BYTES_MAX && !is_produce {
            return Err(NoRequest::of(*prefix, None));
        }
        if buffer.len() < whole {
            let missing = whole - buffer.len();
            return Ok(Framed::Large(Large { bytes: length, is_produce, missing }));
        }
    }
    if buffer.len() < whole {
        return Ok(Framed::Missing(whole - buffer.len()));
    }
    let mut frame = buffer.split_to(whole);
    let _ = frame.split_to(SIZE_PREFIX);
    Ok(Framed::Request(frame.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(bytes: &[u8]) -> Result<Framed, NoRequest> {
        next_frame(&mut BytesMut::from(bytes), 100)
    }

    #[test]
    fn frames_are_taken_off_one_after_another() {
        let mut buffer = BytesMut::from(&b"\0\0\0\x0a0123456789\0\0\0\x0babcdefghijk\0"[..]);
        assert_eq!(next_frame(&mut buffer, 100), Ok(Framed::Request(Bytes::from_static(b"0123456789"))));
        assert_eq!(next_frame(&mut buffer, 100), Ok(Framed::Request(Bytes::from_static(b"abcdefghijk"))));
        assert_eq!(next_frame(&mut buffer, 100), Ok(Framed::Missing(3)));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(next(b""), Ok(Framed::Missing(4)));
        assert_eq!(next(b"\0\0\0\x0a01234"), Ok(Framed::Missing(5)));
    }

    #[test]
    fn only_a_produce_may_be_large() {
        let limit = 2 * OTHER_REQUEST_BYTES_MAX;
        let size = (OTHER_REQUEST_BYTES_MAX + 1) as i32;
        let begin = |key: i16| {
            let mut buffer = BytesMut::from(&size.to_be_bytes()[..]);
            buffer.extend_from_slice(&key.to_be_bytes());
            next_frame(&mut buffer, limit)
        };
        let large = Large { bytes: size as usize, is_produce: true, missing: OTHER_REQUEST_BYTES_MAX - 1 };
        assert_eq!(begin(ApiKey::Produce.code()), Ok(Framed::Large(large)));
        assert_eq!(begin(ApiKey::Metadata.code()), Err(NoRequest::OtherTooLarge(size as usize)));
        let mut nothing_yet = BytesMut::from(&size.to_be_bytes()[..]);
        assert_eq!(next_frame(&mut nothing_yet, limit), Ok(Framed::Missing(2)));
    }

    #[test]
    fn what_is_too_large_to_be_held_without_asking_is_told_once_its_kind_is_known() {
        let size = (CONNECTION_BYTES_FREE + 1) as i32;
        let mut buffer = BytesMut::from(&size.to_be_bytes()[..]);
        let limit = size as usize;
        assert_eq!(next_frame(&mut buffer, limit), Ok(Framed::Missing(2)));
        buffer.extend_from_slice(&ApiKey::Fetch.code().to_be_bytes());
        let large = Large { bytes: limit, is_produce: false, missing: limit - 2 };
        assert_eq!(next_frame(&mut buffer, limit), Ok(Framed::Large(large)));
        buffer.resize(SIZE_PREFIX + limit, 0);
        assert!(matches!(next_frame(&mut buffer, limit), Ok(Framed::Request(frame)) if frame.len() == limit));
    }

    #[test]
    fn impossible_sizes_are_refused_before_anything_is_allocated() {
        assert_eq!(next(&[0xff; 4]), Err(NoRequest::Size(-1)));
        assert_eq!(next(&[0x7f, 0xff, 0xff, 0xff]), Err(NoRequest::TooLarge(i32::MAX as usize, 100)));
        assert_eq!(next(&[0, 0, 0, 101]), Err(NoRequest::TooLarge(101, 100)));
        assert_eq!(next(&[0, 0, 0, 0]), Err(NoRequest::Size(0)));
    }

    #[test]
    fn other_protocols_are_known_by_how_they_begin() {
        // With and without a limit that is larger than what they would be as sizes.
        for limit in [100, i32::MAX as usize] {
            let known = |bytes: &[u8]| match next_frame(&mut BytesMut::from(bytes), limit) {
                Err(no_request) => no_request,
                other => panic!("{bytes:?}: {other:?}"),
            };
            for version in 0..4 {
                for length in [0x00bd_u16, 0x0200, 0x0715] {
                    let [high, low] = length.to_be_bytes();
                    assert_eq!(known(&[0x16, 0x03, version, high, low, 0x01, 0x00]), NoRequest::Tls);
                }
            }
            assert_eq!(known(b"GET / HTTP/1.1\r\n"), NoRequest::Http);
            assert_eq!(known(b"PRI * HTTP/2.0\r\n"), NoRequest::Http);
            assert_eq!(known(b"PROXY TCP4 10.0.0.1"), NoRequest::Proxy);
            assert_eq!(known(b"\r\n\r\n\0\r\nQUIT\n"), NoRequest::Proxy);
            assert_eq!(known(b"SSH-2.0-x"), NoRequest::Text(*b"SSH-"));
        }
    }
}
