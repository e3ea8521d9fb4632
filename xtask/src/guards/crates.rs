//! The crates of a tree, found by their `Cargo.toml`, and their modules read into one value each.

use serde::Deserialize;

use super::modules::Crate;
use super::tree::{Tree, folder_of, join};

/// As much of a `Cargo.toml` as says where a crate begins.
#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    lib: Option<Target>,
    #[serde(default)]
    bin: Vec<Target>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
struct Target {
    path: Option<String>,
}

/// Every library and every program, tests and benches apart; and what could not be read.
pub(super) fn load_all(tree: &Tree) -> (Vec<Crate>, Vec<String>) {
    let mut crates = Vec::new();
    let mut faults = Vec::new();
    for (file, text) in tree.texts("Cargo.toml") {
        let manifest: Manifest = match toml::from_str(text) {
            Ok(manifest) => manifest,
            Err(error) => {
                faults.push(format!("{file}: {error}"));
                continue;
            }
        };
        let Some(package) = &manifest.package else { continue };
        for root in roots(tree, folder_of(file), &manifest) {
            match Crate::load(tree, &package.name, &root) {
                Ok(read) => crates.push(read),
                Err(fault) => faults.push(fault),
            }
        }
    }
    (crates, faults)
}

/// The first files of a package's crates.
fn roots(tree: &Tree, folder: &str, manifest: &Manifest) -> Vec<String> {
    let targets = manifest.lib.iter().chain(&manifest.bin);
    let named = targets.filter_map(|target| target.path.clone());
    let usual = ["src/lib.rs", "src/main.rs"].map(str::to_owned);
    let mut roots: Vec<String> = named.chain(usual).filter_map(|path| join(folder, &path)).collect();
    let programs = join(folder, "src/bin").unwrap_or_default() + "/";
    roots.extend(tree.texts(".rs").filter_map(|(name, _)| {
        let rest = name.strip_prefix(&programs)?;
        (!rest.contains('/') || rest.ends_with("/main.rs") && rest.matches('/').count() == 1)
            .then(|| name.to_owned())
    }));
    roots.retain(|root| tree.has_file(root));
    roots.sort();
    roots.dedup();
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_a_library_and_programs() {
        let tree = Tree::made_up(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]"),
            ("a/Cargo.toml", "[package]\nname = \"a\"\n[[bin]]\nname = \"x\"\npath = \"x/start.rs\""),
            ("a/src/lib.rs", ""),
            ("a/src/bin/one.rs", ""),
            ("a/src/bin/two/main.rs", ""),
            ("a/src/bin/two/more.rs", ""),
            ("a/x/start.rs", ""),
            ("a/tests/story.rs", ""),
        ]);
        let manifest = toml::from_str(tree.text("a/Cargo.toml").unwrap()).unwrap();
        let wanted = ["a/src/bin/one.rs", "a/src/bin/two/main.rs", "a/src/lib.rs", "a/x/start.rs"];
        assert_eq!(roots(&tree, "a", &manifest), wanted);
        assert_eq!(load_all(&tree).0.len(), 4);
    }

    #[test]
    fn what_is_no_rust_is_a_fault() {
        let tree = Tree::made_up(&[("a/Cargo.toml", "[package]\nname = \"a\""), ("a/src/lib.rs", "fn {")]);
        let (crates, faults) = load_all(&tree);
        assert!(crates.is_empty());
        assert!(faults[0].starts_with("a/src/lib.rs:1: "), "{faults:?}");
    }
}
