//! Reads a text as a template.

use super::{BASE64, Draw, HEX, Part, Template};
use std::fmt;

/// A value can't ask for all memory.
const CHARACTERS_MAX: usize = 16 << 20;
const KNOWN: &str = "int, float, word, pick, uuid, hex, text, seq, millis or timestamp";

/// What is wrong with a template, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In words.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// Reads a template.
pub fn parse(text: &str) -> Result<Template, Mistake> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(open) = rest.find("{{") {
        let at = text.len() - rest.len() + open;
        let inside = &rest[open + 2..];
        let close = closing(inside).ok_or_else(|| mistake(text, at, "{{ without its }}"))?;
        if open > 0 {
            parts.push(Part::Literal(rest[..open].to_owned()));
        }
        parts.push(Part::Draw(draw(&inside[..close]).map_err(|what| mistake(text, at, &what))?));
        rest = &inside[close + 2..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(Template { parts })
}

fn mistake(text: &str, at: usize, what: &str) -> Mistake {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
    Mistake { line, column, what: what.to_owned() }
}

/// Where `}}` is, outside of quotes.
fn closing(inside: &str) -> Option<usize> {
    let mut is_quoted = false;
    inside.char_indices().find_map(|(at, c)| {
        is_quoted ^= c == '"';
        (!is_quoted && inside[at..].starts_with("}}")).then_some(at)
    })
}

/// Separated by spaces; what is in quotes may hold them.
fn words(inside: &str) -> Vec<String> {
    let (mut words, mut open, mut is_quoted) = (Vec::new(), None::<String>, false);
    for c in inside.chars() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                open.get_or_insert_default();
            }
            c if c.is_whitespace() && !is_quoted => words.extend(open.take()),
            c => open.get_or_insert_default().push(c),
        }
    }
    words.extend(open);
    words
}

fn draw(inside: &str) -> Result<Draw, String> {
    let words = words(inside);
    let Some((name, arguments)) = words.split_first() else {
        return Err(format!("{{{{}}}} is empty: it takes {KNOWN}"));
    };
    match (&name[..], arguments) {
        ("int", [from, to]) => range(from, to).map(|(from, to)| Draw::Int(from, to)),
        ("float", [from, to]) => {
            let (from, to): (f64, f64) = range(from, to)?;
            (to - from).is_finite().then_some(Draw::Float(from, to)).ok_or("no such numbers".into())
        }
        ("word", []) => Ok(Draw::Word),
        ("pick", [_, ..]) => Ok(Draw::Pick(arguments.to_vec())),
        ("uuid", []) => Ok(Draw::Uuid),
        ("hex", [count]) => characters(HEX, count),
        ("text", [count]) => characters(BASE64, count),
        ("seq", []) => Ok(Draw::Seq),
        ("millis", []) => Ok(Draw::Millis),
        ("timestamp", []) => Ok(Draw::Timestamp),
        ("int" | "float", _) => Err(format!("{name} takes two numbers: {{{{{name} 1 1000}}}}")),
        ("pick", []) => Err("pick takes the words to pick from: {{pick red green blue}}".into()),
        ("hex" | "text", _) => Err(format!("{name} takes a number of characters: {{{{{name} 16}}}}")),
        ("word" | "uuid" | "seq" | "millis" | "timestamp", _) => {
            Err(format!("{name} takes nothing: {{{{{name}}}}}"))
        }
        _ => Err(format!("no such placeholder '{name}': use {KNOWN}")),
    }
}

fn range<T: std::str::FromStr + PartialOrd>(from: &str, to: &str) -> Result<(T, T), String> {
    let number = |text: &str| text.parse::<T>().map_err(|_| format!("'{text}' is not such a number"));
    let (first, last) = (number(from)?, number(to)?);
    if first <= last { Ok((first, last)) } else { Err(format!("there is no number from {from} to {to}")) }
}

fn characters(alphabet: &'static [u8], count: &str) -> Result<Draw, String> {
    let count = count.parse().ok().filter(|count| (1..=CHARACTERS_MAX).contains(count));
    let count = count.ok_or_else(|| format!("from 1 to {CHARACTERS_MAX} characters"))?;
    Ok(Draw::Characters(alphabet, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, told) in [
            ("a {{int 1}}", "line 1, column 3: int takes two numbers: {{int 1 1000}}"),
            ("é\nüü{{nothing}}", "line 2, column 3: no such placeholder 'nothing'"),
            ("{{int 5 1}}", "there is no number from 5 to 1"),
            ("{{int x 1}}", "'x' is not such a number"),
            ("{{float nan 1}}", "there is no number from nan to 1"),
            ("{{uuid", "line 1, column 1: {{ without its }}"),
            ("{{pick \"}}", "{{ without its }}"),
            ("{{}}", "is empty"),
            ("{{hex 0}}", "from 1 to 16777216 characters"),
            ("{{hex}}", "hex takes a number of characters"),
            ("{{word 3}}", "word takes nothing"),
        ] {
            let mistake = parse(text).unwrap_err().to_string();
            assert!(mistake.contains(told), "{text}: {mistake}");
        }
    }

    #[test]
    fn all_else_is_literal_and_quotes_hold_braces_and_spaces() {
        let parts = parse("{ } {a} }} {{pick \"{{\" \"b }} c\"}}é").unwrap().parts;
        let picked = Draw::Pick(vec!["{{".into(), "b }} c".into()]);
        let literal = |text: &str| Part::Literal(text.into());
        assert_eq!(parts, [literal("{ } {a} }} "), Part::Draw(picked), literal("é")]);
    }
}
