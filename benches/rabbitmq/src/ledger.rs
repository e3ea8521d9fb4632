//! What was confirmed against what was read: one book for both systems, where loadgen's own judge can't be used because
//! messages come redelivered, from several readers, or after a crash.

use loadgen_result::report::verification::Findings;

const CONFIRMED: u8 = 1;
const SEEN: u8 = 2;

/// One producer's messages.
#[derive(Debug, Default, Clone)]
struct Page {
    marks: Vec<u8>,
    /// Behind the latest one read.
    read_to: usize,
}

impl Page {
    fn mark(&mut self, sequence: u64) -> &mut u8 {
        let at = sequence as usize;
        if self.marks.len() <= at {
            self.marks.resize(at + 1, 0);
        }
        &mut self.marks[at]
    }
}

/// All producers' messages.
#[derive(Debug, Clone)]
pub struct Ledger {
    pages: Vec<Page>,
    findings: Findings,
    once: u64,
}

impl Ledger {
    /// An empty book for producers `0..producers`.
    pub fn new(producers: usize) -> Ledger {
        Ledger { pages: vec![Page::default(); producers], findings: Findings::default(), once: 0 }
    }

    /// The broker has said that it has this one.
    pub fn confirm(&mut self, producer: usize, sequence: u64) {
        if let Some(page) = self.pages.get_mut(producer) {
            *page.mark(sequence) |= CONFIRMED;
        }
    }

    /// It was read, in this order. Returns whether for the first time.
    pub fn see(&mut self, producer: usize, sequence: u64) -> bool {
        let Some(page) = self.pages.get_mut(producer) else {
            self.findings.foreign += 1;
            return false;
        };
        self.findings.records += 1;
        let mark = page.mark(sequence);
        let is_first = *mark & SEEN == 0;
        *mark |= SEEN;
        if is_first {
            self.once += 1;
            self.findings.reordered += u64::from((sequence as usize) < page.read_to);
        } else {
            self.findings.duplicated += 1;
        }
        page.read_to = page.read_to.max(sequence as usize + 1);
        is_first
    }

    /// Different messages read.
    pub fn seen_once(&self) -> u64 {
        self.once
    }

    /// Different messages confirmed.
    pub fn confirmed(&self) -> u64 {
        self.count(|mark| mark & CONFIRMED != 0)
    }

    /// Read though never confirmed: allowed, and worth knowing.
    pub fn seen_unconfirmed(&self) -> u64 {
        self.count(|mark| *mark == SEEN)
    }

    /// The judgement.
    pub fn findings(&self) -> Findings {
        Findings { lost: self.count(|mark| *mark == CONFIRMED), ..self.findings.clone() }
    }

    /// Takes over what `other` knows as confirmed.
    pub fn confirm_all_of(&mut self, other: &Ledger) {
        for (producer, page) in other.pages.iter().enumerate() {
            for (sequence, _) in page.marks.iter().enumerate().filter(|(_, mark)| **mark & CONFIRMED != 0) {
                self.confirm(producer, sequence as u64);
            }
        }
    }

    fn count(&self, is_meant: impl Fn(&u8) -> bool) -> u64 {
        self.pages.iter().flat_map(|page| &page.marks).filter(|mark| is_meant(mark)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_what_was_confirmed_and_never_read() {
        let mut ledger = Ledger::new(2);
        (0..5).for_each(|sequence| ledger.confirm(0, sequence));
        ledger.confirm(1, 7);
        [0, 1, 3, 6].iter().for_each(|sequence| assert!(ledger.see(0, *sequence)));
        let findings = ledger.findings();
        assert_eq!(
            (findings.lost, findings.duplicated, findings.reordered),
            (3, 0, 0),
            "2 and 4, and the other's 7"
        );
        assert_eq!((ledger.confirmed(), ledger.seen_once(), ledger.seen_unconfirmed()), (6, 4, 1));
    }

    #[test]
    fn what_comes_again_is_no_disorder_and_what_comes_late_is() {
        let mut ledger = Ledger::new(1);
        let firsts: Vec<bool> = [0, 3, 1, 3, 2, 4].iter().map(|sequence| ledger.see(0, *sequence)).collect();
        assert_eq!(firsts, [true, true, true, false, true, true]);
        let findings = ledger.findings();
        assert_eq!((findings.duplicated, findings.reordered, findings.records), (1, 2, 6));
        assert!(!ledger.see(9, 0), "no such producer");
        assert_eq!(ledger.findings().foreign, 1);
    }

    #[test]
    fn confirmations_are_taken_over_and_reads_are_not() {
        let (mut one, mut other) = (Ledger::new(1), Ledger::new(1));
        other.confirm(0, 3);
        other.see(0, 0);
        one.confirm_all_of(&other);
        assert_eq!((one.confirmed(), one.seen_once(), one.findings().lost), (1, 0, 1));
    }
}
