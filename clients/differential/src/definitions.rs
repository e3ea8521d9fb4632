//! Kafka's own message definitions, as they lie in its client jar (`common/message/*.json`).
//!
//! They make the judge independent of Creel's codec: a mistake there can't hide behind the same mistake here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Why the definitions can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub(crate) struct Unusable {
    file: String,
    why: String,
}

/// Versions from the first to the last of them, both included; `None` is no version at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions(Option<(i16, i16)>);

impl Versions {
    /// Reads `3-13`, `9+`, `4` or `none`.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "none" {
            return Some(Self(None));
        }
        let range = match text.split_once('-') {
            Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
            None => match text.strip_suffix('+') {
                Some(first) => (first.parse().ok()?, i16::MAX),
                None => (text.parse().ok()?, text.parse().ok()?),
            },
        };
        Some(Self(Some(range)))
    }

    pub(crate) fn contains(self, version: i16) -> bool {
        self.0.is_some_and(|(first, last)| (first..=last).contains(&version))
    }

    /// Each of them in turn.
    pub(crate) fn each(self) -> impl Iterator<Item = i16> {
        let (first, last) = self.0.unwrap_or((1, 0));
        first..=last
    }
}

/// What a field holds.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Text,
    Uuid,
    /// Bytes or records: opaque, written as hexadecimal in JSON.
    Bytes,
    Records,
    Array(Box<Kind>),
    Struct(Vec<Field>),
}

/// A field of a message.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) versions: Versions,
    pub(crate) nullable: Versions,
    /// The tag and the versions in which the field travels under it.
    pub(crate) tag: Option<(u32, Versions)>,
    pub(crate) default: Value,
}

/// A request or a response.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) valid: Versions,
    pub(crate) flexible: Versions,
    pub(crate) fields: Vec<Field>,
}

/// An API: its key and both of its messages.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) key: i16,
    pub(crate) request: Message,
    pub(crate) response: Message,
}

/// Every API by name, as `Produce`.
#[derive(Debug)]
pub(crate) struct Definitions(BTreeMap<String, Api>);

impl Definitions {
    /// Reads a directory of `*Request.json` and `*Response.json`.
    pub(crate) fn load(folder: &Path) -> Result<Self, Unusable> {
        let listing = fs::read_dir(folder).map_err(|error| unusable(folder, error))?;
        let names = listing.flatten().filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.strip_suffix("Request.json").map(str::to_owned)
        });
        let api = |name: String| {
            let (key, request) = read(&folder.join(format!("{name}Request.json")))?;
            let (_, response) = read(&folder.join(format!("{name}Response.json")))?;
            Ok((name, Api { key, request, response }))
        };
        Ok(Self(names.map(api).collect::<Result<_, _>>()?))
    }

    /// The API of a name.
    ///
    /// # Panics
    /// When there is none: a story names a thing that does not exist.
    pub(crate) fn api(&self, name: &str) -> &Api {
        self.0.get(name).unwrap_or_else(|| panic!("Kafka defines no API named {name}"))
    }
}

fn unusable(file: &Path, why: impl ToString) -> Unusable {
    Unusable { file: file.display().to_string(), why: why.to_string() }
}

fn read(file: &Path) -> Result<(i16, Message), Unusable> {
    let text = fs::read_to_string(file).map_err(|error| unusable(file, error))?;
    let json = serde_json::from_str(&without_comments(&text)).map_err(|error| unusable(file, error))?;
    message(&json).ok_or_else(|| unusable(file, "not understood"))
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let cut = |line: &str| line.split_once(" // ").map_or(line, |(before, _)| before).to_owned();
    lines.map(|line| cut(line) + "\n").collect()
}

fn message(json: &Value) -> Option<(i16, Message)> {
    let key = i16::try_from(json["apiKey"].as_i64()?).ok()?;
    let common: BTreeMap<_, _> = json["commonStructs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((one["name"].as_str()?, &one["fields"])))
        .collect();
    let message = Message {
        valid: Versions::read(json["validVersions"].as_str()?)?,
        // An API of the past has no version and no fields left.
        flexible: json["flexibleVersions"].as_str().map_or(Some(Versions(None)), Versions::read)?,
        fields: json.get("fields").map_or(Some(Vec::new()), |json| fields(json, &common))?,
    };
    Some((key, message))
}

type Common<'a> = BTreeMap<&'a str, &'a Value>;

fn fields(json: &Value, common: &Common<'_>) -> Option<Vec<Field>> {
    json.as_array()?.iter().map(|one| field(one, common)).collect()
}

fn field(json: &Value, common: &Common<'_>) -> Option<Field> {
    let versions = |name: &str| json[name].as_str().map_or(Some(Versions(None)), Versions::read);
    let tag = match json["tag"].as_u64() {
        Some(tag) => Some((u32::try_from(tag).ok()?, versions("taggedVersions")?)),
        None => None,
    };
    let kind = kind(json["type"].as_str()?, json, common)?;
    let default = default(&kind, &json["default"]);
    let name = lower_first(json["name"].as_str()?);
    Some(Field {
        name,
        kind,
        versions: versions("versions")?,
        nullable: versions("nullableVersions")?,
        tag,
        default,
    })
}

fn kind(name: &str, json: &Value, common: &Common<'_>) -> Option<Kind> {
    if let Some(element) = name.strip_prefix("[]") {
        return Some(Kind::Array(Box::new(kind(element, json, common)?)));
    }
    Some(match name {
        "bool" => Kind::Bool,
        "int8" => Kind::Int8,
        "int16" => Kind::Int16,
        "uint16" => Kind::Uint16,
        "int32" => Kind::Int32,
        "uint32" => Kind::Uint32,
        "int64" => Kind::Int64,
        "float64" => Kind::Float64,
        "string" => Kind::Text,
        "uuid" => Kind::Uuid,
        "bytes" => Kind::Bytes,
        "records" => Kind::Records,
        of_struct => {
            let own = json.get("fields").or_else(|| common.get(of_struct).copied())?;
            Kind::Struct(fields(own, common)?)
        }
    })
}

/// The value of a field that is left out.
fn default(kind: &Kind, given: &Value) -> Value {
    let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
    if text == "null" && given.is_string() {
        return Value::Null;
    }
    let number = || match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).unwrap_or(0),
        None => text.parse().unwrap_or(0),
    };
    match kind {
        Kind::Bool => Value::Bool(text == "true"),
        Kind::Text => Value::String(given.as_str().unwrap_or("").to_owned()),
        Kind::Uuid => Value::String(crate::value::NO_ID.to_owned()),
        Kind::Bytes | Kind::Records => Value::String(String::new()),
        Kind::Array(_) => Value::Array(Vec::new()),
        Kind::Struct(_) => Value::Object(serde_json::Map::new()),
        Kind::Float64 => Value::from(number() as f64),
        _ => Value::from(number()),
    }
}

/// `ErrorCode` is written `errorCode`, as Kafka's own JSON does it.
fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An API whose response is its request, flexible from version 1 on.
    pub(crate) fn echo() -> Api {
        let text = r#"
            // As Kafka writes them, comments and all.
            { "apiKey": 7, "type": "request", "name": "EchoRequest", "validVersions": "0-2", "flexibleVersions": "1+",
              "fields": [
                { "name": "Name", "type": "string", "versions": "0+", "nullableVersions": "1+" },
                { "name": "Parts", "type": "[]Part", "versions": "0+", "fields": [
                  { "name": "Index", "type": "int32", "versions": "0+", "default": "-1" },
                  { "name": "Bytes", "type": "bytes", "versions": "2+" }]},
                { "name": "Late", "type": "int64", "versions": "1+", "tag": 3, "taggedVersions": "1+", "default": "5" }
              ] }"#;
        let read = || {
            let json = serde_json::from_str(&without_comments(text)).ok()?;
            message(&json)
        };
        let (Some((key, request)), Some((_, response))) = (read(), read()) else { panic!("not understood") };
        Api { key, request, response }
    }

    #[test]
    fn ranges_of_versions_are_read_as_kafka_writes_them() {
        let within =
            |text: &str, version| Versions::read(text).is_some_and(|versions| versions.contains(version));
        assert!(within("3-5", 3) && within("3-5", 5) && !within("3-5", 6));
        assert!(within("2+", i16::MAX) && !within("2+", 1));
        assert!(within("4", 4) && !within("4", 5));
        assert!(!within("none", 0));
        assert_eq!(Versions::read("3-5").map(|versions| versions.each().count()), Some(3));
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let api = echo();
        let defaults: Vec<_> = api.request.fields.iter().map(|field| field.default.to_string()).collect();
        assert_eq!(defaults, ["\"\"", "[]", "5"]);
    }
}
