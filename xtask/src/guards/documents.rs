//! A document names no file that is not there.
//!
//! It reads all Markdown files, and the comments of Rust files. In Markdown each link without a scheme must lead to a
//! file or folder, relative to the document, and to a heading of it if the link names one. In code (spans and blocks)
//! three kinds of words are taken for names of our files: those that end like source code (`.rs`, `.md`, `.py`, ...),
//! those that begin with a folder of the root (`io/src`), and those that are a folder (`groups/`). Such a name must
//! be a path from the root or from the document, or the last parts of some path.
//!
//! A measurement under `results/` names the files of its own commit: only its links are looked at. What Git ignores
//! need not be there.
//!
//! One more rule: no cell of a table in `ARCHITECTURE.md` is long. What needs more room is a decision, in
//! `docs/decisions/`.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::exceptions::Missing;
use super::tree::{Tree, folder_of, join};

/// Words that end like this name a file of ours, wherever they stand.
const SOURCES: [&str; 8] = [".rs", ".md", ".py", ".js", ".java", ".go", ".sh", ".ts"];

/// The page whose tables are short.
const SHORT: &str = "ARCHITECTURE.md";

/// Characters of a cell there.
const CELL_MAX: usize = 200;

/// A name in a document.
struct Name {
    line: usize,
    name: String,
    is_link: bool,
}

/// Names of what is not there, and exceptions for what is there or is not named.
pub(super) fn faults(tree: &Tree, allowed: &[Missing]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = vec![false; allowed.len()];
    let documents =
        tree.texts(".md").map(|(document, text)| (document, names_in_markdown(tree, document, text)));
    let sources = tree.texts(".rs").map(|(document, text)| (document, names_in_comments(text)));
    for (document, names) in documents.chain(sources) {
        for found in names.into_iter().filter(|found| !is_there(tree, document, found)) {
            let fits = |it: &Missing| {
                it.name == found.name && it.document.as_deref().is_none_or(|wanted| wanted == document)
            };
            match allowed.iter().position(fits) {
                Some(index) => seen[index] = true,
                None => {
                    faults.push(format!("{document}:{} names {}, which is not there", found.line, found.name))
                }
            }
        }
    }
    faults.extend(long_cells(tree.text(SHORT).unwrap_or_default()));
    let unseen = allowed.iter().zip(seen).filter(|(_, seen)| !seen);
    faults.extend(
        unseen.map(|(it, _)| {
            format!("no document names the missing file {}: take the exception away", it.name)
        }),
    );
    faults
}

fn long_cells(text: &str) -> Vec<String> {
    let rows = text.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    let cells = rows.flat_map(|(index, line)| line.split('|').map(move |cell| (index + 1, cell.trim())));
    let long = cells.filter(|(_, cell)| cell.chars().count() > CELL_MAX);
    long.map(|(line, _)| {
        format!("{SHORT}:{line} has a cell of more than {CELL_MAX} characters: docs/decisions/ has room")
    })
    .collect()
}

fn names_in_markdown(tree: &Tree, document: &str, text: &str) -> Vec<Name> {
    let links_only = document.starts_with("results/");
    let mut names = Vec::new();
    let mut in_block = false;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let mut code = |code: &str, start: usize| {
            for (offset, word) in words(code) {
                if !links_only && is_ours(tree, word) {
                    names.push(Name {
                        line: line_at(text, start + offset),
                        name: word.to_owned(),
                        is_link: false,
                    });
                }
            }
        };
        match event {
            Event::Code(span) => code(&span, range.start),
            Event::Text(block) if in_block => code(&block, range.start),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_))) => {
                in_block = true
            }
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. })
                if !dest_url.contains(':') =>
            {
                let line = line_at(text, range.start);
                names.push(Name { line, name: dest_url.into_string(), is_link: true });
            }
            _ => {}
        }
    }
    names
}

/// The words in backquotes in comments that end like one of Rust's or Markdown's files.
fn names_in_comments(text: &str) -> Vec<Name> {
    let mut names = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
        for span in line.split('`').skip(1).step_by(2) {
            let found = words(span).map(|(_, word)| word);
            let found = found.filter(|word| word.ends_with(".rs") || word.ends_with(".md"));
            let found = found.filter(|word| is_plain(word));
            names.extend(found.map(|word| Name { line: index + 1, name: word.to_owned(), is_link: false }));
        }
    }
    names
}

/// The words of a piece of code, each with its place, without the punctuation around it.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split_whitespace().map(move |word| {
        let trimmed = word.trim_matches(|at: char| "()[]{},;:'\"".contains(at));
        (trimmed.as_ptr() as usize - code.as_ptr() as usize, trimmed)
    })
}

fn is_plain(word: &str) -> bool {
    let plain = |at: char| at.is_ascii_alphanumeric() || "_-./".contains(at);
    word.chars().all(plain) && !word.starts_with(['/', '-', '.']) && word.starts_with(|at: char| at != '/')
}

fn is_ours(tree: &Tree, word: &str) -> bool {
    if !is_plain(word) || word.contains("...") {
        return false;
    }
    let ends_like_source = SOURCES.iter().any(|end| word.len() > end.len() && word.ends_with(end));
    let begins_in_root = word.split_once('/').is_some_and(|(first, _)| tree.has_top_folder(first));
    ends_like_source || begins_in_root || word.ends_with('/')
}

fn is_there(tree: &Tree, document: &str, found: &Name) -> bool {
    if found.is_link {
        return leads_somewhere(tree, document, &found.name);
    }
    let name = found.name.trim_end_matches('/');
    let beside = join(folder_of(document), name);
    let beside = beside.is_some_and(|path| path.is_empty() || tree.has(&path) || tree.ignores(&path));
    beside || tree.has(name) || tree.ignores(name) || tree.has_ending(name)
}

fn leads_somewhere(tree: &Tree, document: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
    let Some(file) = (match file {
        "" => Some(document.to_owned()),
        file => join(folder_of(document), file),
    }) else {
        return false;
    };
    match (heading, tree.text(&file)) {
        (Some(heading), Some(text)) => headings(text).any(|one| one == heading),
        (Some(_), None) => false,
        (None, _) => file.is_empty() || tree.has(&file) || tree.ignores(&file),
    }
}

/// The headings of a document, as links name them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let mut is_in = false;
    let mut heading = String::new();
    Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(move |event| {
        match event {
            Event::Start(Tag::Heading { .. }) => is_in = true,
            Event::Text(words) | Event::Code(words) if is_in => heading.push_str(&words),
            Event::End(TagEnd::Heading(_)) => {
                is_in = false;
                return Some(as_link(&std::mem::take(&mut heading)));
            }
            _ => {}
        }
        None
    })
}

fn as_link(heading: &str) -> String {
    let kept = heading.chars().filter(|at| at.is_alphanumeric() || " -_".contains(*at));
    kept.map(|at| if at == ' ' { '-' } else { at.to_ascii_lowercase() }).collect()
}

fn line_at(text: &str, place: usize) -> usize {
    text.as_bytes()[..place.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::super::exceptions::Exceptions;
    use super::*;

    fn found(files: &[(&str, &str)], exceptions: &str) -> Vec<String> {
        faults(&Tree::made_up(files), &Exceptions::read(exceptions).unwrap().missing)
    }

    #[test]
    fn a_name_of_nothing_is_a_fault_in_spans_blocks_and_links() {
        let text = "# A\n\nSee `io/src/gone.rs`, `gone/`\nand [it](gone.md#there).\n\n    run io/gone\n\n```\nx gone.py\n```\n";
        let faults = found(&[("a/README.md", text), ("io/src/there.rs", "")], "");
        let wanted = [
            "3 names io/src/gone.rs",
            "3 names gone/",
            "4 names gone.md#there",
            "6 names io/gone",
            "9 names gone.py",
        ];
        assert_eq!(faults, wanted.map(|what| format!("a/README.md:{what}, which is not there")));
    }

    #[test]
    fn a_link_to_a_heading_needs_one() {
        let text = "# One `two`, 3: four\n\n[a](#one-two-3-four) [b](#five) [c](b.md#six) [d](b.md#seven)";
        let faults = found(&[("a/README.md", text), ("a/b.md", "## Six\n")], "");
        let wanted = ["3 names #five", "3 names b.md#seven"];
        assert_eq!(faults, wanted.map(|what| format!("a/README.md:{what}, which is not there")));
    }

    #[test]
    fn a_long_cell_of_the_short_page_is_a_fault() {
        let text = format!("| a | b |\n|---|---|\n| {} | {} |\n", "x".repeat(200), "y".repeat(201));
        assert_eq!(found(&[("docs/x.md", &text)], ""), Vec::<String>::new());
        let faults = found(&[("ARCHITECTURE.md", &text)], "");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("ARCHITECTURE.md:3 "), "{}", faults[0]);
    }

    #[test]
    fn a_table_is_read_too() {
        let text = "| what | where |\n|---|---|\n| a | `gone.rs` |\n";
        assert_eq!(found(&[("README.md", text)], "").len(), 1);
    }

    #[test]
    fn paths_lead_from_the_root_from_the_document_or_end_like_one_of_ours() {
        let text = "`io/src/there.rs` `src/there.rs` `there.rs` `src/` `beside.md` [it](beside.md) [dir](../io/src) `target/debug/x`";
        let files = [
            ("a/README.md", text),
            ("a/beside.md", "# A\n\n[here](#a) [there](https://example.com/x.md)"),
            ("io/src/there.rs", "// see `there.rs`, `io/src/there.rs:12` and `other.toml`"),
            (".gitignore", "/target/\n"),
            ("target/kept.md", ""),
        ];
        assert_eq!(found(&files, ""), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_name_of_ours_is_let_alone() {
        let text = "`/etc/x.rs` `a.toml` `std::io` `--set x.rs=1` `00000000000000000000.log` `*.rs` `https://a/b.md`";
        assert_eq!(found(&[("README.md", text)], ""), Vec::<String>::new());
    }

    #[test]
    fn comments_of_code_are_documents() {
        let faults = found(&[("a/src/lib.rs", "//! See `gone.rs`.\nconst A: &str = \"`gone.rs`\";")], "");
        assert_eq!(faults, ["a/src/lib.rs:1 names gone.rs, which is not there"]);
    }

    #[test]
    fn a_measurement_names_what_was_there_but_its_links_lead_somewhere() {
        let faults =
            found(&[("results/x/README.md", "`io/src/gone.rs` [plot](plot.svg)"), ("io/src/a.rs", "")], "");
        assert_eq!(faults, ["results/x/README.md:1 names plot.svg, which is not there"]);
    }

    #[test]
    fn an_exception_that_is_not_needed_any_more_is_a_fault() {
        let exception = "[[missing]]\nname = \"gone.rs\"\nreason = \"why\"";
        assert_eq!(found(&[("README.md", "`gone.rs`")], exception), Vec::<String>::new());
        let faults = found(&[("README.md", "`gone.rs`"), ("src/gone.rs", "")], exception);
        assert!(faults[0].contains("take the exception away"), "{faults:?}");
    }
}
