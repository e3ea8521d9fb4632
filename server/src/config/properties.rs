//! Kafka's own `.properties` files, as Java reads them.
//!
//! A name ends at the first `=`, `:` or blank. `\\` makes the character behind it an ordinary one; at a line's end it
//! continues the line. Lines that begin with `#` or `!` are comments.

use std::path::Path;

use super::{origin::Origin, settings::Given, value::Dialect};

/// Reads a file's text; the path is for messages.
pub(super) fn read(path: &Path, text: &str) -> Vec<Given> {
    let mut given = Vec::new();
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let line = line.trim_start_matches(BLANKS);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = line.to_owned();
        while is_continued(&whole) {
            whole.pop();
            let Some((next, _)) = lines.next() else { break };
            whole.push_str(next.trim_start_matches(BLANKS));
        }
        let (name, text) = split(&whole);
        let origin = Origin::File(path.to_owned(), number);
        given.push(Given { name, text, origin, dialect: Dialect::Kafka });
    }
    given
}

const BLANKS: [char; 3] = [' ', '\t', '\u{c}'];

/// Whether the line ends with a backslash that no other one escapes.
fn is_continued(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// The name and the value, without their backslashes.
fn split(line: &str) -> (String, String) {
    let mut is_escaped = false;
    let end = line.find(|c: char| {
        let ends = !is_escaped && (matches!(c, '=' | ':') || BLANKS.contains(&c));
        is_escaped = !is_escaped && c == '\\';
        ends
    });
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(BLANKS);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (unescaped(name), unescaped(rest.trim_start_matches(BLANKS)))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            None => {}
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                plain.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some(other) => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_found_where_java_finds_them() {
        let text = "# comment\n! another\n\n a=b\n c : d \ne f\ng\nh\\:i=PLAINTEXT\\://x\\:1\n\
                    list=1,\\\n   2,\\\n   3\nend\\\\=\\u0041\\t\nlast=\\";
        let given: Vec<_> = read(Path::new("x"), text)
            .into_iter()
            .map(|one| {
                let Origin::File(_, line) = one.origin else { panic!("a line of the file") };
                (line, one.name, one.text)
            })
            .collect();
        let expected = [
            (4, "a", "b"),
            (5, "c", "d "),
            (6, "e", "f"),
            (7, "g", ""),
            (8, "h:i", "PLAINTEXT://x:1"),
            (9, "list", "1,2,3"),
            (12, "end\\", "A\t"),
            (13, "last", ""),
        ];
        let expected = expected.map(|(line, name, text)| (line, name.to_owned(), text.to_owned()));
        assert_eq!(given, expected);
    }
}
