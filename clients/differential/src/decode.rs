//! A response's bytes to JSON, by Kafka's definitions.
//!
//! Nothing is forgiven: bytes that are missing or left over are an error, and a tagged field that no definition knows is
//! shown by its number.

use serde_json::{Map, Value};

use crate::definitions::{Api, Field, Kind};
use crate::value::hex;

/// Why an answer can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unreadable {
    #[error("ends too early, in {0}")]
    Short(String),
    #[error("{0} bytes too many")]
    Long(usize),
    #[error("null in {0}, which can't be null")]
    Null(String),
    #[error("text that is not UTF-8 in {0}")]
    Text(String),
}

/// An answer's body: what follows the correlation id.
pub(crate) fn response(api: &Api, version: i16, bytes: &[u8]) -> Result<Value, Unreadable> {
    let flexible = api.response.flexible.contains(version);
    let mut decoder = Decoder { version, flexible, bytes, at: "header".to_owned() };
    // The header of an ApiVersions response is never flexible: its reader can't know yet what is understood.
    if flexible && api.key != crate::API_VERSIONS {
        let tags = decoder.tags(&[], &mut Map::new());
        tags?;
    }
    let value = decoder.fields(&api.response.fields)?;
    match decoder.bytes.len() {
        0 => Ok(value),
        left => Err(Unreadable::Long(left)),
    }
}

struct Decoder<'a> {
    version: i16,
    flexible: bool,
    bytes: &'a [u8],
    at: String,
}

impl<'a> Decoder<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (head, tail) =
            self.bytes.split_at_checked(count).ok_or_else(|| Unreadable::Short(self.at.clone()))?;
        self.bytes = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn varint(&mut self) -> Result<u32, Unreadable> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Ok(value)
    }

    fn fields(&mut self, fields: &[Field]) -> Result<Value, Unreadable> {
        let (mut object, version) = (Map::new(), self.version);
        for field in fields.iter().filter(|field| field.versions.contains(version)) {
            if field.tag.is_some_and(|(_, versions)| versions.contains(version)) {
                continue;
            }
            object.insert(field.name.clone(), self.field(field)?);
        }
        if self.flexible {
            self.tags(fields, &mut object)?;
        }
        Ok(Value::Object(object))
    }

    fn tags(&mut self, fields: &[Field], object: &mut Map<String, Value>) -> Result<(), Unreadable> {
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let size = self.varint()? as usize;
            let bytes = self.take(size)?;
            let known = fields.iter().find(|field| {
                field.tag.is_some_and(|(own, versions)| own == tag && versions.contains(self.version))
            });
            let Some(field) = known else {
                object.insert(format!("tag {tag}"), Value::String(hex(bytes)));
                continue;
            };
            let mut inner = Decoder { version: self.version, flexible: true, bytes, at: field.name.clone() };
            object.insert(field.name.clone(), inner.field(field)?);
            if !inner.bytes.is_empty() {
                return Err(Unreadable::Long(inner.bytes.len()));
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field) -> Result<Value, Unreadable> {
        self.at.clone_from(&field.name);
        let nullable = field.nullable.contains(self.version);
        let value = self.value(&field.kind, nullable)?;
        match value.is_null() && !nullable {
            true => Err(Unreadable::Null(field.name.clone())),
            false => Ok(value),
        }
    }

    fn value(&mut self, kind: &Kind, nullable: bool) -> Result<Value, Unreadable> {
        Ok(match kind {
            Kind::Bool => Value::Bool(self.array::<1>()? != [0]),
            Kind::Int8 => Value::from(i8::from_be_bytes(self.array()?)),
            Kind::Int16 => Value::from(i16::from_be_bytes(self.array()?)),
            Kind::Uint16 => Value::from(u16::from_be_bytes(self.array()?)),
            Kind::Int32 => Value::from(i32::from_be_bytes(self.array()?)),
            Kind::Uint32 => Value::from(u32::from_be_bytes(self.array()?)),
            Kind::Int64 => Value::from(i64::from_be_bytes(self.array()?)),
            Kind::Float64 => Value::from(f64::from_be_bytes(self.array()?)),
            Kind::Uuid => Value::String(hex(&self.array::<16>()?)),
            Kind::Text => match self.short_length()? {
                Some(length) => {
                    let bytes = self.take(length)?.to_vec();
                    let text = String::from_utf8(bytes).map_err(|_| Unreadable::Text(self.at.clone()))?;
                    Value::String(text)
                }
                None => Value::Null,
            },
            Kind::Bytes => self.opaque(hex)?,
            Kind::Records => self.opaque(crate::batch::shown)?,
            Kind::Array(element) => match self.long_length()? {
                Some(length) => {
                    let elements = (0..length).map(|_| self.value(element, false));
                    Value::Array(elements.collect::<Result<_, _>>()?)
                }
                None => Value::Null,
            },
            Kind::Struct(_) if nullable && i8::from_be_bytes(self.array()?) < 0 => Value::Null,
            Kind::Struct(fields) => self.fields(fields)?,
        })
    }

    fn opaque<T: Into<Value>>(&mut self, show: fn(&[u8]) -> T) -> Result<Value, Unreadable> {
        Ok(match self.long_length()? {
            Some(length) => show(self.take(length)?).into(),
            None => Value::Null,
        })
    }

    fn short_length(&mut self) -> Result<Option<usize>, Unreadable> {
        match self.flexible {
            true => self.compact_length(),
            false => Ok(usize::try_from(i16::from_be_bytes(self.array()?)).ok()),
        }
    }

    fn long_length(&mut self) -> Result<Option<usize>, Unreadable> {
        match self.flexible {
            true => self.compact_length(),
            false => Ok(usize::try_from(i32::from_be_bytes(self.array()?)).ok()),
        }
    }

    fn compact_length(&mut self) -> Result<Option<usize>, Unreadable> {
        Ok((self.varint()? as usize).checked_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::definitions::tests::echo;
    use crate::encode;

    /// Encodes a body as a request and decodes it as the response that it equals.
    fn there_and_back(version: i16, body: &Value) -> Result<Value, Unreadable> {
        let api = echo();
        let frame = encode::request(&api, version, 1, body);
        let flexible = api.request.flexible.contains(version);
        let header = encode::header(api.key, version, 1, flexible).len();
        let tags = usize::from(flexible);
        response(&api, version, frame.get(header - tags..).unwrap_or_default())
    }

    #[test]
    fn every_version_comes_back_as_it_was_sent() {
        let body = json!({ "name": "n", "parts": [{ "index": 7, "bytes": "c0ffee" }, {}], "late": 9 });
        let part = |version: i16, index: i32, bytes: &str| match version {
            0 | 1 => json!({ "index": index }),
            _ => json!({ "index": index, "bytes": bytes }),
        };
        for version in 0..=2 {
            let parts = json!([part(version, 7, "c0ffee"), part(version, -1, "")]);
            let expected = match version {
                0 => json!({ "name": "n", "parts": parts }),
                _ => json!({ "name": "n", "parts": parts, "late": 9 }),
            };
            assert_eq!(there_and_back(version, &body), Ok(expected), "version {version}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let api = echo();
        assert_eq!(response(&api, 0, &[0, 5, b'x']), Err(Unreadable::Short("name".to_owned())));
        assert_eq!(response(&api, 0, &[0, 0, 0, 0, 0, 0, 9]), Err(Unreadable::Long(1)));
        assert_eq!(response(&api, 0, &[0xff, 0xff]), Err(Unreadable::Null("name".to_owned())));
        assert_eq!(there_and_back(1, &json!({ "name": null })), Ok(json!({ "name": null, "parts": [] })));
    }
}
