//! The guards of `cargo xtask check`: rules that no compiler checks, read from the files themselves.
//!
//! This room owns the rules about the shape of the tree. It must not know what the code does, and it runs nothing.
//!
//! - `circles`: no import goes round between files of one crate.
//! - `scattered`: one type's inherent `impl` blocks stand in two files at most.
//! - `documents`: a document names no file that is not there.
//!
//! Exceptions stand in `xtask/exceptions.toml`, each with its reason. An exception that nothing needs any more is a
//! fault as well, so the list can only get shorter.

mod circles;
mod crates;
mod documents;
mod exceptions;
mod modules;
mod scattered;
mod source;
mod tree;

use std::fmt::Write as _;

use crate::paths;
use crate::run::{Failure, Outcome, about};
use exceptions::Exceptions;
use tree::Tree;

/// Where the exceptions are.
const EXCEPTIONS: &str = "xtask/exceptions.toml";

/// Reads the checkout and fails if a guard has something to say.
pub(crate) fn guards() -> Outcome {
    say!("\n==> guards");
    let tree = Tree::of_checkout(paths::root()).map_err(about("the files of this checkout"))?;
    let faults = faults_of(&tree);
    for fault in &faults {
        say!("\n{fault}");
    }
    match faults.len() {
        0 => Ok(()),
        count => Err(Failure::Guards { count }),
    }
}

/// All that is wrong with a tree, each as lines for people.
fn faults_of(tree: &Tree) -> Vec<String> {
    let exceptions = match Exceptions::read(tree.text(EXCEPTIONS).unwrap_or_default()) {
        Ok(exceptions) => exceptions,
        Err(error) => return vec![format!("{EXCEPTIONS}: {error}")],
    };
    let (crates, mut faults) = crates::load_all(tree);
    faults.extend(circles::faults(&crates, &exceptions.circle));
    faults.extend(scattered::faults(&crates, &exceptions.scattered));
    faults.extend(documents::faults(tree, &exceptions.missing));
    faults
}

/// A list of names as TOML, ready to be put among the exceptions.
fn toml_list(names: &[String]) -> String {
    let mut text = String::from("[\n");
    for name in names {
        writeln!(text, "    \"{name}\",").expect("writing to a String cannot fail");
    }
    text + "]"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One fault of each kind in a tree, and nothing else.
    #[test]
    fn each_guard_speaks_in_a_tree_that_breaks_its_rule() {
        let tree = Tree::made_up(&[
            ("a/Cargo.toml", "[package]\nname = \"a\""),
            ("a/src/lib.rs", "mod one; mod two; mod three;"),
            ("a/src/one.rs", "use crate::two::Two; pub struct One(Two); impl One {}"),
            ("a/src/two.rs", "use crate::one::One; pub struct Two(Box<One>); impl One {}"),
            ("a/src/three.rs", "impl crate::one::One {}"),
            ("README.md", "See `a/src/four.rs`."),
        ]);
        let faults = faults_of(&tree);
        assert_eq!(faults.len(), 3, "{faults:#?}");
        assert!(faults[0].starts_with("a: the imports of 2 files go round"), "{}", faults[0]);
        assert!(faults[1].starts_with("a::one::One has impl blocks in 3 files"), "{}", faults[1]);
        assert!(faults[2].starts_with("README.md:1 names a/src/four.rs"), "{}", faults[2]);
    }

    #[test]
    fn exceptions_let_through_what_they_name() {
        let exceptions = r#"
            [[circle]]
            reason = "the two are one thing"
            files = ["a/src/one.rs", "a/src/two.rs"]

            [[missing]]
            reason = "made by a build"
            document = "README.md"
            name = "a/src/four.rs"
        "#;
        let tree = Tree::made_up(&[
            ("a/Cargo.toml", "[package]\nname = \"a\""),
            ("a/src/lib.rs", "mod one; mod two;"),
            ("a/src/one.rs", "use crate::two::Two; pub struct One(Two);"),
            ("a/src/two.rs", "use crate::one::One; pub struct Two(Box<One>);"),
            ("README.md", "See `a/src/four.rs`."),
            (EXCEPTIONS, exceptions),
        ]);
        assert_eq!(faults_of(&tree), Vec::<String>::new());
    }

    #[test]
    fn exceptions_that_cannot_be_read_are_a_fault() {
        let tree = Tree::made_up(&[(EXCEPTIONS, "[[circle]]\nfiles = []\n")]);
        let faults = faults_of(&tree);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("reason"), "{}", faults[0]);
    }
}
