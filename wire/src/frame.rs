//! Frames: a four-byte size, a header, a body. The size is signed and big-endian, and does not count itself.

use bytes::Bytes;

pub use crate::encoded_frame::{Cut, EncodedFrame, FRAME_BYTES_MAX, SIZE_PREFIX};
use crate::error::{DecodeError, Fault, FrameTooLarge};
use crate::header::{RequestHeader, ResponseHeader};
use crate::{ApiKey, Message, Reader, Request, Writer};

/// Decodes a size prefix: the number of bytes of the frame that follow it, at most `limit`.
pub fn size(prefix: [u8; SIZE_PREFIX], limit: usize) -> Result<usize, DecodeError> {
    let size = usize::try_from(i32::from_be_bytes(prefix)).ok();
    size.filter(|size| *size <= limit).ok_or(DecodeError { fault: Fault::FrameSize, at: 0 })
}

/// A request as one run of bytes. Its records have to be `Records::Inline`.
///
/// # Panics
///
/// If it is larger than 2 GiB. The caller chooses how much to send.
pub fn encode_request<R: Request>(header: &RequestHeader, request: &R) -> Bytes {
    let frame = encode_request_frame(header, request);
    debug_assert!(frame.cuts.is_empty(), "records held elsewhere need encode_request_frame");
    frame.bytes
}

/// A request whose records may be held elsewhere.
///
/// # Panics
///
/// If it is larger than 2 GiB. The caller chooses how much to send.
pub fn encode_request_frame<R: Request>(header: &RequestHeader, request: &R) -> EncodedFrame {
    let version = header.api_version;
    let flexible = version >= R::FLEXIBLE_FROM;
    let size = header.size(flexible);
    let encoded = encode(size, request, version, FRAME_BYTES_MAX, |writer| header.encode(writer, flexible));
    encoded.expect("no request is asked to have more than 2 GiB")
}

/// The answer to a request of `api` and `version`. It is an error if the answer itself would be larger than
/// `bytes_max`, or if it is larger than a frame can be, with the bytes that its cuts name.
pub fn encode_response<R: Message>(
    correlation_id: i32,
    response: &R,
    api: ApiKey,
    version: i16,
    bytes_max: usize,
) -> Result<EncodedFrame, FrameTooLarge> {
    let has_tags = ResponseHeader::has_tags(api, version, R::FLEXIBLE_FROM);
    let header = ResponseHeader { correlation_id };
    let header_size = ResponseHeader::size(has_tags);
    encode(header_size, response, version, bytes_max, |writer| header.encode(writer, has_tags))
}

fn encode<M: Message>(
    header_size: usize,
    message: &M,
    version: i16,
    bytes_max: usize,
    header: impl FnOnce(&mut Writer),
) -> Result<EncodedFrame, FrameTooLarge> {
    let capacity = message.encoded_len(version).saturating_add(header_size).saturating_add(SIZE_PREFIX);
    if capacity > bytes_max {
        return Err(FrameTooLarge { bytes: capacity, bytes_max });
    }
    let mut writer = Writer::with_capacity(capacity);
    writer.i32(0);
    header(&mut writer);
    message.encode(&mut writer, version);
    debug_assert_eq!(writer.len(), capacity, "{message:?} v{version}");
    writer.seal()
}

/// Decodes the answer to a request of type `R` and `version`. `frame` is what follows the size prefix.
pub fn decode_response<R: Request>(
    frame: Bytes,
    version: i16,
) -> Result<(ResponseHeader, R::Response), DecodeError> {
    let has_tags = ResponseHeader::has_tags(R::API_KEY, version, R::Response::FLEXIBLE_FROM);
    let mut reader = Reader::new(frame);
    let header = ResponseHeader::decode(&mut reader, has_tags)?;
    Ok((header, crate::Decode::decode(&mut reader, version)?))
}
