use super::*;

fn elsewhere(directory: &str) -> JournalsMark {
    JournalsMark::Elsewhere(JournalPlace { directory: directory.into(), id: "puE2J8yPVEhid_WjqCKpwA".into() })
}

/// Numbers that look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn the_mark_comes_and_goes_and_changes_nothing_else() {
    for version in ["0", "1"] {
        let text =
            format!("#a comment\nnode.id=1\nversion={version}\ncluster.id=A\ndirectory.id=D\nother=x\n");
        let inside = JournalsMark::Inside.write(&text);
        let of_version =
            |mark: &str| text.replace(&format!("version={version}"), &format!("version={mark}{version}"));
        assert_eq!(inside, of_version("creel-journals-"));
        let away = elsewhere("/mnt/a b").write(&text);
        let place = "creel.journal.dir=/mnt/a b\ncreel.journal.id=puE2J8yPVEhid_WjqCKpwA\n";
        assert_eq!(away, of_version("creel-journals-elsewhere-") + place);
        let marks = [JournalsMark::Unused, JournalsMark::Inside, elsewhere("/mnt/a b"), elsewhere("/b")];
        for from in &marks {
            for to in &marks {
                let marked = from.write(&text);
                assert_eq!(JournalsMark::read(&marked).as_ref(), Ok(from));
                assert_eq!(to.write(&marked), to.write(&text), "{from:?} to {to:?}");
            }
        }
        assert_eq!(JournalsMark::Unused.write(&text), text);
    }
    assert_eq!(JournalsMark::Inside.write("node.id=1\n"), "node.id=1\nversion=creel-journals-1\n");
}

#[test]
fn a_place_that_is_said_in_part_is_not_taken_for_none() {
    let place = elsewhere("/mnt/journals").write("node.id=1\nversion=1\n");
    let without = |start: &str| {
        place
            .lines()
            .filter(|line| !line.starts_with(start))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    for broken in [
        without("creel.journal.dir"),
        without("creel.journal.id"),
        without("version"),
        place.replace("elsewhere-", ""),
        place.replace("/mnt/journals", ""),
        place.replace("/mnt/journals", "/mnt\\x"),
        place.replace("/mnt/journals", "/mnt\\ud800"),
        place.replace("/mnt/journals", "/mnt\\"),
    ] {
        assert!(JournalsMark::read(&broken).is_err(), "{broken}");
    }
}

#[test]
fn any_path_comes_back() {
    let letters =
        ['a', '/', '\\', ' ', '\n', '\r', '\t', '=', '#', '!', ':', 'u', '0', 'ö', '\u{85}', '\u{2028}', '𝄞'];
    let mut numbers = Numbers(7);
    for _ in 0..20_000 {
        let path: String = (0..numbers.below(12)).map(|_| letters[numbers.below(letters.len())]).collect();
        assert_eq!(unescaped(&escaped(&path)).as_deref(), Some(path.as_str()));
        let mark = elsewhere(&format!("/{path}"));
        assert_eq!(JournalsMark::read(&mark.write("version=1\n")), Ok(mark));
    }
}

#[test]
fn any_text_is_read_or_refused_and_a_mark_fits_onto_it() {
    let whole = elsewhere("/mnt/a\\b").write("#c\ncluster.id=A\ndirectory.id=D\nnode.id=1\nversion=1\n");
    let mut numbers = Numbers(11);
    for _ in 0..20_000 {
        let mut bytes = whole.clone().into_bytes();
        for _ in 0..=numbers.below(4).min(bytes.len() - 1) {
            let at = numbers.below(bytes.len());
            match numbers.below(3) {
                0 => bytes[at] = numbers.below(256) as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(8)),
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let _ = JournalsMark::read(&text);
        let mark = elsewhere("/x");
        assert_eq!(JournalsMark::read(&mark.write(&text)), Ok(mark), "{text:?}");
    }
}
