//! A setting's kind (type, range, unit) and its values, read from text.

use core::fmt;

/// What a number counts, so that `64MiB` and `7d` can be understood.
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
}

/// A setting's value. Its text form (`Display`) is the one that Kafka's tools show.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of [`Kind::Int`] and [`Kind::Long`].
    Number(i64),
    /// Of [`Kind::Double`].
    Double(f64),
    /// Of [`Kind::Text`] and [`Kind::Choice`].
    Text(String),
    /// Of [`Kind::List`] and [`Kind::Choices`].
    List(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Double(value) => write!(f, "{value:?}"),
            Self::Text(value) => f.write_str(value),
            Self::List(values) => f.write_str(&values.join(",")),
        }
    }
}

impl Kind {
    /// Reads a value from its text; `None` when it is of another type or out of range.
    pub fn read(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        match self {
            Self::Boolean => read_boolean(text).map(Value::Boolean),
            Self::Int(low, high, unit) | Self::Long(low, high, unit) => {
                read_number(text, *unit).filter(|n| (low..=high).contains(&n)).map(Value::Number)
            }
            Self::Double(low, high) => {
                text.parse().ok().filter(|n| (low..=high).contains(&n)).map(Value::Double)
            }
            Self::Text => Some(Value::Text(text.to_owned())),
            Self::List => Some(Value::List(read_list(text))),
            Self::Choice(words) => chosen(text, words).map(Value::Text),
            Self::Choices(words) => {
                read_list(text).iter().map(|one| chosen(one, words)).collect::<Option<_>>().map(Value::List)
            }
        }
    }

    /// The accepted form in words, for messages: "a whole number from 1 to 100".
    pub fn accepted(&self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Int(low, high, unit) => accepted_number(*low, *high, i64::from(i32::MAX), *unit),
            Self::Long(low, high, unit) => accepted_number(*low, *high, i64::MAX, *unit),
            Self::Double(low, high) if *high == f64::MAX => format!("a number, {low} or more"),
            Self::Double(low, high) => format!("a number from {low} to {high}"),
            Self::Text => "a text".to_owned(),
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
            Self::Int(..) => "int",
            Self::Long(..) => "long",
            Self::Double(..) => "double",
            Self::Text | Self::Choice(_) => "string",
            Self::List | Self::Choices(_) => "list",
        }
    }
}

fn accepted_number(low: i64, high: i64, type_high: i64, unit: Unit) -> String {
    let range = match high {
        _ if high == low => return format!("{low}"),
        _ if high == type_high => format!("{low} or more"),
        _ => format!("from {low} to {high}"),
    };
    let unit = match unit {
        Unit::Count => "",
        Unit::Bytes => " of bytes (KiB, MiB, GiB may follow)",
        Unit::Millis => " of milliseconds (s, m, h, d may follow)",
    };
    format!("a whole number{unit}, {range}")
}

fn read_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn read_number(text: &str, unit: Unit) -> Option<i64> {
    let digits_end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(digits_end);
    let number: i64 = digits.trim_end().replace('_', "").parse().ok()?;
    number.checked_mul(scale(suffix, unit)?)
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

fn chosen(text: &str, words: &[&str]) -> Option<String> {
    words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| (*word).to_owned())
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
}
