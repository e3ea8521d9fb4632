//! One type's inherent `impl` blocks stand in two files at most.
//!
//! A type whose methods are spread over many files has no owner of its state. Traits' `impl` blocks do not count, nor do
//! those that only tests see; `impl Segment<Active>` and `impl Segment<Sealed>` are of one type.

use std::collections::{BTreeMap, BTreeSet};

use super::exceptions::Scattered;
use super::modules::{Crate, Target};

/// In more files than these, nobody owns a type.
const MOST_FILES: usize = 2;

/// Types in too many files, and exceptions that say another number than there is.
pub(super) fn faults(crates: &[Crate], allowed: &[Scattered]) -> Vec<String> {
    let mut files: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for krate in crates {
        for (id, module) in krate.modules.iter().enumerate() {
            for block in &module.facts.impls {
                if let Some(Target::Item(home, name)) = krate.resolve(id, &block.path) {
                    files.entry(krate.full_name(home, &name)).or_default().insert(&module.file);
                }
            }
        }
    }
    let exception = |name: &str| allowed.iter().find(|it| it.type_name == name).map(|it| it.files);
    let too_many = files.iter().filter(|(_, files)| files.len() > MOST_FILES);
    let too_many = too_many.filter(|(name, files)| exception(name) != Some(files.len()));
    let mut faults: Vec<String> = too_many.map(|(name, files)| describe(name, files)).collect();
    let needed = |it: &&Scattered| files.get(&it.type_name).is_some_and(|files| files.len() > MOST_FILES);
    let unneeded = allowed.iter().filter(|it| !needed(it));
    faults.extend(unneeded.map(|it| {
        format!(
            "{} has impl blocks in no more than {MOST_FILES} files: take the exception away",
            it.type_name
        )
    }));
    faults
}

fn describe(name: &str, files: &BTreeSet<&str>) -> String {
    let list: Vec<&str> = files.iter().copied().collect();
    format!(
        "{name} has impl blocks in {} files (at most {MOST_FILES}, or what an exception says exactly):\n  {}",
        list.len(),
        list.join("\n  ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::crates::load_all;
    use super::super::exceptions::Exceptions;
    use super::super::tree::Tree;
    use super::faults;

    const TREE: [(&str, &str); 5] = [
        ("a/Cargo.toml", "[package]\nname = \"a\""),
        ("a/src/lib.rs", "mod own; mod b; mod c;"),
        ("a/src/own.rs", "pub struct Own<T>(T); impl<T> Own<T> {}"),
        ("a/src/b.rs", "use crate::own::Own as Renamed; impl Renamed<u8> {} impl Clone for Renamed<u8> {}"),
        ("a/src/c.rs", "struct Own; impl Own {} impl super::own::Own<u16> {}"),
    ];

    fn found(files: &[(&str, &str)], exceptions: &str) -> Vec<String> {
        let allowed = Exceptions::read(exceptions).unwrap().scattered;
        faults(&load_all(&Tree::made_up(files)).0, &allowed)
    }

    #[test]
    fn a_type_in_three_files_is_a_fault_and_one_of_the_same_name_is_another() {
        let faults = found(&TREE, "");
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("a::own::Own has impl blocks in 3 files"), "{}", faults[0]);
    }

    #[test]
    fn a_type_in_two_files_is_none() {
        assert_eq!(found(&TREE[..4], ""), Vec::<String>::new());
    }

    #[test]
    fn an_exception_says_how_many_exactly() {
        let exception = |files: usize| {
            format!("[[scattered]]\ntype = \"a::own::Own\"\nfiles = {files}\nreason = \"why\"")
        };
        assert_eq!(found(&TREE, &exception(3)), Vec::<String>::new());
        assert_eq!(found(&TREE, &exception(4)).len(), 1);
        assert_eq!(found(&TREE, &exception(2)).len(), 1);
        assert!(found(&TREE[..4], &exception(3))[0].contains("take the exception away"));
    }
}
