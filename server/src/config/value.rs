//! A setting's kind (type, range, unit) and its values, read from text.

use core::fmt;

/// What a number counts, so that `64MiB` and `7d` can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A bare count.
    Count,
    /// Bytes: `KiB`, `MiB`, `GiB`, `TiB` may follow the number.
    Bytes,
    /// Milliseconds: `ms`, `s`, `m`, `h`, `d` may follow the number.
    Millis,
}

/// The type and range of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A 16-bit integer in an inclusive range.
    Short(i64, i64),
    /// A 32-bit integer in an inclusive range.
    Int(i64, i64, Unit),
    /// A 64-bit integer in an inclusive range.
    Long(i64, i64, Unit),
    /// A number in an inclusive range.
    Double(f64, f64),
    /// Any text.
    Text,
    /// Texts separated by commas.
    List,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// Some of a few words, separated by commas.
    Choices(&'static [&'static str]),
    /// gzip's levels: -1 (its own default), or 1 to 9.
    GzipLevel,
    /// `*`, or partitions with a broker each: `0:1,1:1`.
    ThrottledReplicas,
    /// The name of a Java class.
    Class,
    /// A text that is never shown.
    Password,
}

/// Whose notation a value is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Creel's own: units may follow numbers, digits may be grouped by `_`, words are taken in any case.
    Creel,
    /// Kafka's, as its `.properties` files and its protocol have it.
    Kafka,
}

impl Dialect {
    fn unit(self, unit: Unit) -> Option<Unit> {
        (self == Self::Creel).then_some(unit)
    }
}

/// A setting's value. Its text form (`Display`) is the one that Kafka's tools show.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of the kinds that are whole numbers.
    Number(i64),
    /// Of [`Kind::Double`].
    Double(f64),
    /// Of the kinds that are one text.
    Text(String),
    /// Of the kinds that are several.
    List(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Double(value) => f.write_str(&double_text(*value)),
            Self::Text(value) => f.write_str(value),
            Self::List(values) => f.write_str(&values.join(",")),
        }
    }
}

/// As Java writes it, and so Kafka's tools: `0.5`, `1.0E-4`, `1.0E7`.
fn double_text(value: f64) -> String {
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, power)) if !digits.contains('.') => format!("{digits}.0E{power}"),
        _ => text,
    }
}

impl Kind {
    /// Reads a value written in Creel's own words; `None` when it is of another type or out of range.
    pub fn read(&self, text: &str) -> Option<Value> {
        self.read_in(Dialect::Creel, text)
    }

    /// Reads a value as Kafka does; `None` when it is of another type or out of range.
    pub fn read_as_kafka(&self, text: &str) -> Option<Value> {
        self.read_in(Dialect::Kafka, text)
    }

    /// Reads a value in the words of one or the other.
    pub fn read_in(&self, dialect: Dialect, text: &str) -> Option<Value> {
        let text = trimmed(text);
        match self {
            Self::Boolean => read_boolean(text).map(Value::Boolean),
            Self::Short(low, high) => read_whole(dialect, text, Unit::Count, *low, *high),
            Self::Int(low, high, unit) | Self::Long(low, high, unit) => {
                read_whole(dialect, text, *unit, *low, *high)
            }
            Self::GzipLevel => {
                read_whole(dialect, text, Unit::Count, -1, 9).filter(|level| *level != Value::Number(0))
            }
            Self::Double(low, high) => {
                read_double(text).filter(|n| (low..=high).contains(&n)).map(Value::Double)
            }
            Self::Text | Self::Class | Self::Password => Some(Value::Text(text.to_owned())),
            Self::List => Some(Value::List(read_list(text))),
            Self::Choice(words) => chosen(dialect, text, words).map(Value::Text),
            Self::Choices(words) => choices(dialect, text, words).map(Value::List),
            Self::ThrottledReplicas => throttled_replicas(text).map(Value::List),
        }
    }

    /// The accepted form in words, for messages: "a whole number from 1 to 100".
    pub fn accepted(&self, dialect: Dialect) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Short(low, high) => accepted_number(*low, *high, i64::from(i16::MAX), None),
            Self::Int(low, high, unit) => {
                accepted_number(*low, *high, i64::from(i32::MAX), dialect.unit(*unit))
            }
            Self::Long(low, high, unit) => accepted_number(*low, *high, i64::MAX, dialect.unit(*unit)),
            Self::Double(low, high) if *high == f64::MAX => format!("a number, {low} or more"),
            Self::Double(low, high) => format!("a number from {low} to {high}"),
            Self::GzipLevel => "a whole number from 1 to 9, or -1".to_owned(),
            Self::Text | Self::Password => "a text".to_owned(),
            Self::Class => "the name of a Java class".to_owned(),
            Self::ThrottledReplicas => "*, or partition:broker pairs separated by commas".to_owned(),
            Self::List => "texts separated by commas".to_owned(),
            Self::Choice([word]) => (*word).to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Choices(words) => format!("one or more of {}, separated by commas", words.join(", ")),
        }
    }

    /// The type's name as Kafka's configuration tables show it.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Short(..) => "short",
            Self::Int(..) | Self::GzipLevel => "int",
            Self::Long(..) => "long",
            Self::Double(..) => "double",
            Self::Text | Self::Choice(_) => "string",
            Self::List | Self::Choices(_) | Self::ThrottledReplicas => "list",
            Self::Class => "class",
            Self::Password => "password",
        }
    }
}

/// `unit`: the one that may follow the number.
fn accepted_number(low: i64, high: i64, type_high: i64, unit: Option<Unit>) -> String {
    let range = match high {
        _ if high == low => return format!("{low}"),
        _ if high == type_high => format!("{low} or more"),
        _ => format!("from {low} to {high}"),
    };
    let unit = match unit {
        None | Some(Unit::Count) => "",
        Some(Unit::Bytes) => " of bytes (KiB, MiB, GiB may follow)",
        Some(Unit::Millis) => " of milliseconds (s, m, h, d may follow)",
    };
    format!("a whole number{unit}, {range}")
}

/// The text without the blanks and control characters that Java's `trim` removes.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

fn read_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn read_whole(dialect: Dialect, text: &str, unit: Unit, low: i64, high: i64) -> Option<Value> {
    let number = match dialect {
        Dialect::Creel => read_number(text, unit),
        Dialect::Kafka => text.parse().ok(),
    };
    number.filter(|n| (low..=high).contains(n)).map(Value::Number)
}

fn read_number(text: &str, unit: Unit) -> Option<i64> {
    let digits_end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(digits_end);
    let number: i64 = digits.trim_end().replace('_', "").parse().ok()?;
    number.checked_mul(scale(suffix, unit)?)
}

/// A number, with or without a point and an exponent. Rust's words such as "inf" are not numbers here.
fn read_double(text: &str) -> Option<f64> {
    let is_number = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    text.parse().ok().filter(|_| is_number)
}

fn scale(suffix: &str, unit: Unit) -> Option<i64> {
    match (unit, suffix) {
        (_, "") | (Unit::Bytes, "B") | (Unit::Millis, "ms") => Some(1),
        (Unit::Bytes, "KiB") => Some(1 << 10),
        (Unit::Bytes, "MiB") => Some(1 << 20),
        (Unit::Bytes, "GiB") => Some(1 << 30),
        (Unit::Bytes, "TiB") => Some(1 << 40),
        (Unit::Millis, "s") => Some(1_000),
        (Unit::Millis, "m") => Some(60_000),
        (Unit::Millis, "h") => Some(3_600_000),
        (Unit::Millis, "d") => Some(86_400_000),
        _ => None,
    }
}

fn read_list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

fn chosen(dialect: Dialect, text: &str, words: &[&str]) -> Option<String> {
    let is_meant = |word: &&&str| match dialect {
        Dialect::Creel => word.eq_ignore_ascii_case(text),
        Dialect::Kafka => **word == text,
    };
    words.iter().find(is_meant).map(|word| (*word).to_owned())
}

/// A word that comes twice counts once. Nothing between two commas is no word.
fn choices(dialect: Dialect, text: &str, words: &[&str]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for one in text.split(',').map(trimmed).filter(|_| !text.is_empty()) {
        let word = chosen(dialect, one, words)?;
        if !found.contains(&word) {
            found.push(word);
        }
    }
    Some(found)
}

fn throttled_replicas(text: &str) -> Option<Vec<String>> {
    let list = read_list(text);
    let is_number = |text: &str| text.parse::<i32>().is_ok();
    let is_pair = |one: &String| {
        one.split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
    };
    (text == "*" || list.iter().all(is_pair)).then_some(list)
}

/// A typed field of a configuration, taken from a value of the right kind.
///
/// `None` of the argument is "not set". A wrong kind is a mistake in the table, found by the test
/// that builds the defaults.
pub(super) trait Field {
    fn take(value: Option<&Value>, name: &str) -> Self;
}

macro_rules! field {
    ($type:ty, $pattern:pat => $result:expr) => {
        impl Field for $type {
            fn take(value: Option<&Value>, name: &str) -> Self {
                match value {
                    Some($pattern) => $result,
                    other => panic!("the table of settings gives {name} another type: {other:?}"),
                }
            }
        }
        impl Field for Option<$type> {
            fn take(value: Option<&Value>, name: &str) -> Self {
                value.map(|value| <$type>::take(Some(value), name))
            }
        }
    };
}

field!(bool, Value::Boolean(value) => *value);
field!(i64, Value::Number(value) => *value);
field!(i32, Value::Number(value) => i32::try_from(*value).expect("an Int's range lies in 32 bits"));
field!(f64, Value::Double(value) => *value);
field!(String, Value::Text(value) => value.clone());
field!(Vec<String>, Value::List(values) => values.clone());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_suffixes_of_their_unit_only() {
        let bytes = Kind::Long(0, i64::MAX, Unit::Bytes);
        assert_eq!(bytes.read("64MiB"), Some(Value::Number(64 << 20)));
        assert_eq!(bytes.read("1_000"), Some(Value::Number(1000)));
        assert_eq!(bytes.read("7d"), None);
        let millis = Kind::Long(-1, i64::MAX, Unit::Millis);
        assert_eq!(millis.read("7d"), Some(Value::Number(604_800_000)));
        assert_eq!(millis.read("-1"), Some(Value::Number(-1)));
        assert_eq!(millis.read("9223372036854775807d"), None);
        assert_eq!(Kind::Int(1, 10, Unit::Count).read("5s"), None);
    }

    #[test]
    fn ranges_and_choices_are_kept() {
        assert_eq!(Kind::Int(1, 10, Unit::Count).read("11"), None);
        assert_eq!(Kind::Double(0.0, 1.0).read("1.5"), None);
        assert_eq!(Kind::Boolean.read("yes"), None);
        let choice = Kind::Choice(&["CreateTime", "LogAppendTime"]);
        assert_eq!(choice.read("logappendtime"), Some(Value::Text("LogAppendTime".into())));
        assert_eq!(choice.read("Never"), None);
        let choices = Kind::Choices(&["compact", "delete"]);
        assert_eq!(choices.read("compact, delete").map(|v| v.to_string()), Some("compact,delete".into()));
        assert_eq!(choices.read("shrink"), None);
    }

    #[test]
    fn kafka_takes_no_units_no_underscores_and_words_only_as_they_are() {
        let millis = Kind::Long(-1, i64::MAX, Unit::Millis);
        let shown = |kind: Kind, text: &str| kind.read_as_kafka(text).map(|value| value.to_string());
        assert_eq!(shown(millis, " +5\t").as_deref(), Some("5"));
        for wrong in ["7d", "1_000", "1e3", "0x10", "", "+", "9223372036854775808", "-2"] {
            assert_eq!(shown(millis, wrong), None, "{wrong}");
        }
        assert_eq!(shown(Kind::Boolean, " True ").as_deref(), Some("true"));
        let choices = Kind::Choices(&["compact", "delete"]);
        assert_eq!(shown(choices, "delete , compact,delete").as_deref(), Some("delete,compact"));
        assert_eq!(shown(choices, " ").as_deref(), Some(""));
        for wrong in ["Delete", "delete,", ",", "delete,,compact"] {
            assert_eq!(shown(choices, wrong), None, "{wrong}");
        }
        assert_eq!(shown(Kind::Choice(&["CreateTime"]), "createtime"), None);
    }

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        let any = Kind::Double(f64::MIN, f64::MAX);
        let shown = |text: &str| any.read_as_kafka(text).map(|value| value.to_string());
        for (text, java) in [(".5", "0.5"), ("1", "1.0"), ("0.0001", "1.0E-4"), ("10000000", "1.0E7")] {
            assert_eq!(shown(text).as_deref(), Some(java));
        }
        assert_eq!(shown("123456789012").as_deref(), Some("1.23456789012E11"));
        for wrong in ["inf", "NaN", "", "0x1", "half"] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_neither_a_level_of_gzip_nor_a_replica_is_refused() {
        assert_eq!(Kind::GzipLevel.read_as_kafka("-1"), Some(Value::Number(-1)));
        assert_eq!(Kind::GzipLevel.read_as_kafka("0"), None);
        for right in ["", "*", "0:1, 1:1"] {
            assert!(Kind::ThrottledReplicas.read_as_kafka(right).is_some(), "{right}");
        }
        for wrong in ["a", "0:1,*", "0"] {
            assert_eq!(Kind::ThrottledReplicas.read_as_kafka(wrong), None, "{wrong}");
        }
    }
}
