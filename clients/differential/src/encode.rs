//! JSON to a request's bytes, by Kafka's definitions.
//!
//! A field that is left out has its default; one that the version does not know is left out, so that one body serves all
//! versions. A name that no version knows is a mistake of the story.

use serde_json::{Map, Value};

use crate::definitions::{Api, Field, Kind};
use crate::value::unhex;

/// A request with its header, without the size before it.
pub(crate) fn request(api: &Api, version: i16, correlation_id: i32, body: &Value) -> Vec<u8> {
    let flexible = api.request.flexible.contains(version);
    let mut bytes = header(api.key, version, correlation_id, flexible);
    let mut out = Encoder { version, flexible, bytes: &mut bytes };
    out.fields(&api.request.fields, body);
    bytes
}

/// A request's header; the flexible one ends with its tagged fields, of which there are none.
pub(crate) fn header(key: i16, version: i16, correlation_id: i32, flexible: bool) -> Vec<u8> {
    const CLIENT: &[u8] = b"story";
    let mut bytes = Vec::new();
    bytes.extend(key.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    bytes.extend(correlation_id.to_be_bytes());
    bytes.extend((CLIENT.len() as i16).to_be_bytes());
    bytes.extend(CLIENT);
    if flexible {
        bytes.push(0);
    }
    bytes
}

struct Encoder<'a> {
    version: i16,
    flexible: bool,
    bytes: &'a mut Vec<u8>,
}

impl Encoder<'_> {
    fn fields(&mut self, fields: &[Field], body: &Value) {
        let empty = Map::new();
        let body = body.as_object().unwrap_or(&empty);
        if let Some(unknown) = body.keys().find(|name| fields.iter().all(|field| field.name != **name)) {
            panic!(
                "no field named {unknown} in {:?}",
                fields.iter().map(|field| &field.name).collect::<Vec<_>>()
            );
        }
        let (mut tagged, version) = (Vec::new(), self.version);
        for field in fields.iter().filter(|field| field.versions.contains(version)) {
            let value = body.get(&field.name).unwrap_or(&field.default);
            match field.tag {
                Some((tag, versions)) if versions.contains(version) => tagged.push((tag, field, value)),
                _ => self.field(field, value),
            }
        }
        if self.flexible {
            self.tagged(tagged);
        }
    }

    fn tagged(&mut self, mut tagged: Vec<(u32, &Field, &Value)>) {
        tagged.retain(|(_, field, value)| **value != field.default);
        tagged.sort_by_key(|(tag, ..)| *tag);
        self.varint(tagged.len() as u32);
        for (tag, field, value) in tagged {
            let mut bytes = Vec::new();
            Encoder { bytes: &mut bytes, ..*self }.field(field, value);
            self.varint(tag);
            self.varint(bytes.len() as u32);
            self.bytes.extend(bytes);
        }
    }

    fn field(&mut self, field: &Field, value: &Value) {
        let nullable = field.nullable.contains(self.version);
        assert!(nullable || !value.is_null(), "{} can't be null in version {}", field.name, self.version);
        self.value(&field.kind, nullable, value);
    }

    fn value(&mut self, kind: &Kind, nullable: bool, value: &Value) {
        let number = || value.as_i64().unwrap_or_else(|| panic!("not a number: {value}"));
        match kind {
            Kind::Bool => {
                self.bytes.push(u8::from(value.as_bool().unwrap_or_else(|| panic!("not a boolean: {value}"))))
            }
            Kind::Int8 => self.bytes.extend((number() as i8).to_be_bytes()),
            Kind::Int16 => self.bytes.extend((number() as i16).to_be_bytes()),
            Kind::Uint16 => self.bytes.extend((number() as u16).to_be_bytes()),
            Kind::Int32 => self.bytes.extend((number() as i32).to_be_bytes()),
            Kind::Uint32 => self.bytes.extend((number() as u32).to_be_bytes()),
            Kind::Int64 => self.bytes.extend(number().to_be_bytes()),
            Kind::Float64 => self.bytes.extend(value.as_f64().unwrap_or(0.0).to_be_bytes()),
            Kind::Uuid => self.bytes.extend(unhex(text(value))),
            Kind::Text => self.sized(value.as_str().map(str::as_bytes), Width::Short),
            Kind::Bytes | Kind::Records => {
                let bytes = value.as_str().map(unhex);
                self.sized(bytes.as_deref(), Width::Long);
            }
            Kind::Array(element) => self.array(element, value),
            Kind::Struct(fields) => {
                if nullable {
                    self.bytes.push(if value.is_null() { 0xff } else { 1 });
                }
                if !value.is_null() {
                    self.fields(fields, value);
                }
            }
        }
    }

    fn array(&mut self, element: &Kind, value: &Value) {
        let elements = value.as_array();
        self.length(elements.map(Vec::len), Width::Long);
        for one in elements.into_iter().flatten() {
            self.value(element, false, one);
        }
    }

    fn sized(&mut self, bytes: Option<&[u8]>, width: Width) {
        self.length(bytes.map(<[u8]>::len), width);
        self.bytes.extend(bytes.unwrap_or_default());
    }

    fn length(&mut self, length: Option<usize>, width: Width) {
        match (self.flexible, width) {
            (true, _) => self.varint(length.map_or(0, |length| length as u32 + 1)),
            (false, Width::Short) => {
                self.bytes.extend(length.map_or(-1, |length| length as i16).to_be_bytes())
            }
            (false, Width::Long) => {
                self.bytes.extend(length.map_or(-1, |length| length as i32).to_be_bytes())
            }
        }
    }

    fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

/// How wide a length is where the version is not flexible.
#[derive(Clone, Copy)]
enum Width {
    Short,
    Long,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}
